// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// The cycles of docs/axi.md (Timing in closed steps) that lie around the commands of a job, for a memory
/// that answers as fast as its kind ever does: fetch and check of descriptors, first reads, results, records.
///
/// Units     cycles; fractions where the caller's are
/// Protocol  begin() and end() in turn, a pair for each command in the order of the ring
/// Trust     a step never takes less: tests/sim/estimate/lower_bound_test.cpp
class BusSteps {
 public:
  /// `hardware` outlives it; hardware.bus is set.
  explicit BusSteps(const HardwareConfig& hardware);

  /// The command handshake, and the cycle of the first load beat or slot.
  struct Start {
    double accept;
    double work;
  };

  /// The earliest of a command: its descriptor is there and checked, the one before has answered, fewer than
  /// two wait for their records; what it loads begins to arrive.
  Start begin(const TmuCommand& command);

  /// The command answers in `respond`; its first result leaves the unit in `first_result`.
  void end(const TmuCommand& command, double first_result, double respond);

  /// The cycle of the first weight address of the job, and from an address to its first beat at the unit's master.
  [[nodiscard]] double first_weight_address() const { return first_weight_address_; }
  [[nodiscard]] double read_latency() const { return bus_latency_ + dram_latency_; }

  /// The least from the last response of the job to its record.
  [[nodiscard]] double done() const { return done_; }

 private:
  static constexpr std::size_t kMostAhead = 8;  // descriptors fetched and not started: docs/axi.md

  const HardwareConfig& hardware_;
  double bus_latency_;
  double dram_latency_;        // to an open row
  double first_dram_latency_;  // the banks are idle
  double first_weight_address_ = 0;
  std::size_t commands_ = 0;  // so far
  std::array<double, kMostAhead>
      accepts_;              // of the last of them, each at its number modulo the size
  double give_ = 0;          // the newest descriptor is ready to start
  double respond_ = -1;      // of the command before
  double done_ = 0;          // of the command before
  double done_before_ = -1;  // and of that before it
};

}  // namespace sterna::sim
