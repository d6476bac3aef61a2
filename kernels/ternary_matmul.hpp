// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sterna {

struct TernaryMatmulArgs;

/// One instruction-set variant of the ternary product. All variants return the same bits.
struct TernaryMatmulImpl {
  std::string_view name;  // also what --isa and STERNA_ISA take
  bool (*supported)();    // by the CPU we run on
  void (*run)(const TernaryMatmulArgs& args);
};

/// Every variant compiled in, fastest first. The last, "scalar", runs anywhere and is the
/// specification that the others are tested against.
[[nodiscard]] std::span<const TernaryMatmulImpl> ternary_matmul_impls();

/// The variant called `name`; "auto" is STERNA_ISA if that is set, else the fastest supported one.
/// Errors  std::invalid_argument that lists the names when this build or this CPU lacks it
[[nodiscard]] const TernaryMatmulImpl& ternary_matmul_impl(std::string_view name = "auto");

}  // namespace sterna
