// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_channel.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace sterna::sim {
namespace {

std::uint32_t lowest_bank(std::uint64_t mask) {
  return static_cast<std::uint32_t>(std::countr_zero(mask));
}

}  // namespace

DramChannel::DramChannel(const DramConfig& config, std::uint32_t index,
                         std::vector<DramPort>& ports)
    : part_(config.part),
      index_(index),
      ratio_(config.asker_khz, config.part.clock_khz),
      in_order_(config.scheduler == DramScheduler::InOrder),
      closed_policy_(config.page_policy == PagePolicy::Closed),
      split_bus_(config.part.split_command_bus),
      depth_(config.queue_depth),
      many_writes_(std::max(config.queue_depth * 3 / 4, 1U)),
      many_passes_(config.queue_depth * 4),
      cap_(config.starvation_cap),
      burst_(config.part.burst_clocks()),
      answer_{config.part.timing.cl + burst_, config.part.timing.cwl + burst_},
      timers_(config.part),
      queues_(config.part.channel_banks()),
      banks_(config.part.channel_banks()),
      group_ready_(std::size_t{config.part.ranks} * config.part.bank_groups),
      ports_(&ports) {
  // Ranks refresh one after the other, so that never all of them stand still.
  for (std::uint32_t rank = 0; rank < part_.ranks; ++rank) {
    refresh_.push_back({.due = std::uint64_t{part_.timing.refi} * (rank + 1) / part_.ranks});
  }
  column_gap_ = std::max<Clock>(timers_.column_gap(), part_.timing.column_clocks);
  short_gap_ = std::max<Clock>(timers_.short_column_gap(), part_.timing.column_clocks);
  find_next_due();
}

DramChannel::Clock DramChannel::earliest_room(bool write) {
  if (has_room(write)) return now_;
  const Clock gap = std::max(part_.timing.ccd_s, part_.burst_clocks());
  return wake() + (waiting_[write] - depth_) * gap;
}

void DramChannel::enqueue(const DramRun& run) {
  queues_.push(run);
  waiting_[run.write] += run.left;
  Bank& bank = banks_[run.bank];
  const Mask bit = Mask{1} << run.bank;
  const bool first = (waiting_banks_[run.write] & bit) == 0;
  const bool new_hit = bank.open && bank.row == run.row && bank.hit[run.write] == BankQueues::kNone;
  waiting_banks_[run.write] |= bit;
  if (new_hit) bank.hit[run.write] = queues_.oldest_to(run.row, run.bank, run.write);
  // What stands at the head of its bank already is not changed by what comes behind it.
  if (in_order_) {
    known_ = false;
  } else if (known_ && (blocked_banks_ & bit) == 0 && (first || new_hit)) {
    wake_ = std::min(wake_, offer_again(run.bank));
  }
}

void DramChannel::settle() {
  if (choose_direction()) known_ = false;
  if (!known_) wake_ = now_;
}

/// Returns whether reads gave way to writes.
bool DramChannel::choose_direction() {
  if (in_order_ || drain_left_ > 0 || waiting_[1] == 0) return false;
  if (waiting_[0] != 0 && waiting_[1] < many_writes_ && passes_ < many_passes_) return false;
  drain_left_ = waiting_[1];
  passes_ = 0;
  return true;
}

void DramChannel::step(Clock horizon) {
  if (wake_ >= next_due_ && next_due_ < horizon) begin_refreshes();
  if (!known_) decide();
  const Clock limit = std::min(horizon, next_due_);
  while (known_) {
    const NextHit hit = next_hit();
    const Choice& other = next_other();
    wake_ = std::min({hit.clock, other.clock, next_due_});
    if (wake_ >= limit) return;
    if (hit.clock < other.clock ||
        (hit.clock == other.clock && other.priority > Priority::Column)) {
      serve(hit, std::min(limit, other.clock));
    } else {
      issue(other);
    }
    wake_ = now_;
  }
}

DramChannel::NextHit DramChannel::next_hit() const {
  NextHit first;
  const Clock start = earliest(0, true);
  for (std::size_t i = 0; i < hits_.size(); ++i) {
    const Hit& hit = hits_[i];
    const Clock clock = std::max(start, hit.limits.at());
    if (clock < first.clock || (clock == first.clock && hit.age < first.age)) {
      first = {.clock = clock, .index = i, .age = hit.age};
    }
  }
  return first;
}

/// The first of others_. Its clock is a lower bound that holds as long as columns are served before
/// it, and exact once they cannot be.
const DramChannel::Choice& DramChannel::next_other() {
  static const Choice kNothing;
  if (others_.empty()) return kNothing;
  while (true) {
    if (!other_known_) {
      const auto first = std::ranges::min_element(
          others_, [](const Choice& a, const Choice& b) { return a.before(b); });
      next_other_ = static_cast<std::size_t>(first - others_.begin());
      other_known_ = true;
    }
    Choice& choice = others_[next_other_];
    const Clock clock = actual_clock(choice);
    if (clock == choice.clock) return choice;
    choice.clock = clock;
    other_known_ = false;
  }
}

DramChannel::Clock DramChannel::actual_clock(const Choice& choice) const {
  Clock at = 0;
  if (choice.priority == Priority::Refresh) {
    at = refresh_clock(choice);
  } else if (choice.kind == DramCommandKind::Activate) {
    at = timers_.activate_at(choice.bank);
  } else {
    at = timers_.precharge_at(choice.bank);
  }
  return earliest(at, false);
}

void DramChannel::decide() {
  known_ = true;
  hits_.clear();
  others_.clear();
  other_known_ = false;
  offer_refreshes();
  if (in_order_) {
    const Choice oldest = oldest_access();
    if (oldest.run != BankQueues::kNone && (blocked_banks_ >> oldest.bank & 1) == 0) {
      (void)offer(oldest.bank, queues_.run(oldest.run).write);
    }
  } else {
    const bool write = drain_left_ > 0;
    for (Mask left = waiting_banks_[write] & ~blocked_banks_; left != 0; left &= left - 1) {
      (void)offer(lowest_bank(left), write);
    }
  }
  for (Mask left = open_banks_ & ~blocked_banks_; left != 0; left &= left - 1) {
    offer_tidy(lowest_bank(left));
  }
}

/// Offers what `bank` may do now, and no longer what it might do before. Returns the clock of that.
DramChannel::Clock DramChannel::offer_again(std::uint32_t bank) {
  std::erase_if(hits_, [&](const Hit& hit) { return hit.bank == bank; });
  std::erase_if(others_, [&](const Choice& choice) {
    return choice.bank == bank && choice.priority != Priority::Refresh;
  });
  other_known_ = false;
  offer_tidy(bank);
  const bool write = drain_left_ > 0;
  return (waiting_banks_[write] >> bank & 1) != 0 ? offer(bank, write) : kNever;
}

DramChannel::Choice DramChannel::oldest_access() const {
  Choice oldest;
  oldest.age = kNever;
  for (const bool write : {false, true}) {
    for (Mask left = waiting_banks_[write]; left != 0; left &= left - 1) {
      const std::uint32_t bank = lowest_bank(left);
      const BankQueues::Index run = queues_.oldest(bank, write);
      if (queues_.run(run).age < oldest.age) {
        oldest.age = queues_.run(run).age;
        oldest.bank = bank;
        oldest.run = run;
      }
    }
  }
  return oldest;
}

/// Returns the clock of what it offers.
DramChannel::Clock DramChannel::offer(std::uint32_t index, bool write) {
  const Bank& bank = banks_[index];
  const BankQueues::Index oldest = queues_.oldest(index, write);
  // Strictly in order, an access to the open row may not pass the oldest.
  const BankQueues::Index hit = bank.hit[write];
  const bool may_pass = !in_order_ && bank.passed < cap_;
  if (bank.open && hit != BankQueues::kNone && (hit == oldest || may_pass)) {
    hits_.push_back({.limits = timers_.column_limits(index, write),
                     .age = queues_.run(hit).age,
                     .bank = index,
                     .run = hit,
                     .write = write});
    return earliest(hits_.back().limits.at(), true);
  }
  Choice choice = {.priority = Priority::Row,
                   .kind = bank.open ? DramCommandKind::Precharge : DramCommandKind::Activate,
                   .bank = index,
                   .age = queues_.run(oldest).age,
                   .run = oldest};
  choice.clock = actual_clock(choice);
  others_.push_back(choice);
  other_known_ = false;
  return choice.clock;
}

void DramChannel::offer_tidy(std::uint32_t index) {
  const Bank& bank = banks_[index];
  if (!closed_policy_ || !bank.open) return;
  if (bank.hit[0] != BankQueues::kNone || bank.hit[1] != BankQueues::kNone) return;
  Choice choice = {.priority = Priority::Tidy,
                   .kind = DramCommandKind::Precharge,
                   .bank = index,
                   .age = index,
                   .run = BankQueues::kNone};
  choice.clock = actual_clock(choice);
  others_.push_back(choice);
  other_known_ = false;
}

void DramChannel::issue(const Choice& other) {
  const Choice choice = other;  // which the following forgets
  now_ = choice.clock;
  record(choice);
  RankRefresh& rank = refresh_[timers_.rank_of(choice.bank)];
  switch (choice.kind) {
    case DramCommandKind::Activate:
      activate(choice);
      break;
    case DramCommandKind::Precharge:
      bus(false) = now_ + part_.timing.precharge_clocks;
      timers_.precharge(choice.bank, now_);
      banks_[choice.bank].conflicted = choice.run != BankQueues::kNone;
      close(choice.bank);
      break;
    case DramCommandKind::PrechargeAll:
      precharge_rank(rank);
      break;
    case DramCommandKind::Refresh:
    case DramCommandKind::RefreshBanks:
      refresh(rank);
      break;
    case DramCommandKind::Read:
    case DramCommandKind::Write:
      assert(false && "serve() issues these");
  }
  if (in_order_ || choice.priority == Priority::Refresh) {
    known_ = false;
  } else {
    (void)offer_again(choice.bank);
  }
}

void DramChannel::activate(const Choice& choice) {
  Bank& bank = banks_[choice.bank];
  bus(false) = now_ + part_.timing.activate_clocks;
  timers_.activate(choice.bank, now_);
  bank.open = true;
  bank.row = queues_.run(choice.run).row;
  bank.passed = 0;
  bank.opened_by = bank.conflicted ? &DramStatistics::row_conflicts : &DramStatistics::row_misses;
  bank.conflicted = false;
  for (const bool write : {false, true}) {
    bank.hit[write] = queues_.oldest_to(bank.row, choice.bank, write);
  }
  open_banks_ |= Mask{1} << choice.bank;
  ++statistics_.activates;
}

void DramChannel::close(std::uint32_t index) {
  Bank& bank = banks_[index];
  bank.open = false;
  bank.hit = {BankQueues::kNone, BankQueues::kNone};
  open_banks_ &= ~(Mask{1} << index);
  ++statistics_.precharges;
}

DramStatistics DramChannel::statistics() const {
  DramStatistics result = statistics_;
  result.row_hits = result.reads + result.writes - result.row_misses - result.row_conflicts;
  result.read_bytes = result.reads * part_.access_bytes();
  result.write_bytes = result.writes * part_.access_bytes();
  result.data_busy_clocks = (result.reads + result.writes) * part_.burst_clocks();
  return result;
}

void DramChannel::record(const Choice& choice) {
  if (trace_ == nullptr) return;
  const bool column = choice.kind == DramCommandKind::Read || choice.kind == DramCommandKind::Write;
  const bool row = column || choice.kind == DramCommandKind::Activate;
  const std::uint32_t rank = timers_.rank_of(choice.bank);
  trace_->push_back({.clock = choice.clock,
                     .kind = choice.kind,
                     .channel = index_,
                     .rank = rank,
                     .bank = choice.bank - rank * part_.rank_banks(),
                     .row = row ? queues_.run(choice.run).row : 0,
                     .column = column ? queues_.run(choice.run).column : 0});
}

}  // namespace sterna::sim
