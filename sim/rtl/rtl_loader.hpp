// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "rtl/axi/tmu_axi_unit.hpp"
#include "rtl/tmu_unit.hpp"
#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// The Verilated unit in this library, after reset.
/// Errors  std::runtime_error, one sentence, when it cannot be loaded, or holds another design or version
[[nodiscard]] std::unique_ptr<TmuUnit> load_rtl_unit(const std::filesystem::path& library,
                                                     const UnitConfig& design);

/// The same of the unit on its bus; design.bus is set.
[[nodiscard]] std::unique_ptr<TmuAxiUnit> load_rtl_axi_unit(const std::filesystem::path& library,
                                                            const HardwareConfig& design);

}  // namespace sterna::sim
