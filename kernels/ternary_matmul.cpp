// SPDX-License-Identifier: Apache-2.0
#include "kernels/ternary_matmul.hpp"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels/ternary_matmul_impl.hpp"

namespace sterna {
namespace {

constexpr std::array kImpls = {
#if defined(__x86_64__)
    TernaryMatmulImpl{"avx512vnni",
                      [] {
                        return __builtin_cpu_supports("avx512vnni") != 0 &&
                               __builtin_cpu_supports("avx512bw") != 0;
                      },
                      ternary_matmul_avx512vnni},
    TernaryMatmulImpl{"avx2", [] { return __builtin_cpu_supports("avx2") != 0; },
                      ternary_matmul_avx2},
#endif
    TernaryMatmulImpl{"scalar", [] { return true; }, ternary_matmul_scalar},
};

const TernaryMatmulImpl& fastest() {
  for (const TernaryMatmulImpl& impl : kImpls) {
    if (impl.supported()) return impl;
  }
  return kImpls.back();
}

}  // namespace

std::span<const TernaryMatmulImpl> ternary_matmul_impls() { return kImpls; }

const TernaryMatmulImpl& ternary_matmul_impl(std::string_view name) {
  if (name == "auto") {
    const char* forced = std::getenv("STERNA_ISA");
    if (forced == nullptr || std::string_view(forced) == "auto") return fastest();
    name = forced;
  }
  std::string message("isa ");
  message.append(name).append(" is not available: choose one of auto");
  for (const TernaryMatmulImpl& impl : kImpls) {
    if (impl.name == name && impl.supported()) return impl;
    message.append(", ").append(impl.name).append(impl.supported() ? "" : " (not on this CPU)");
  }
  throw std::invalid_argument(message);
}

}  // namespace sterna
