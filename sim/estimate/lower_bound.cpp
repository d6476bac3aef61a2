// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate/lower_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "sim/bus/bus_layout.hpp"
#include "sim/estimate/bus_steps.hpp"
#include "sim/job/job_plan.hpp"
#include "sim/streams/result_path.hpp"

namespace sterna::sim {
namespace {

// Fixed latencies of docs/tmu.md.
constexpr std::uint64_t kAccept = 1;
constexpr std::uint64_t kDrain = 5;  // leaf, root, accumulate, hand over, credit back
constexpr std::uint64_t kRespond = 1;

std::uint64_t whole(double cycles) { return static_cast<std::uint64_t>(cycles); }

struct CommandWork {
  std::uint64_t chunks;
  std::uint64_t load_beats;
  std::uint64_t slots;
  std::uint64_t busiest_weight_beats;  // of engine 0, which has a row in every group
  std::uint64_t gather_cycles = 0;     // by columns: from the last beat to the last slot
};

// By columns the activations are not loaded first.
CommandWork work_of(const UnitConfig& unit, const TmuCommand& command, std::uint32_t columns) {
  const CommandShape shape = shape_of(unit, command);
  if (command.columns != 0) {
    const std::uint64_t beats = std::uint64_t{columns} * command.beats;
    return {.chunks = 1,
            .load_beats = 0,
            .slots = beats,
            .busiest_weight_beats = beats,
            .gather_cycles =
                shape.groups + whole(credit_stall(unit.result_fifo_beats, shape.groups, 1))};
  }
  const std::uint64_t row_beats = std::uint64_t{shape.groups} * command.beats;
  return {.chunks = shape.chunks,
          .load_beats = activation_beats(unit, command),
          .slots = row_beats * shape.chunks,
          .busiest_weight_beats = row_beats};
}

/// Cycles that a command takes of the unit when it waits for nothing.
std::uint64_t unit_cycles(const CommandWork& work) {
  return kAccept + work.load_beats + work.slots + kDrain + kRespond;
}

/// The commands of a job, as lower_bound() gets them.
struct Job {
  std::span<const TmuCommand> commands;
  const Repeat& repeat;
  std::span<const std::uint32_t> nonzero_columns;

  [[nodiscard]] std::uint32_t columns(std::size_t command) const {
    return commands[command].columns == 0 ? 0 : nonzero_columns[command];
  }
};

MovedBytes compulsory_bytes(const HardwareConfig& hardware, const Job& job) {
  const UnitConfig& unit = hardware.unit;
  MovedBytes bytes{};
  for (std::size_t i = 0; i < job.commands.size(); ++i) {
    const TmuCommand& command = job.commands[i];
    const std::uint64_t vectors =
        command.columns == 0 ? command.rows : std::uint64_t{job.columns(i)} * unit.engines;
    MovedBytes moved = {
        .weights = vectors * command.beats * unit.beat_bytes(),
        .activations = activation_beats(unit, command) * kActivationBeatBytes,
        .results = std::uint64_t{command.rows} * command.tokens * StreamMemory::kSumBytes};
    if (hardware.bus) {
      moved.results = result_bytes(unit, command);
      moved.descriptors = kDescriptorBytes;
      moved.records = kRecordBytes;
    }
    bytes += moved * job.repeat.times(i);
  }
  return bytes;
}

/// Cycles in which the DRAM moves `bytes` at its peak, but for an access of each channel: the first lies within
/// the latency of an answer, the last of a write after its column command.
double at_peak(const HardwareConfig& hardware, double bytes) {
  const DramConfig& dram = hardware.bus->dram;
  const double first =
      dram.kind == DramKind::Banks ? double{1} * dram.channels * dram.part.access_bytes() : 0.0;
  return std::max(0.0, bytes - first) / dram.peak_gb_s() * hardware.clock_mhz / 1000;
}

/// What has been accepted from the writer and not reached its row when a job ends: the queues of all channels,
/// overfilled by a burst each; a pipe without banks takes everything at once.
double posted_writes(const BusConfig& bus) {
  if (bus.dram.kind != DramKind::Banks) return std::numeric_limits<double>::infinity();
  const double queue = double{1} * bus.dram.queue_depth * bus.dram.part.access_bytes();
  return bus.dram.channels * (queue + double{1} * bus.burst_beats * bus.word_bytes());
}

/// What happens in a command that waits for nothing but, by columns, its first weights.
struct Course {
  double first_result;
  double respond;
};

/// By columns: the scan takes a beat of activations or offers a column in a cycle; five cycles and an answer
/// after one is offered comes its first slot; after the last slot, and the scan, a cycle, then a slot a
/// row group.
Course undisturbed(const HardwareConfig& hardware, const TmuCommand& command, std::uint32_t columns,
                   const BusSteps::Start& start, double read_latency) {
  constexpr double kOfferToSlot = 5;
  const CommandWork work = work_of(hardware.unit, command, columns);
  if (command.columns == 0) {
    const auto first_row = static_cast<double>((command.beats - 1) * work.chunks);
    return {start.work + static_cast<double>(work.load_beats) + first_row + kIssueToResult,
            start.work - 2 + static_cast<double>(unit_cycles(work))};
  }
  double end = start.work + static_cast<double>(activation_beats(hardware.unit, command) + columns);
  if (columns != 0) {
    const std::uint64_t scanned = columns + (columns - 1) / kActivationBeatBytes;
    end = std::max(
        {end, start.work + 1 + kOfferToSlot + read_latency + static_cast<double>(work.slots),
         start.work + static_cast<double>(scanned) + kOfferToSlot + read_latency + command.beats});
  }
  return {end + 1 + kIssueToResult,
          end + static_cast<double>(work.gather_cycles) + kDrain + kRespond};
}

/// A job on a bus. Its done cycle is at least
/// - by the steps of docs/axi.md around commands that wait for nothing once they have begun (BusSteps,
///   undisturbed());
/// - by the weights: the first address, an answer, a beat a cycle for the busiest master; two cycles after the
///   last beat comes the first slot that uses it, one a chunk, by columns then one a row group; six after the
///   last slot the response;
/// - by the activations: likewise, and at least one slot;
/// - by the DRAM: from the first weight address all reads at its peak, then at least one slot; and all that is
///   moved but for the posted writes.
/// After the last response comes what BusSteps says.
std::uint64_t bus_cycles(const HardwareConfig& hardware, const Job& job, const MovedBytes& bytes) {
  constexpr double kSlotToRespond = 6;
  BusSteps steps(hardware);
  double respond = 0;
  double before_repeat = 0;
  double repeated = 0;  // cycles
  double weight_beats = 0;
  const Repeat& repeat = job.repeat;
  CommandWork work{};
  for (std::size_t i = 0; i < job.commands.size(); ++i) {
    const TmuCommand& command = job.commands[i];
    if (i == repeat.first) before_repeat = respond;
    work = work_of(hardware.unit, command, job.columns(i));
    const BusSteps::Start start = steps.begin(command);
    const Course course =
        undisturbed(hardware, command, job.columns(i), start, steps.read_latency());
    respond = course.respond;
    steps.end(command, course.first_result, respond);
    weight_beats += static_cast<double>(work.busiest_weight_beats * repeat.times(i));
    if (i + 1 == repeat.last) {
      repeated = (respond - before_repeat) * static_cast<double>(repeat.more);
    }
  }
  const double after_response = steps.done() - respond;
  const double first_beat = steps.first_weight_address() + steps.read_latency();
  const double engines = hardware.unit.engines;
  const double activation_beats = static_cast<double>(bytes.activations) / kActivationBeatBytes;
  const auto reads = static_cast<double>(bytes.weights + bytes.activations);
  const auto writes = static_cast<double>(bytes.results + bytes.records);
  const double slot_to_respond = kSlotToRespond + static_cast<double>(work.gather_cycles);
  const auto last_chunks = static_cast<double>(work.chunks);
  const double last_response =
      std::max({first_beat + weight_beats - 1 + 2 + last_chunks - 1 + slot_to_respond,
                first_beat + engines + activation_beats - 1 + 2 + slot_to_respond,
                first_beat + std::floor(at_peak(hardware, reads)) - 1 + 2 + slot_to_respond});
  const double moved = reads + std::max(0.0, writes - posted_writes(*hardware.bus));
  return 1 + whole(std::max({steps.done() + repeated, last_response + after_response,
                             steps.first_weight_address() + at_peak(hardware, moved)}));
}

}  // namespace

LowerBound lower_bound(const HardwareConfig& hardware, std::span<const TmuCommand> commands,
                       const Repeat& repeat, std::span<const std::uint32_t> nonzero_columns) {
  if (commands.empty()) return {.cycles = 0, .bytes = {}};
  const UnitConfig& unit = hardware.unit;
  const MemoryConfig& memory = hardware.memory;
  const Job job = {.commands = commands, .repeat = repeat, .nonzero_columns = nonzero_columns};
  LowerBound bound = {.cycles = 0, .bytes = compulsory_bytes(hardware, job)};
  if (hardware.bus) {
    bound.cycles = bus_cycles(hardware, job, bound.bytes);
    return bound;
  }
  std::uint64_t busiest_weight_beats = 0;
  std::uint64_t by_unit = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const CommandWork work = work_of(unit, commands[i], 0);
    by_unit += unit_cycles(work) * repeat.times(i);
    busiest_weight_beats += work.busiest_weight_beats * repeat.times(i);
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
  const std::uint64_t after_weights =
      1 + shape_of(unit, commands.back()).chunks + kDrain + kRespond;
  const std::uint64_t after_activations = 1 + 1 + kDrain + kRespond;
  bound.cycles = std::max({by_unit, whole(latency + weights) + after_weights,
                           whole(latency + activations) + after_activations, whole(results)});
  return bound;
}

void check_against_lower_bound(const HardwareConfig& hardware, std::span<const TmuTask> tasks,
                               std::span<const CommandReport> reports, const MovedBytes& moved) {
  const auto require = [](bool ok, const std::string& broken) {
    if (!ok) throw std::logic_error("broken model of the unit: " + broken);
  };
  std::vector<TmuCommand> done;
  std::vector<std::uint32_t> columns;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const TmuCounters& c = reports[i].counters;
    if (reports[i].status == TmuStatus::Done) {
      done.push_back(tasks[i].command);
      columns.push_back(done.back().columns != 0 ? nonzero_columns(tasks[i]) : 0);
    }
    const std::uint64_t states = c.load_cycles + c.activation_stall_cycles + c.issue_cycles +
                                 c.weight_stall_cycles + c.result_stall_cycles + c.drain_cycles +
                                 c.respond_cycles;
    require(reports[i].respond_cycle == reports[i].accept_cycle + states,
            fmt::format("the states of command {} add up to {} cycles, it took {}", i, states,
                        reports[i].respond_cycle - reports[i].accept_cycle));
  }
  const LowerBound bound = lower_bound(hardware, done, {}, columns);
  const std::uint64_t cycles = reports.empty() ? 0 : reports.back().done_cycle + 1;
  require(cycles >= bound.cycles,
          fmt::format("a job took {} cycles, its lower bound is {}", cycles, bound.cycles));
  require(moved == bound.bytes, "bytes moved are not the compulsory ones");
}

}  // namespace sterna::sim
