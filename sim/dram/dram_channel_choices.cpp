// SPDX-License-Identifier: Apache-2.0

// The part of DramChannel that knows what may come next.

#include <algorithm>
#include <bit>

#include "sim/dram/dram_channel.hpp"

namespace sterna::sim {
namespace {

std::uint32_t lowest_bank(std::uint64_t mask) {
  return static_cast<std::uint32_t>(std::countr_zero(mask));
}

}  // namespace

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
  static const Choice nothing;
  if (others_.empty()) return nothing;
  const auto find = [&] {
    const auto first = std::ranges::min_element(
        others_, [](const Choice& a, const Choice& b) { return a.before(b); });
    next_other_ = static_cast<std::size_t>(first - others_.begin());
    other_known_ = true;
  };
  if (!other_known_) find();
  if (actual_clock(others_[next_other_]) != others_[next_other_].clock) {
    // What pushed this one back, an activate or the bus, mostly did so to all.
    for (Choice& choice : others_) choice.clock = actual_clock(choice);
    find();
  }
  return others_[next_other_];
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

}  // namespace sterna::sim
