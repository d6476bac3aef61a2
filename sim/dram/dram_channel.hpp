// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "sim/dram/bank_queue.hpp"
#include "sim/dram/bank_timers.hpp"
#include "sim/dram/clock_ratio.hpp"
#include "sim/dram/dram_command.hpp"
#include "sim/dram/dram_config.hpp"
#include "sim/dram/dram_port.hpp"

namespace sterna::sim {

/// The controller and the banks of one channel.
///
/// The rules, as a machine that looks at its queue in every clock would follow them
/// (tests/sim/dram/naive_channel.hpp is that machine, and must issue the same commands):
///  1. A refresh that is due comes first: its banks get no other command than the precharges it
///     needs. Where a refresh takes single banks, it takes the first that no access waits for, of
///     those that have not had theirs since all had one; if there is none, the first of them.
///  2. fr-fcfs serves reads, until writes pile up to 3/4 of the queue, or nothing but writes waits,
///     or 4 queues of reads have passed a waiting write; then it serves as many writes as wait then.
///     in-order serves the oldest access only.
///  3. Of the commands that may begin in this clock: refresh; then column accesses, oldest first;
///     then, for banks that cannot serve an access, activate or precharge for their oldest, oldest
///     first; then, under the closed policy, precharge of rows nobody waits for, lowest bank first.
///  4. A bank whose oldest access wants another row serves at most starvation_cap accesses to its
///     open row before it.
/// Time jumps from one command to the next, and a run of columns goes in one step as long as no
/// other command can begin before the last of them.
class DramChannel {
 public:
  using Clock = std::uint64_t;
  static constexpr Clock kNever = std::numeric_limits<Clock>::max();

  /// `ports` outlives the channel; its elements take the answers.
  DramChannel(const DramConfig& config, std::uint32_t index, std::vector<DramPort>& ports);

  /// Whether the queue of this direction is below its depth.
  [[nodiscard]] bool has_room(bool write) const { return waiting_[write] < depth_; }

  /// A lower bound of the first clock at which a command may make room, as far as is known.
  [[nodiscard]] Clock earliest_room(bool write);

  [[nodiscard]] bool idle() const { return waiting_[0] + waiting_[1] == 0; }

  /// Accesses that arrive at the clock up to which the channel has run. After the last run of a
  /// request comes settle().
  void enqueue(const DramRun& run);
  void settle();

  /// Issues every command that begins before `horizon`. The result does not depend on how many
  /// steps led there.
  void run_until(Clock horizon) {
    while (wake_ < horizon) step(horizon);
    now_ = horizon;
  }

  /// No command begins before this clock.
  [[nodiscard]] Clock wake() {
    if (!known_) step(now_);
    return wake_;
  }

  [[nodiscard]] DramStatistics statistics() const;

  /// Appends every further command to `trace`, which outlives the channel; nullptr: no more.
  void record(std::vector<DramCommand>* trace) { trace_ = trace; }

 private:
  using Mask = std::uint64_t;  // a bit a bank of the channel

  enum class Priority : std::uint8_t { Refresh, Column, Row, Tidy };

  /// A command that may come, and its earliest clock; as commands only push each other back, an
  /// old clock is a lower bound.
  struct Choice {
    Clock clock = kNever;
    Priority priority = Priority::Tidy;
    DramCommandKind kind = DramCommandKind::Activate;
    std::uint32_t bank = 0;
    std::uint64_t age = 0;
    BankQueues::Index run = BankQueues::kNone;

    [[nodiscard]] bool before(const Choice& other) const {
      if (clock != other.clock) return clock < other.clock;
      if (priority != other.priority) return priority < other.priority;
      return age < other.age;
    }
  };

  /// A bank that can serve an access to its open row.
  struct Hit {
    BankTimers::ColumnLimits limits;
    std::uint64_t age;
    std::uint32_t bank;
    BankQueues::Index run;
    bool write;
    Clock last = 0;  // when serve_together() served it
  };

  /// When which of hits_ is served next.
  struct NextHit {
    Clock clock = kNever;
    std::size_t index = 0;
    std::uint64_t age = kNever;
    bool oldest = false;  // known to be the oldest of all hits_
  };

  struct Bank {
    bool open = false;
    std::uint32_t row = 0;
    std::array<BankQueues::Index, 2> hit{BankQueues::kNone, BankQueues::kNone};  // oldest to row
    std::uint32_t passed = 0;  // accesses since the activate that passed the oldest
    bool conflicted = false;   // the row before was closed for another
    std::uint64_t DramStatistics::*opened_by = nullptr;  // counts the first access to the row
  };

  struct RankRefresh {
    Clock due;
    bool pending = false;
    Mask banks = 0;  // that the pending refresh takes
    Mask done = 0;   // that were taken since all had been
  };

  void step(Clock horizon);
  bool choose_direction();

  // What may come next.
  void decide();
  [[nodiscard]] Clock offer(std::uint32_t bank, bool write);
  [[nodiscard]] Clock offer_again(std::uint32_t bank);
  void offer_tidy(std::uint32_t bank);
  void offer_refreshes();
  [[nodiscard]] Clock refresh_clock(const Choice& choice) const;
  [[nodiscard]] Clock actual_clock(const Choice& choice) const;
  [[nodiscard]] NextHit next_hit() const;
  [[nodiscard]] const Choice& next_other();
  [[nodiscard]] Choice oldest_access() const;
  void begin_refreshes();
  [[nodiscard]] Mask next_refresh(std::uint32_t rank) const;
  void find_next_due();

  // What is done.
  void issue(const Choice& choice);
  void activate(const Choice& choice);
  void close(std::uint32_t bank);
  void serve(const NextHit& next, Clock limit);
  void serve_alone(Hit& hit, Clock now, Clock limit);
  void serve_together(const NextHit& next, Clock limit);
  [[nodiscard]] std::uint64_t columns_in_turn(const NextHit& next, Clock limit) const;
  void serve_in_turn(const NextHit& next, std::uint64_t columns);
  [[nodiscard]] NextHit next_together(const NextHit& served, Clock start) const;
  [[nodiscard]] std::uint32_t columns_in_step(const Hit& hit, Clock now, Clock limit) const;
  void serve_columns(const Hit& hit, Clock now, std::uint32_t columns);
  void answer(DramRun& run, Clock now, std::uint32_t columns, Clock gap);
  void record_column(const Hit& hit, Clock now);
  void count_served(const Hit& hit, std::uint32_t columns);
  bool go_on(Hit& hit, bool draining);
  [[nodiscard]] bool passes(const Hit& hit) const {
    return hit.run != queues_.oldest(hit.bank, hit.write);
  }
  [[nodiscard]] bool next_run(Hit& hit);
  void precharge_rank(const RankRefresh& rank);
  void refresh(RankRefresh& rank);
  void record(const Choice& choice);

  [[nodiscard]] Clock& bus(bool column) { return bus_free_[column && split_bus_]; }
  [[nodiscard]] Clock earliest(Clock at, bool column) const {
    return std::max({at, now_, bus_free_[column && split_bus_]});
  }

  // Configuration.
  DramPart part_;
  std::uint32_t index_;
  ClockRatio ratio_;
  bool in_order_;
  bool closed_policy_;
  bool split_bus_;
  std::uint32_t depth_;
  std::uint32_t many_writes_;
  std::uint32_t many_passes_;
  std::uint32_t cap_;
  std::uint32_t burst_;
  std::array<Clock, 2> answer_;  // from a read or write to the end of its data
  Clock column_gap_;             // from one column of a run to the next
  Clock short_gap_;              // to that of another bank group

  // State.
  Clock now_ = 0;   // everything before has been decided
  Clock wake_ = 0;  // nothing happens before
  BankTimers timers_;
  BankQueues queues_;
  std::vector<Bank> banks_;
  std::array<Mask, 2> waiting_banks_{};     // read, write
  std::array<std::uint32_t, 2> waiting_{};  // accesses
  std::array<Clock, 2> bus_free_{};         // row bus (or the only one), column bus
  std::uint32_t drain_left_ = 0;            // writes still to serve before reads again
  std::uint32_t passes_ = 0;                // reads that passed a waiting write
  Mask open_banks_ = 0;
  Mask blocked_banks_ = 0;  // by pending refreshes
  std::vector<RankRefresh> refresh_;
  Clock next_due_ = kNever;

  // What may come next, kept from decision to decision as long as known_.
  bool known_ = false;
  std::vector<Hit> hits_;       // every bank that can serve an access
  std::vector<Choice> others_;  // every other command
  std::size_t next_other_ = 0;  // the first of them, if other_known_
  bool other_known_ = false;
  std::vector<Clock> group_ready_;  // of serve_together(): when a bank group takes a column again

  std::vector<DramPort>* ports_;
  std::vector<DramCommand>* trace_ = nullptr;
  DramStatistics statistics_{};
};

}  // namespace sterna::sim
