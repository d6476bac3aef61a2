// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "sim/bus/bus_layout.hpp"
#include "sim/bus/bus_timing.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::sim {

/// What the SystemC model of the unit on its bus takes for legal commands, each with weights of its own: its
/// timing, without the values. `nonzero_columns` (commands,): of those by columns, drawn among all.
inline std::vector<CommandReport> bus_timing_of(
    const HardwareConfig& hardware, const std::vector<TmuCommand>& commands,
    const std::vector<std::uint32_t>& nonzero_columns = {}) {
  std::mt19937 random(1);
  std::deque<WeightStreams> weights;
  std::deque<std::vector<std::int8_t>> activations;
  std::vector<TmuTask> tasks;
  for (const TmuCommand& command : commands) {
    WeightStreams& streams = weights.emplace_back();
    std::size_t offset = 0;
    for (std::uint32_t e = 0; e <= hardware.unit.engines; ++e) {
      streams.engine_offset.push_back(offset);
      if (e < hardware.unit.engines) {
        const std::uint32_t vectors =
            command.columns != 0 ? command.columns : engine_rows(hardware.unit, command, e);
        offset += std::size_t{vectors} * command.beats * hardware.unit.beat_bytes();
      }
    }
    const std::uint64_t bytes = activation_beats(hardware.unit, command) * 16;
    std::vector<std::int8_t>& x = activations.emplace_back(bytes);
    if (command.columns != 0) {
      const auto columns = x.begin() + command.columns;
      std::fill_n(x.begin(), nonzero_columns[tasks.size()], std::int8_t{1});
      std::shuffle(x.begin(), columns, random);
    }
    tasks.push_back({.command = command, .weights = &streams, .activations = x, .sums = {}});
  }
  const BusLayout layout = lay_out_job(hardware, tasks);
  BusTiming timing(hardware);
  timing.start(layout, tasks);
  while (timing.step()) {
  }
  return timing.reports();
}

/// Cycles of the job.
inline std::uint64_t bus_cycles_of(const HardwareConfig& hardware,
                                   const std::vector<TmuCommand>& commands,
                                   const std::vector<std::uint32_t>& nonzero_columns = {}) {
  return bus_timing_of(hardware, commands, nonzero_columns).back().done_cycle + 1;
}

}  // namespace sterna::sim
