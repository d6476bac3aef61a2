// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/job/job_plan.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {

/// When the unit does what: the closed steps of docs/tmu.md evaluated beat by beat, without values.
///
/// Timing  exact: every cycle and counter except nonzero_lanes, which depends on the weights
/// Cost    constant work an activation beat, a slot of a last beat, and a weight beat of a set of engines
///         that have had the same history (mostly all of them)
/// Trust   reports equal those of the Verilated RTL (tests/sim/devices/cosimulation_test.cpp)
/// Omits   abort, which a TmuDevice cannot ask for
class TmuTiming {
 public:
  TmuTiming(const UnitConfig& unit, StreamMemory& memory);

  /// Begins a job: cycle 0, idle, FIFOs empty. The memory has been started.
  void start();

  /// Steps of one command, each called once and in this order; an illegal command has no load(),
  /// compute_group() or drain().
  void accept();
  void load(const TmuCommand& command);  // not when the activations are kept
  /// All slots of row group `group`, called for 0, 1, ... of the command's groups.
  void compute_group(const TmuCommand& command, std::uint32_t group);
  void drain();
  void respond();

  [[nodiscard]] const UnitConfig& unit() const { return unit_; }
  /// The first cycle whose state the steps so far have not fixed.
  [[nodiscard]] std::uint64_t cycle() const { return cycle_; }
  /// Of the command that accept() began.
  [[nodiscard]] const TmuCounters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t accept_cycle() const { return accept_cycle_; }

 private:
  /// The weight FIFO of one engine and the port behind it.
  struct WeightFifo {
    ReadPort* port;
    std::vector<std::uint64_t> free_from;  // ring: first cycle in which entry i can be pushed again
    std::size_t slot;                      // of the beat at the head
  };

  void split_leaders(std::uint32_t engine);
  void copy_leaders();
  static void copy_state(const WeightFifo& from, WeightFifo& to);
  std::uint64_t push_beats(std::uint32_t engines);
  void pop_beats(std::uint32_t engines, std::uint64_t cycle);
  void last_beat_slots(const CommandShape& shape, std::uint32_t engines,
                       std::uint64_t weights_from);
  void put_result(std::uint64_t issue, std::uint32_t sums);

  UnitConfig unit_;
  StreamMemory& memory_;
  // Engines whose ports and FIFOs have moved alike since cycle 0 are evaluated once, at the first of them.
  // A group with inactive engines ends the likeness of those above and below.
  std::vector<std::uint32_t> leaders_;  // ascending, from 0; the others are brought up in drain()
  std::vector<WeightFifo> fifos_;       // (engines,)
  std::vector<std::uint64_t>
      credit_from_;  // ring: first cycle in which result credit i can be taken
  std::size_t credit_ = 0;
  std::uint64_t result_free_ = 0;  // first cycle after the last result handshake
  std::uint64_t cycle_ = 0;
  std::uint64_t accept_cycle_ = 0;
  TmuCounters counters_;
};

}  // namespace sterna::sim
