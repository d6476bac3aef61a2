// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// Runs a short job, decode and prefill with waits for weights, on the unit of this design in a library built
/// to record what its code does (rtl/build_library.sh --record); the record is written when it returns.
/// Errors  std::runtime_error when the library cannot be loaded or computes wrong sums
void train_rtl_library(const std::filesystem::path& library, const HardwareConfig& hardware);

}  // namespace sterna::sim
