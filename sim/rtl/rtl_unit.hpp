// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "rtl/axi/tmu_axi_unit.hpp"
#include "rtl/tmu_unit.hpp"
#include "sim/config/hardware.hpp"
#include "sim/rtl/rtl_library.hpp"

namespace sterna::sim {

/// The Verilated unit of this design after reset, from its library (built if the cache does not
/// hold it).
/// Errors  std::runtime_error, one sentence, when the library cannot be built or loaded, or holds
///         another design or version
[[nodiscard]] std::unique_ptr<TmuUnit> open_rtl_unit(const UnitConfig& design,
                                                     RtlWaves waves = RtlWaves::Without);

/// The same of the unit on its bus; design.bus is set.
/// Errors  also those of design.validate()
[[nodiscard]] std::unique_ptr<TmuAxiUnit> open_rtl_axi_unit(const HardwareConfig& design,
                                                            RtlWaves waves = RtlWaves::Without);

}  // namespace sterna::sim
