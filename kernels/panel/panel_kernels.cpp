// SPDX-License-Identifier: Apache-2.0
#include "kernels/panel/panel_kernels.hpp"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "kernels/panel/panel_kernels_impl.hpp"

namespace sterna {
namespace {

#if defined(__aarch64__)
// Every Apple core that runs 64-bit macOS has it.
bool has_dot_product() {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
  return true;
#endif
}
#endif

constexpr std::array kVariants = {
#if defined(__x86_64__)
    PanelKernels{.name = "avx512vnni",
                 .supported =
                     [] {
                       return __builtin_cpu_supports("avx512vnni") != 0 &&
                              __builtin_cpu_supports("avx512bw") != 0;
                     },
                 .ternary = ternary_panels_avx512vnni,
                 .int8 = int8_panels_avx512vnni,
                 .int6 = int6_panels_avx512vnni},
    PanelKernels{.name = "avx2",
                 .supported = [] { return __builtin_cpu_supports("avx2") != 0; },
                 .ternary = ternary_panels_avx2,
                 .int8 = int8_panels_avx2,
                 .int6 = int6_panels_avx2},
#elif defined(__aarch64__)
    PanelKernels{.name = "neon",
                 .supported = has_dot_product,
                 .ternary = ternary_panels_neon,
                 .int8 = int8_panels_neon,
                 .int6 = int6_panels_neon},
#endif
    PanelKernels{.name = "scalar",
                 .supported = [] { return true; },
                 .ternary = ternary_panels_scalar,
                 .int8 = int8_panels_scalar,
                 .int6 = int6_panels_scalar},
};

const PanelKernels& fastest() {
  for (const PanelKernels& variant : kVariants) {
    if (variant.supported()) return variant;
  }
  return kVariants.back();
}

}  // namespace

std::span<const PanelKernels> all_panel_kernels() { return kVariants; }

const PanelKernels& panel_kernels(std::string_view name) {
  if (name == "auto") {
    const char* forced = std::getenv("STERNA_ISA");
    if (forced == nullptr || std::string_view(forced) == "auto") return fastest();
    name = forced;
  }
  std::string message("isa ");
  message.append(name).append(" is not available: choose one of auto");
  for (const PanelKernels& variant : kVariants) {
    if (variant.name == name && variant.supported()) return variant;
    message.append(", ")
        .append(variant.name)
        .append(variant.supported() ? "" : " (not on this CPU)");
  }
  throw std::invalid_argument(message);
}

}  // namespace sterna
