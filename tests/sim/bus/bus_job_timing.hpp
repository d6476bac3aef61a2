// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/bus/bus_layout.hpp"
#include "sim/bus/bus_timing.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::sim {

/// What the SystemC model of the unit on its bus takes for legal commands, each with weights of its own: its
/// timing, without the values.
inline std::vector<CommandReport> bus_timing_of(const HardwareConfig& hardware,
                                                const std::vector<TmuCommand>& commands) {
  std::deque<WeightStreams> weights;
  std::deque<std::vector<std::int8_t>> activations;
  std::vector<TmuTask> tasks;
  for (const TmuCommand& command : commands) {
    WeightStreams& streams = weights.emplace_back();
    std::size_t offset = 0;
    for (std::uint32_t e = 0; e <= hardware.unit.engines; ++e) {
      streams.engine_offset.push_back(offset);
      if (e < hardware.unit.engines) {
        offset += std::size_t{engine_rows(hardware.unit, command, e)} * command.beats *
                  hardware.unit.beat_bytes();
      }
    }
    const std::uint64_t bytes = activation_beats(hardware.unit, command) * 16;
    tasks.push_back({.command = command,
                     .weights = &streams,
                     .activations = activations.emplace_back(bytes),
                     .sums = {}});
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
                                   const std::vector<TmuCommand>& commands) {
  return bus_timing_of(hardware, commands).back().done_cycle + 1;
}

}  // namespace sterna::sim
