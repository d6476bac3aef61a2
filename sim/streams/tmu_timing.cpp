// SPDX-License-Identifier: Apache-2.0
#include "sim/streams/tmu_timing.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "sim/streams/result_path.hpp"

namespace sterna::sim {

TmuTiming::TmuTiming(const UnitConfig& unit, StreamMemory& memory)
    : unit_(unit), memory_(memory), fifos_(unit.engines), credit_from_(unit.result_fifo_beats) {
  for (std::size_t e = 0; e < fifos_.size(); ++e) {
    fifos_[e].port = &memory.weights[e];
    fifos_[e].free_from.resize(unit.weight_fifo_beats);
  }
}

void TmuTiming::start() {
  for (WeightFifo& fifo : fifos_) {
    std::fill(fifo.free_from.begin(), fifo.free_from.end(), 0);
    fifo.slot = 0;
  }
  leaders_.assign(memory_.weight_ports_alike ? 1 : fifos_.size(), 0);
  std::iota(leaders_.begin(), leaders_.end(), 0U);
  std::fill(credit_from_.begin(), credit_from_.end(), 0);
  credit_ = 0;
  result_free_ = 0;
  cycle_ = 0;
}

void TmuTiming::accept() {
  counters_ = {};
  accept_cycle_ = cycle_++;
}

void TmuTiming::load(const TmuCommand& command) {
  const std::uint64_t beats = activation_beats(unit_, command);
  const std::uint64_t begin = cycle_;
  for (std::uint64_t i = 0; i < beats; ++i) {
    const std::uint64_t taken = std::max(cycle_, memory_.activations.arrival());
    memory_.activations.take(taken);
    cycle_ = taken + 1;
  }
  counters_.load_cycles = beats;
  counters_.activation_writes = beats;
  counters_.activation_stall_cycles = cycle_ - begin - beats;
}

void TmuTiming::compute_group(const TmuCommand& command, std::uint32_t group) {
  const CommandShape shape = shape_of(unit_, command);
  const std::uint32_t engines =
      group + 1 == shape.groups ? shape.last_group_engines : unit_.engines;
  split_leaders(engines);
  for (std::uint32_t beat = 0; beat + 1 < command.beats; ++beat) {
    const std::uint64_t issue = std::max(cycle_, push_beats(engines));
    counters_.weight_stall_cycles += issue - cycle_;
    pop_beats(engines, issue);
    cycle_ = issue + shape.chunks;
  }
  last_beat_slots(shape, engines, push_beats(engines));
  count_group(command, shape, engines, counters_);
}

// Makes `engine`, if there is one, the first of a set of its own.
void TmuTiming::split_leaders(std::uint32_t engine) {
  const auto above = std::upper_bound(leaders_.begin(), leaders_.end(), engine);
  const std::uint32_t leader = *(above - 1);
  if (engine >= unit_.engines || leader == engine) return;
  copy_state(fifos_[leader], fifos_[engine]);
  leaders_.insert(above, engine);
}

void TmuTiming::copy_leaders() {
  for (std::size_t i = 0; i < leaders_.size(); ++i) {
    const std::uint32_t end = i + 1 == leaders_.size() ? unit_.engines : leaders_[i + 1];
    for (std::uint32_t e = leaders_[i] + 1; e < end; ++e)
      copy_state(fifos_[leaders_[i]], fifos_[e]);
  }
}

void TmuTiming::copy_state(const WeightFifo& from, WeightFifo& to) {
  to.port->follow(*from.port);
  to.free_from = from.free_from;
  to.slot = from.slot;
}

// Pushes one more beat into the FIFOs of the first `engines` engines. Returns the first cycle in which
// all of them can be popped.
std::uint64_t TmuTiming::push_beats(std::uint32_t engines) {
  std::uint64_t poppable = 0;
  for (const std::uint32_t e : leaders_) {
    if (e >= engines) break;
    const WeightFifo& fifo = fifos_[e];
    const std::uint64_t push = std::max(fifo.port->arrival(), fifo.free_from[fifo.slot]);
    assert(push != ReadPort::kNever);
    fifo.port->take(push);
    poppable = std::max(poppable, push + 1);
  }
  return poppable;
}

void TmuTiming::pop_beats(std::uint32_t engines, std::uint64_t cycle) {
  for (const std::uint32_t e : leaders_) {
    if (e >= engines) break;
    WeightFifo& fifo = fifos_[e];
    fifo.free_from[fifo.slot] = cycle + 1;
    fifo.slot = fifo.slot + 1 == fifo.free_from.size() ? 0 : fifo.slot + 1;
  }
}

// The slots of a last beat, each of which takes a result credit.
void TmuTiming::last_beat_slots(const CommandShape& shape, std::uint32_t engines,
                                std::uint64_t weights_from) {
  for (std::uint32_t chunk = 0; chunk < shape.chunks; ++chunk) {
    const std::uint64_t weights = chunk == 0 ? std::max(cycle_, weights_from) : cycle_;
    const std::uint64_t issue = std::max(weights, credit_from_[credit_]);
    counters_.weight_stall_cycles += weights - cycle_;
    counters_.result_stall_cycles += issue - weights;
    if (chunk == 0) pop_beats(engines, issue);
    const std::uint32_t slices = chunk + 1 == shape.chunks ? shape.last_chunk_slices : unit_.slices;
    put_result(issue, engines * slices);
    cycle_ = issue + 1;
  }
}

void TmuTiming::put_result(std::uint64_t issue, std::uint32_t sums) {
  const std::uint64_t given =
      memory_.results.first_ready(std::max(issue + kIssueToResult, result_free_));
  memory_.results.take(given, sums * StreamMemory::kSumBytes);
  result_free_ = given + 1;
  credit_from_[credit_] = given + 1;
  credit_ = credit_ + 1 == credit_from_.size() ? 0 : credit_ + 1;
}

void TmuTiming::drain() {
  // Drain starts in cycle_; the last credit is back in the cycle after the last result handshake.
  counters_.drain_cycles = result_free_ + 1 - cycle_;
  cycle_ = result_free_ + 1;
  copy_leaders();
}

void TmuTiming::respond() {
  counters_.respond_cycles = 1;  // the response is taken at once
  ++cycle_;
}

}  // namespace sterna::sim
