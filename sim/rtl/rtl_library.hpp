// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// Whether a library can write waves (start_trace()), for which it is slower even when it does not.
enum class RtlWaves : std::uint8_t { Without, With };

/// Path of the shared library of the Verilated unit of this design (rtl/tmu_unit.hpp says what is
/// in it), built if the cache does not hold it.
///
/// The cache is STERNA_RTL_CACHE, or the folder chosen when Sterna was built. An entry is named by
/// a hash of everything the library depends on: sizes, waves, the contents of rtl/, Verilator's version.
/// STERNA_RTL_BUILD in the environment: `checked` (default) has the assertions in, and a broken protocol has
/// a name; `fast` is without, for this processor, arranged by a record of a short job: built in twice the time,
/// runs at 3 times the speed. With waves there is no fast one.
/// Two processes may ask at once: one builds, the other waits for it.
/// Errors  std::runtime_error, one sentence, when verilator or the RTL sources are missing or the build
///         fails (it then names the log)
[[nodiscard]] std::filesystem::path ensure_rtl_library(const UnitConfig& unit,
                                                       RtlWaves waves = RtlWaves::Without);

/// The same of what the design has: the unit on its bus (rtl/axi/tmu_axi_unit.hpp) where it has one, else
/// the bare unit.
/// Errors  also those of hardware.validate()
[[nodiscard]] std::filesystem::path ensure_rtl_library(const HardwareConfig& hardware,
                                                       RtlWaves waves = RtlWaves::Without);

}  // namespace sterna::sim
