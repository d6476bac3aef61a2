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
  for (std::uint32_t r = 0; r < refresh_.size(); ++r) {
    RankRefresh& rank = refresh_[r];
    if (rank.pending || rank.due > wake_) continue;
    rank.pending = true;
    rank.banks = 0;
    const std::uint32_t sets = part_.refresh_sets();
    for (std::uint32_t bank = 0; bank < part_.rank_banks(); ++bank) {
      if (bank % sets == rank.set) rank.banks |= Mask{1} << (r * part_.rank_banks() + bank);
    }
    blocked_banks_ |= rank.banks;
    now_ = std::max(now_, rank.due);
  }
  find_next_due();
}

void DramChannel::offer_refreshes(Decision& decision) const {
  for (const RankRefresh& rank : refresh_) {
    if (!rank.pending) continue;
    Choice choice{.priority = Priority::Refresh,
                  .bank = static_cast<std::uint32_t>(std::countr_zero(rank.banks)),
                  .age = rank.due};
    const bool all = part_.refresh_banks == 0;
    const Mask open = rank.banks & open_banks_;
    choice.kind = open == 0 ? (all ? DramCommandKind::Refresh : DramCommandKind::RefreshBanks)
                            : (all ? DramCommandKind::PrechargeAll : DramCommandKind::Precharge);
    if (open != 0) choice.bank = static_cast<std::uint32_t>(std::countr_zero(open));
    // Single banks are closed one by one; everything else waits for the last of its banks.
    const bool one = open != 0 && !all;
    Clock at = 0;
    for (Mask left = one ? open & (~open + 1) : (open != 0 ? open : rank.banks); left != 0;
         left &= left - 1) {
      const auto bank = static_cast<std::uint32_t>(std::countr_zero(left));
      const Clock refresh = all ? timers_.refresh_at(bank) : timers_.refresh_banks_at(bank);
      at = std::max(at, open != 0 ? timers_.precharge_at(bank) : refresh);
    }
    choice.clock = earliest(at, false);
    decision.offer(choice);
  }
}

void DramChannel::finish_refresh(const Choice& choice) {
  const DramTiming& t = part_.timing;
  const std::uint32_t r = timers_.rank_of(choice.bank);
  RankRefresh& rank = refresh_[r];
  if (choice.kind == DramCommandKind::PrechargeAll) {
    bus(false) = choice.clock + t.precharge_clocks;
    for (Mask left = rank.banks & open_banks_; left != 0; left &= left - 1) {
      const auto bank = static_cast<std::uint32_t>(std::countr_zero(left));
      timers_.precharge_all(bank, choice.clock);
      close(bank);
    }
    return;
  }
  bus(false) = choice.clock + t.refresh_clocks;
  for (Mask left = rank.banks; left != 0; left &= left - 1) {
    const auto bank = static_cast<std::uint32_t>(std::countr_zero(left));
    banks_[bank].conflicted = false;
    if (part_.refresh_banks == 0) {
      timers_.refresh(bank, choice.clock);
    } else {
      timers_.refresh_banks(bank, choice.clock);
    }
  }
  ++statistics_.refreshes;
  blocked_banks_ &= ~rank.banks;
  rank.pending = false;
  rank.set = (rank.set + 1) % part_.refresh_sets();
  rank.due += t.refi;
  find_next_due();
}

}  // namespace sterna::sim
