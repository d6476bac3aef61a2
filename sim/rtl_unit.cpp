// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl_unit.hpp"

#include <stdexcept>

#include <dlfcn.h>
#include <fmt/format.h>

#include "sim/rtl_library.hpp"

namespace sterna::sim {
namespace {

// The library stays loaded: Verilator's runtime has thread-local objects that may outlive the unit.
TmuUnitFactory load_factory(const std::filesystem::path& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library == nullptr ? nullptr : dlsym(library, kTmuUnitFactory);
  if (symbol == nullptr) {
    throw std::runtime_error(fmt::format(
        "{}: cannot be loaded ({}); delete it to have it built again", path.string(), dlerror()));
  }
  return reinterpret_cast<TmuUnitFactory>(symbol);
}

void check_parameters(const std::filesystem::path& path, const TmuUnitParameters& built,
                      const UnitConfig& wanted) {
  const UnitConfig has = {.lanes = built.lanes,
                          .engines = built.engines,
                          .slices = built.slices,
                          .activation_words = built.activation_words,
                          .chunks = built.chunks,
                          .weight_fifo_beats = built.weight_fifo_beats,
                          .result_fifo_beats = built.result_fifo_beats};
  if (has != wanted) {
    throw std::runtime_error(path.string() +
                             ": holds another design than the one it is filed under; "
                             "delete it to have it built again");
  }
}

}  // namespace

std::unique_ptr<TmuUnit> open_rtl_unit(const UnitConfig& design) {
  const std::filesystem::path path = ensure_rtl_library(design);
  std::unique_ptr<TmuUnit> unit(load_factory(path)(kTmuUnitAbi));
  if (!unit) {
    throw std::runtime_error(
        path.string() +
        ": was built for another version of Sterna; delete it to have it built again");
  }
  check_parameters(path, unit->parameters(), design);
  return unit;
}

}  // namespace sterna::sim
