// SPDX-License-Identifier: Apache-2.0
#include "model/attention/float_kernels.hpp"

#include <array>
#include <cstdlib>

namespace sterna {
namespace {

constexpr std::array kVariants = {
#if defined(__x86_64__)
    &kFloatAvx512,
    &kFloatAvx2,
#elif defined(__aarch64__)
    &kFloatNeon,
#endif
    &kFloatPortable,
};

const FloatKernels& choose() {
  const char* forced = std::getenv("STERNA_ISA");
  const std::string_view isa = forced == nullptr ? "auto" : forced;
  for (const FloatKernels* variant : kVariants) {
    // The ternary kernels have variants of their own (and refuse a wrong name); here a name only
    // sets the widest vectors to use.
    if (isa == "scalar" && variant != &kFloatPortable) continue;
    if (isa == "avx2" && variant->name == "avx512") continue;
    if (variant->supported()) return *variant;
  }
  return kFloatPortable;
}

}  // namespace

std::span<const FloatKernels* const> float_kernels() { return kVariants; }

const FloatKernels& active_float_kernels() {
  static const FloatKernels& chosen = choose();
  return chosen;
}

}  // namespace sterna
