// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_unit.hpp"

#include "sim/rtl/rtl_library.hpp"
#include "sim/rtl/rtl_loader.hpp"

namespace sterna::sim {

std::unique_ptr<TmuUnit> open_rtl_unit(const UnitConfig& design, RtlWaves waves) {
  return load_rtl_unit(ensure_rtl_library(design, waves), design);
}

std::unique_ptr<TmuAxiUnit> open_rtl_axi_unit(const HardwareConfig& design, RtlWaves waves) {
  return load_rtl_axi_unit(ensure_rtl_library(design, waves), design);
}

}  // namespace sterna::sim
