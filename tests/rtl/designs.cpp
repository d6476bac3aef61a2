// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/designs.hpp"

#include <stdexcept>

#include <dlfcn.h>

#include "sim/rtl_library.hpp"

namespace sterna {

std::unique_ptr<TmuUnit> make_unit(const sim::UnitConfig& design) {
  const std::string path = sim::ensure_rtl_library(design).string();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto create = reinterpret_cast<TmuUnitFactory>(dlsym(library, kTmuUnitFactory));
  if (create == nullptr) throw std::runtime_error(path + ": has no " + kTmuUnitFactory);
  std::unique_ptr<TmuUnit> unit(create(kTmuUnitAbi));
  if (!unit) throw std::runtime_error(path + ": built for another TmuUnit");
  return unit;
}

}  // namespace sterna
