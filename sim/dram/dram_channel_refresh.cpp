// SPDX-License-Identifier: Apache-2.0

// The part of DramChannel that refreshes.

#include <algorithm>
#include <bit>

#include "sim/dram/dram_channel.hpp"

namespace sterna::sim {

void DramChannel::find_next_due() {
  next_due_ = kNever;
  for (const RankRefresh& rank : refresh_) {
    if (!rank.pending) next_due_ = std::min(next_due_, rank.due);
  }
}

void DramChannel::begin_refreshes() {
  known_ = false;
  for (std::uint32_t r = 0; r < refresh_.size(); ++r) {
    RankRefresh& rank = refresh_[r];
    if (rank.pending || rank.due > wake_) continue;
    rank.pending = true;
    rank.banks = next_refresh(r);
    blocked_banks_ |= rank.banks;
    now_ = std::max(now_, rank.due);
  }
  find_next_due();
}

DramChannel::Mask DramChannel::next_refresh(std::uint32_t rank) const {
  const std::uint32_t sets = part_.refresh_sets();
  Mask first = 0;
  for (std::uint32_t set = 0; set < sets; ++set) {
    Mask banks = 0;
    for (std::uint32_t bank = set; bank < part_.rank_banks(); bank += sets) {
      banks |= Mask{1} << (rank * part_.rank_banks() + bank);
    }
    if ((banks & refresh_[rank].done) != 0) continue;
    if ((banks & (waiting_banks_[0] | waiting_banks_[1])) == 0) return banks;
    if (first == 0) first = banks;
  }
  return first;
}

void DramChannel::offer_refreshes() {
  if (blocked_banks_ == 0) return;
  const bool all = part_.refresh_banks == 0;
  for (const RankRefresh& rank : refresh_) {
    if (!rank.pending) continue;
    const Mask open = rank.banks & open_banks_;
    Choice choice = {
        .priority = Priority::Refresh,
        .kind = all ? DramCommandKind::Refresh : DramCommandKind::RefreshBanks,
        .bank = static_cast<std::uint32_t>(std::countr_zero(open != 0 ? open : rank.banks)),
        .age = rank.due};
    if (open != 0) choice.kind = all ? DramCommandKind::PrechargeAll : DramCommandKind::Precharge;
    choice.clock = actual_clock(choice);
    others_.push_back(choice);
  }
}

/// Without the command bus. A refresh, or a precharge of the whole rank, waits for the last of its
/// banks.
DramChannel::Clock DramChannel::refresh_clock(const Choice& choice) const {
  if (choice.kind == DramCommandKind::Precharge) return timers_.precharge_at(choice.bank);
  const RankRefresh& rank = refresh_[timers_.rank_of(choice.bank)];
  const bool closes = choice.kind == DramCommandKind::PrechargeAll;
  Clock at = 0;
  for (Mask left = closes ? rank.banks & open_banks_ : rank.banks; left != 0; left &= left - 1) {
    const auto bank = static_cast<std::uint32_t>(std::countr_zero(left));
    if (closes) {
      at = std::max(at, timers_.precharge_at(bank));
    } else if (choice.kind == DramCommandKind::Refresh) {
      at = std::max(at, timers_.refresh_at(bank));
    } else {
      at = std::max(at, timers_.refresh_banks_at(bank));
    }
  }
  return at;
}

void DramChannel::precharge_rank(const RankRefresh& rank) {
  bus(false) = now_ + part_.timing.precharge_clocks;
  for (Mask left = rank.banks & open_banks_; left != 0; left &= left - 1) {
    const auto bank = static_cast<std::uint32_t>(std::countr_zero(left));
    timers_.precharge_all(bank, now_);
    close(bank);
  }
}

void DramChannel::refresh(RankRefresh& rank) {
  bus(false) = now_ + part_.timing.refresh_clocks;
  for (Mask left = rank.banks; left != 0; left &= left - 1) {
    const auto bank = static_cast<std::uint32_t>(std::countr_zero(left));
    banks_[bank].conflicted = false;
    if (part_.refresh_banks == 0) {
      timers_.refresh(bank, now_);
    } else {
      timers_.refresh_banks(bank, now_);
    }
  }
  ++statistics_.refreshes;
  blocked_banks_ &= ~rank.banks;
  rank.pending = false;
  rank.done |= rank.banks;
  if (static_cast<std::uint32_t>(std::popcount(rank.done)) == part_.rank_banks()) rank.done = 0;
  rank.due += part_.timing.refi;
  find_next_due();
}

}  // namespace sterna::sim
