// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "sim/bus/column_scan.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/job_plan.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// The unit of docs/tmu.md clock by clock, without values, for streams whose beats come when other masters
/// of the same memory let them (tmu_timing.hpp needs ports that are independent).
///
/// Protocol  each cycle: the queries are of its start; accept() if a command comes, then clock() ends it.
///           Cycles in which clock() returned that nothing changed may be left out until next_event(): pass()
class ClockedTmu {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  struct Events {
    std::uint32_t weights = 0;  // a bit an engine: a beat is pushed into its FIFO
    bool activation = false;
    bool result = false;  // is taken
    bool column = false;  // wanted_column() is handed to the masters
  };

  explicit ClockedTmu(const UnitConfig& unit);

  void start();

  [[nodiscard]] bool weight_ready(std::uint32_t engine) const {
    return fifo_[engine] != unit_.weight_fifo_beats;
  }
  [[nodiscard]] bool activation_ready() const {
    return state_ == State::Load || columns_.activation_ready();
  }
  /// By columns: the first beat of one whose weights are wanted.
  [[nodiscard]] std::optional<std::uint64_t> wanted_column() const { return columns_.wanted(); }
  /// A command by columns wants no more, in one cycle.
  [[nodiscard]] bool columns_found() const { return columns_.found(); }
  [[nodiscard]] bool has_result(std::uint64_t cycle) const {
    return credits_ != unit_.result_fifo_beats && results_[oldest_result_] <= cycle;
  }
  /// In the response handshake: it is taken at once.
  [[nodiscard]] bool responds() const { return state_ == State::Respond; }

  void accept(const TmuTask& task);
  /// Returns whether anything changed.
  bool clock(std::uint64_t cycle, const Events& events);
  /// `cycles` go by in which nothing changes.
  void pass(std::uint64_t cycles) {
    if (stall_ != nullptr) *stall_ += cycles;
  }
  [[nodiscard]] std::uint64_t next_event(std::uint64_t cycle) const;

  /// Slots that come one after the other, `each` cycles apart, and do nothing but pop beats of FIFOs, all of which
  /// are full: each beat is pushed again in the cycle after. None may be left to do.
  struct Slots {
    std::uint32_t count;
    std::uint64_t first;  // cycle
    std::uint32_t each;
    std::uint32_t engines;  // the first of them; the others wait
  };
  [[nodiscard]] Slots plain_slots(std::uint64_t cycle) const;
  /// They are done, and the beats pushed.
  void pass(const Slots& slots);

  /// Of the command, whole when responds().
  [[nodiscard]] const TmuCounters& counters() const { return counters_; }

 private:
  enum class State : std::uint8_t { Idle, Load, Compute, Drain, Respond, Columns, Gather };

  bool issue(std::uint64_t cycle);
  bool issue_column();
  bool gather(std::uint64_t cycle);
  void put_result(std::uint64_t cycle);
  void pop_weights();
  void end_group();
  [[nodiscard]] bool has_weights() const;

  UnitConfig unit_;
  ColumnScan columns_;
  State state_ = State::Idle;
  bool accepted_ = false;
  TmuCommand command_{};
  CommandShape shape_{};
  std::uint64_t loads_left_ = 0;
  std::uint32_t engines_ = 0;  // active in this group
  std::uint32_t group_ = 0;
  std::uint32_t beat_ = 0;
  std::uint32_t chunk_ = 0;
  std::uint64_t slot_from_ = 0;         // first cycle in which the next slot may be issued
  std::vector<std::uint32_t> fifo_;     // (engines,) beats held
  std::vector<std::uint64_t> results_;  // ring: first cycle in which a result can be handed over
  std::uint32_t oldest_result_ = 0;
  std::uint32_t next_result_ = 0;
  std::uint32_t credits_ = 0;
  std::uint64_t* stall_ = nullptr;  // what counts a cycle in which nothing changes
  TmuCounters counters_;
};

}  // namespace sterna::sim
