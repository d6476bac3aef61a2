// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "rtl/axi/registers.hpp"
#include "rtl/axi/tmu_axi_unit.hpp"
#include "sim/bus/bus_layout.hpp"
#include "sim/bus/bus_memory.hpp"
#include "sim/bus/job_bytes.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"
#include "sim/job/wave_window.hpp"

namespace sterna::sim {

/// One job on the pins of a Verilated tmu_axi, clock by clock: a host sets its registers and rings the bell,
/// the memory answers its masters.
///
/// Cycles  0 is the first in which the new tail acts (docs/axi.md, Registers): the ring may ask in it
class RtlBusJob {
 public:
  /// All outlive the job. The tasks are legal, the layout is theirs.
  RtlBusJob(TmuAxiUnit& unit, BusMemory& memory, const HardwareConfig& hardware,
            const BusLayout& layout, std::span<const TmuTask> tasks);

  /// Errors  as WaveRecorder; std::runtime_error when an assertion of the RTL fails, when it reads or writes what is not
  ///         the job's, or nothing happens for kPatienceCycles although the memory owes nothing
  std::vector<CommandReport> run(const std::optional<WaveWindow>& waves = {});

  [[nodiscard]] MovedBytes moved_bytes() const;

 private:
  // Longer than any legal silence in which no slot is issued: a descriptor keeps the check busy for about
  // 41 + 2 * engines.
  static constexpr std::uint64_t kPatienceCycles = 10'000;
  static constexpr std::uint32_t kIssueCycles = 2;  // selector, docs/tmu.md

  /// A read burst under way.
  struct Burst {
    const std::uint8_t* next;  // beat
    std::uint32_t beats;       // still to come
  };

  void set_registers();
  void set64(axi::Reg low, std::uint64_t value);
  void set(axi::Reg reg, std::uint32_t value);
  void set_until_it_acts(axi::Reg reg, std::uint32_t value);

  void clock();
  void finish();
  void take_addresses();
  void offer_beats();
  void take_writes();
  void take_record(const axi::Completion& record);
  void offer_answer();
  void see_inside();
  void check_progress();
  void check_assertions() const;

  TmuAxiUnit& unit_;
  BusMemory& memory_;
  const BusLayout& layout_;
  std::span<const TmuTask> tasks_;
  std::uint32_t readers_;
  JobReads reads_;
  JobWrites writes_;

  std::uint64_t cycle_ = 0;
  std::uint64_t last_progress_ = 0;
  std::uint64_t issued_ = 0;  // slots, when that was asked for last
  std::array<BusMemory::Address, TmuAxiUnit::kMaxReaders> addresses_{};  // on the channels
  std::array<const std::uint8_t*, TmuAxiUnit::kMaxReaders> data_{};      // what lies there
  std::array<std::deque<Burst>, TmuAxiUnit::kMaxReaders> bursts_;        // a reader's, oldest first
  bool has_address_ = false;            // of the write burst that comes
  bool has_last_ = false;               // word of it
  bool record_is_out_ = false;          // a completion record waits for its answer
  std::vector<CommandReport> reports_;  // of the commands accepted
  std::size_t answered_ = 0;
  std::size_t done_ = 0;
};

}  // namespace sterna::sim
