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
      timers_(config.part),
      queues_(config.part.channel_banks()),
      banks_(config.part.channel_banks()),
      ports_(&ports) {
  // Ranks refresh one after the other, so that never all of them stand still.
  for (std::uint32_t rank = 0; rank < part_.ranks; ++rank) {
    refresh_.push_back({.due = std::uint64_t{part_.timing.refi} * (rank + 1) / part_.ranks});
  }
  find_next_due();
}

DramChannel::Clock DramChannel::earliest_room(bool write) {
  if (has_room(write)) return now_;
  const Clock gap = std::max(part_.timing.ccd_s, part_.burst_clocks());
  return wake() + (waiting_[write] - depth_) * gap;
}

void DramChannel::enqueue(const DramRun& run) {
  queues_.push(run);
  Bank& bank = banks_[run.bank];
  if (bank.open && bank.row == run.row && bank.hit[run.write] == BankQueues::kNone) {
    bank.hit[run.write] = queues_.oldest_to(run.row, run.bank, run.write);
  }
  waiting_banks_[run.write] |= Mask{1} << run.bank;
  waiting_[run.write] += run.left;
}

void DramChannel::choose_direction() {
  if (drain_left_ > 0 || waiting_[1] == 0) return;
  if (waiting_[0] == 0 || waiting_[1] >= many_writes_ || passes_ >= many_passes_) {
    drain_left_ = waiting_[1];
    passes_ = 0;
  }
}

void DramChannel::step(Clock horizon) {
  if (wake_ >= next_due_) begin_refreshes();
  const Decision decision = decide();
  const Clock limit = std::min(horizon, next_due_);
  wake_ = std::min(decision.best.clock, next_due_);
  if (decision.best.clock >= limit) return;
  if (decision.best.priority == Priority::Column) {
    issue_columns(decision.best, std::min(limit, decision.second));
  } else {
    issue(decision.best);
  }
}

void DramChannel::Decision::offer(const Choice& choice) {
  if (choice.before(best)) {
    second = std::min(second, best.clock);
    best = choice;
  } else {
    second = std::min(second, choice.clock);
  }
}

DramChannel::Decision DramChannel::decide() const {
  Decision decision;
  if (blocked_banks_ != 0) offer_refreshes(decision);
  if (in_order_) {
    const Choice oldest = oldest_access();
    if (oldest.run != BankQueues::kNone && (blocked_banks_ >> oldest.bank & 1) == 0) {
      offer_bank(decision, oldest.bank, queues_.run(oldest.run).write);
    }
  } else {
    const bool write = drain_left_ > 0;
    for (Mask left = waiting_banks_[write] & ~blocked_banks_; left != 0; left &= left - 1) {
      offer_bank(decision, lowest_bank(left), write);
    }
  }
  if (closed_policy_) offer_tidy(decision);
  return decision;
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

DramChannel::Clock DramChannel::earliest(Clock at, bool column) const {
  return std::max({at, now_, bus_free_[column && split_bus_]});
}

void DramChannel::offer_bank(Decision& decision, std::uint32_t index, bool write) const {
  const Bank& bank = banks_[index];
  const BankQueues::Index oldest = queues_.oldest(index, write);
  Choice choice{.priority = Priority::Row, .bank = index, .age = queues_.run(oldest).age};
  if (!bank.open) {
    choice.kind = DramCommandKind::Activate;
    choice.clock = earliest(timers_.activate_at(index), false);
    choice.run = oldest;
    decision.offer(choice);
    return;
  }
  // Strictly in order, an access to the open row may not pass the oldest.
  const BankQueues::Index hit = bank.hit[write];
  const bool may_pass = !in_order_ && bank.passed < cap_;
  if (hit != BankQueues::kNone && (hit == oldest || may_pass)) {
    choice.priority = Priority::Column;
    choice.kind = write ? DramCommandKind::Write : DramCommandKind::Read;
    choice.clock = earliest(timers_.column_at(index, write), true);
    choice.age = queues_.run(hit).age;
    choice.run = hit;
  } else {
    choice.kind = DramCommandKind::Precharge;
    choice.clock = earliest(timers_.precharge_at(index), false);
    choice.run = oldest;
  }
  decision.offer(choice);
}

void DramChannel::offer_tidy(Decision& decision) const {
  for (Mask left = open_banks_ & ~blocked_banks_; left != 0; left &= left - 1) {
    const std::uint32_t index = lowest_bank(left);
    const Bank& bank = banks_[index];
    if (bank.hit[0] != BankQueues::kNone || bank.hit[1] != BankQueues::kNone) continue;
    decision.offer({.clock = earliest(timers_.precharge_at(index), false),
                    .priority = Priority::Tidy,
                    .kind = DramCommandKind::Precharge,
                    .bank = index,
                    .age = index,
                    .run = BankQueues::kNone});
  }
}

void DramChannel::issue(const Choice& choice) {
  const Clock now = choice.clock;
  const DramTiming& t = part_.timing;
  Bank& bank = banks_[choice.bank];
  now_ = now;
  record(choice);
  switch (choice.kind) {
    case DramCommandKind::Activate: {
      const std::uint32_t row = queues_.run(choice.run).row;
      bus(false) = now + t.activate_clocks;
      timers_.activate(choice.bank, now);
      bank.opened_by =
          bank.conflicted ? &DramStatistics::row_conflicts : &DramStatistics::row_misses;
      bank.open = true;
      bank.row = row;
      bank.passed = 0;
      bank.conflicted = false;
      for (const bool write : {false, true}) {
        bank.hit[write] = queues_.oldest_to(row, choice.bank, write);
      }
      open_banks_ |= Mask{1} << choice.bank;
      ++statistics_.activates;
      break;
    }
    case DramCommandKind::Precharge:
      bus(false) = now + t.precharge_clocks;
      timers_.precharge(choice.bank, now);
      bank.conflicted = choice.run != BankQueues::kNone;
      close(choice.bank);
      break;
    case DramCommandKind::PrechargeAll:
    case DramCommandKind::Refresh:
    case DramCommandKind::RefreshBanks:
      finish_refresh(choice);
      break;
    case DramCommandKind::Read:
    case DramCommandKind::Write:
      assert(false && "columns are issued in runs");
  }
}

void DramChannel::close(std::uint32_t index) {
  Bank& bank = banks_[index];
  bank.open = false;
  bank.hit = {BankQueues::kNone, BankQueues::kNone};
  open_banks_ &= ~(Mask{1} << index);
  ++statistics_.precharges;
}

void DramChannel::issue_columns(const Choice& choice, Clock limit) {
  DramRun& run = queues_.run(choice.run);
  Bank& bank = banks_[choice.bank];
  const bool write = run.write;
  const bool passes = choice.run != queues_.oldest(choice.bank, write);
  const Clock gap = std::max<Clock>(timers_.column_gap(), part_.timing.column_clocks);
  const bool one_by_one = in_order_ && run.stride > 1;  // another run holds the next oldest
  Clock now = choice.clock;
  Choice column = choice;
  while (true) {
    column.clock = now;
    record(column);
    count_column(choice.bank, write, now);
    ++run.column;
    run.age += run.stride;
    if (!write) run.slot += run.stride;
    --run.left;
    if (passes) ++bank.passed;
    const bool was_draining = drain_left_ > 0;
    if (write) {
      if (drain_left_ > 0) --drain_left_;
    } else if (waiting_[1] > 0) {
      ++passes_;
    }
    choose_direction();
    if (run.left == 0 || one_by_one || was_draining != (drain_left_ > 0) ||
        (passes && bank.passed >= cap_) || now + gap >= limit) {
      break;
    }
    now += gap;
  }
  if (write) {
    timers_.write(choice.bank, now);
  } else {
    timers_.read(choice.bank, now);
  }
  bus(true) = now + part_.timing.column_clocks;
  now_ = now;
  wake_ = now;
  if (run.left > 0) return;
  const std::uint32_t row = run.row;
  queues_.erase(choice.run);
  bank.hit[write] = queues_.oldest_to(row, choice.bank, write);
  if (queues_.oldest(choice.bank, write) == BankQueues::kNone) {
    waiting_banks_[write] &= ~(Mask{1} << choice.bank);
  }
}

void DramChannel::count_column(std::uint32_t index, bool write, Clock now) {
  Bank& bank = banks_[index];
  ++(bank.opened_by == nullptr ? statistics_.row_hits : statistics_.*bank.opened_by);
  bank.opened_by = nullptr;
  const DramRun& run = queues_.run(bank.hit[write]);
  DramPort& port = (*ports_)[run.port];
  const Clock latency = write ? part_.timing.cwl : part_.timing.cl;
  const std::uint64_t cycle = ratio_.to_cycle(now + latency + part_.burst_clocks());
  if (write) {
    port.writes.written(run.slot, cycle);
    ++statistics_.writes;
  } else {
    port.reads.arrive(run.slot, cycle);
    ++statistics_.reads;
  }
  --waiting_[write];
}

DramStatistics DramChannel::statistics() const {
  DramStatistics result = statistics_;
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
