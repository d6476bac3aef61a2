// SPDX-License-Identifier: Apache-2.0
#include "sim/lower_bound.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "sim/job_plan.hpp"

namespace sterna::sim {
namespace {

// Fixed latencies of docs/tmu.md.
constexpr std::uint64_t kAccept = 1;
constexpr std::uint64_t kDrain = 5;  // leaf, root, accumulate, hand over, credit back
constexpr std::uint64_t kRespond = 1;

struct CommandWork {
  std::uint64_t chunks;
  std::uint64_t load_beats;
  std::uint64_t slots;
  std::uint64_t busiest_weight_beats;  // of engine 0, which has a row in every group
};

CommandWork work_of(const UnitConfig& unit, const TmuCommand& command) {
  const CommandShape shape = shape_of(unit, command);
  const std::uint64_t row_beats = std::uint64_t{shape.groups} * command.beats;
  return {.chunks = shape.chunks,
          .load_beats = activation_beats(unit, command),
          .slots = row_beats * shape.chunks,
          .busiest_weight_beats = row_beats};
}

std::uint64_t whole(double cycles) { return static_cast<std::uint64_t>(cycles); }

}  // namespace

LowerBound lower_bound(const HardwareConfig& hardware, std::span<const TmuCommand> commands) {
  if (commands.empty()) return {.cycles = 0, .bytes = {}};
  const UnitConfig& unit = hardware.unit;
  const MemoryConfig& memory = hardware.memory;
  LowerBound bound = {.cycles = 0, .bytes = {}};
  std::uint64_t busiest_weight_beats = 0;
  std::uint64_t unit_cycles = 0;
  for (const TmuCommand& command : commands) {
    const CommandWork work = work_of(unit, command);
    unit_cycles += kAccept + work.load_beats + work.slots + kDrain + kRespond;
    busiest_weight_beats += work.busiest_weight_beats;
    bound.bytes.weights += std::uint64_t{command.rows} * command.beats * unit.beat_bytes();
    bound.bytes.activations += work.load_beats * StreamMemory::kActivationBeatBytes;
    bound.bytes.results += std::uint64_t{command.rows} * command.tokens * StreamMemory::kSumBytes;
  }

  const double cycles_per_ns = hardware.clock_mhz / 1000;
  const double latency = memory.latency_ns * cycles_per_ns;
  const double weight_bytes_per_ns = memory.weight_gb_s / unit.engines;
  const double weights = static_cast<double>(busiest_weight_beats * unit.beat_bytes()) /
                         weight_bytes_per_ns * cycles_per_ns;
  const double activations =
      static_cast<double>(bound.bytes.activations) / memory.activation_gb_s * cycles_per_ns;
  const std::uint64_t last_result =
      std::uint64_t{unit.engines} * unit.slices * StreamMemory::kSumBytes;
  const std::uint64_t early_results =
      bound.bytes.results - std::min(bound.bytes.results, last_result);
  const double results = static_cast<double>(early_results) / memory.result_gb_s * cycles_per_ns;

  // After the cycle that takes the last beat of a stream comes a slot at the earliest, one a chunk if it
  // was a weight beat.
  const std::uint64_t after_weights = 1 + work_of(unit, commands.back()).chunks + kDrain + kRespond;
  const std::uint64_t after_activations = 1 + 1 + kDrain + kRespond;
  bound.cycles = std::max({unit_cycles, whole(latency + weights) + after_weights,
                           whole(latency + activations) + after_activations, whole(results)});
  return bound;
}

void check_against_lower_bound(const HardwareConfig& hardware, std::span<const TmuTask> tasks,
                               std::span<const CommandReport> reports, const MovedBytes& moved) {
  const auto require = [](bool ok, const std::string& broken) {
    if (!ok) throw std::logic_error("broken model of the unit: " + broken);
  };
  std::vector<TmuCommand> done;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const TmuCounters& c = reports[i].counters;
    if (reports[i].status == TmuStatus::Done) done.push_back(tasks[i].command);
    const std::uint64_t states = c.load_cycles + c.activation_stall_cycles + c.issue_cycles +
                                 c.weight_stall_cycles + c.result_stall_cycles + c.drain_cycles +
                                 c.respond_cycles;
    require(reports[i].respond_cycle == reports[i].accept_cycle + states,
            fmt::format("the states of command {} add up to {} cycles, it took {}", i, states,
                        reports[i].respond_cycle - reports[i].accept_cycle));
  }
  const LowerBound bound = lower_bound(hardware, done);
  const std::uint64_t cycles = reports.empty() ? 0 : reports.back().done_cycle + 1;
  require(cycles >= bound.cycles,
          fmt::format("a job took {} cycles, its lower bound is {}", cycles, bound.cycles));
  require(moved == bound.bytes, "bytes moved are not the compulsory ones");
}

}  // namespace sterna::sim
