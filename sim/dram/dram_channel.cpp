// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_channel.hpp"

#include <algorithm>
#include <cassert>

namespace sterna::sim {
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
