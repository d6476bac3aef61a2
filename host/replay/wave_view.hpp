// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "host/device_backend.hpp"
#include "host/replay/replay_window.hpp"
#include "sim/config/hardware.hpp"

namespace sterna::host {

/// What a viewer is told about the waves of a job.
struct WaveView {
  std::filesystem::path waves;      // where they will lie, absolute
  std::filesystem::path save_file;  // where the text will lie, absolute
  std::vector<std::string> title;   // short lines
  IndexRange cycles;                // that are drawn
  std::span<const CommandRecord> records;
};

/// A save file of GTKWave: the signals of the unit (and of its bus, where the design has one) in groups in
/// the order of the data's way, zoomed to all cycles, with a marker A, B, ... where a command is accepted.
///
/// Layout  GTKWave 3.3, "write save file"; names as Verilator gives them with this repository's RTL
/// Trust   tests/host/test_cli_replay.py finds every name in the wave, for the bare unit and on a bus
[[nodiscard]] std::string gtkwave_save_file(const WaveView& view,
                                            const sim::HardwareConfig& hardware);

}  // namespace sterna::host
