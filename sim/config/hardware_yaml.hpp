// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// Reads a design (configs/*.yaml, docs/hardware.md): the bare unit with its `memory`, or the unit on a `bus`
/// with its `dram`. Every key is required, but for the controller's, which default_dram() gives.
///
/// Errors  std::runtime_error when the file cannot be read; std::invalid_argument, one sentence with file,
///         line, key, value and the fix, for anything wrong in it
[[nodiscard]] HardwareConfig load_hardware(const std::filesystem::path& file);

}  // namespace sterna::sim
