// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/job/job_plan.hpp"
#include "sim/streams/tmu_timing.hpp"

namespace sterna::sim {

/// A job's cycles, and the counters of all its commands.
struct Timed {
  std::uint64_t cycles;
  TmuCounters counters;
};

/// What the SystemC model would take for legal commands: its timing, without the values.
inline Timed timing_of(const HardwareConfig& hardware, const std::vector<TmuCommand>& commands) {
  std::vector<std::uint64_t> weight_beats(hardware.unit.engines);
  std::uint64_t loaded_beats = 0;
  for (const TmuCommand& command : commands) {
    for (std::uint32_t e = 0; e < hardware.unit.engines; ++e) {
      weight_beats[e] += std::uint64_t{engine_rows(hardware.unit, command, e)} * command.beats;
    }
    loaded_beats += activation_beats(hardware.unit, command);
  }
  StreamMemory memory(hardware);
  memory.start(weight_beats, loaded_beats);
  TmuTiming timing(hardware.unit, memory);
  timing.start();
  Timed timed{};
  for (const TmuCommand& command : commands) {
    timing.accept();
    if (!command.keep_activations) timing.load(command);
    for (std::uint32_t g = 0; g < shape_of(hardware.unit, command).groups; ++g) {
      timing.compute_group(command, g);
    }
    timing.drain();
    timing.respond();
    timed.counters += timing.counters();
  }
  timed.cycles = timing.cycle();
  return timed;
}

}  // namespace sterna::sim
