// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/bus/bus_layout.hpp"
#include "sim/bus/bus_memory.hpp"
#include "sim/bus/clocked_tmu.hpp"
#include "sim/bus/descriptor_ring.hpp"
#include "sim/bus/read_master.hpp"
#include "sim/bus/result_writer.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// When the unit on its bus does what: every register of tmu_axi that bears on time, without values.
///
/// Timing  exact: cycles and counters of each command but nonzero_lanes, which depends on the weights.
///         Cycle 0 is the first in which the ring sees the new tail
/// Cost    constant work a cycle in which something changes; the others are jumped over
/// Trust   reports equal those of the Verilated RTL on the same memory (tests/sim/bus)
/// Omits   errors, registers: commands are legal and the window holds them
class BusTiming {
 public:
  /// `hardware` outlives it; hardware.bus is set. Errors  as HardwareConfig::validate()
  explicit BusTiming(const HardwareConfig& hardware);

  /// Begins a job on an idle unit and an idle memory. Both spans outlive it.
  void start(const BusLayout& layout, std::span<const TmuTask> tasks);

  /// One cycle, and those after it in which nothing changes. False when all records are written.
  /// Errors  std::logic_error when nothing will ever change
  bool step();

  /// As many cycles at once as the unit does plain slots from full queues and nothing else happens but that
  /// beats come; no step where there are none. What follows is the same as after step().
  bool leap();

  [[nodiscard]] std::uint64_t cycle() const { return cycle_; }
  /// Shape  (tasks,), of those that are done
  [[nodiscard]] const std::vector<CommandReport>& reports() const { return reports_; }

  [[nodiscard]] MovedBytes moved_bytes() const;

 private:
  bool clock();
  bool clock_readers(std::uint32_t taken, ClockedTmu::Events& to_unit);
  bool clock_reader(std::uint32_t reader, bool taken, bool popped);
  [[nodiscard]] bool is_calm() const;
  [[nodiscard]] bool takes(const DescriptorRing::HandOut& hand_out) const;
  void hand(const DescriptorRing::HandOut& hand_out);
  [[nodiscard]] std::optional<std::uint64_t> column_to_hand() const;
  void hand_column(std::uint64_t beat);
  [[nodiscard]] ResultWriter::Job next_job() const;
  void end_command();

  const HardwareConfig& hardware_;
  BusMemory memory_;
  std::vector<ReadMaster> masters_;            // (engines + 2,), as the readers of BusMemory
  std::vector<BusMemory::Address> addresses_;  // (engines + 2,)
  std::vector<BusMemory::Taken> taken_;        // (engines + 2,), in a leap
  DescriptorRing ring_;
  ClockedTmu unit_;
  ResultWriter writer_;

  // tmu_axi_columns.sv: where the weights of the engines lie, while columns of a command are still to come.
  bool columns_wanted_ = false;
  std::vector<ReadJob> column_jobs_;  // (engines,), each at column 0

  const BusLayout* layout_ = nullptr;
  std::span<const TmuTask> tasks_;
  std::uint64_t cycle_ = 0;
  bool running_ = false;     // a command
  std::size_t started_ = 0;  // commands
  std::size_t done_ = 0;
  std::vector<CommandReport> reports_;
};

}  // namespace sterna::sim
