// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace sterna {

struct PanelProduct;

/// The integer products of one instruction set. All variants return the same bits.
struct PanelKernels {
  std::string_view name;                         // also what --isa and STERNA_ISA take
  bool (*supported)();                           // by the CPU we run on
  void (*ternary)(const PanelProduct& product);  // weights as packed_ternary.hpp lays them out
  void (*int8)(const PanelProduct& product);     // weights as packed_int8.hpp lays them out
  void (*int6)(const PanelProduct& product);     // the upper plane of two_plane_int8.hpp
};

/// Every variant compiled in, fastest first. The last, "scalar", runs anywhere and is the
/// specification that the others are tested against.
[[nodiscard]] std::span<const PanelKernels> all_panel_kernels();

/// The variant called `name`; "auto" is STERNA_ISA if that is set, else the fastest supported one.
/// Errors  std::invalid_argument that lists the names when this build or this CPU lacks it
[[nodiscard]] const PanelKernels& panel_kernels(std::string_view name = "auto");

}  // namespace sterna
