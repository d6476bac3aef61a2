// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "sim/dram/dram_part.hpp"

namespace sterna::sim {

/// When each command may come next, for all banks of one channel; the command bus is not in here.
///
/// Every command pushes the earliest clocks of those that it constrains; the latest push stands.
/// Banks are numbered through the channel: rank * rank_banks() + bank of the rank.
class BankTimers {
 public:
  using Clock = std::uint64_t;

  explicit BankTimers(const DramPart& part)
      : t_(part.timing),
        burst_(part.burst_clocks()),
        short_gap_(std::max<Clock>(part.timing.ccd_s, burst_)),
        long_gap_(std::max<Clock>(part.timing.ccd_l, short_gap_)),
        group_shift_(static_cast<std::uint32_t>(std::countr_zero(part.banks))),
        rank_shift_(static_cast<std::uint32_t>(std::countr_zero(part.rank_banks()))),
        banks_(part.channel_banks()),
        groups_(std::size_t{part.ranks} * part.bank_groups),
        ranks_(part.ranks) {}

  [[nodiscard]] std::uint32_t rank_of(std::uint32_t bank) const { return bank >> rank_shift_; }
  /// Through the channel.
  [[nodiscard]] std::uint32_t group_of(std::uint32_t bank) const { return bank >> group_shift_; }

  [[nodiscard]] Clock activate_at(std::uint32_t bank) const {
    const Rank& rank = ranks_[rank_of(bank)];
    return std::max({banks_[bank].activate, groups_[bank >> group_shift_].activate, rank.activate,
                     rank.window[rank.oldest]});
  }
  [[nodiscard]] Clock precharge_at(std::uint32_t bank) const {
    return std::max(banks_[bank].precharge, ranks_[rank_of(bank)].precharge);
  }
  [[nodiscard]] Clock column_at(std::uint32_t bank, bool write) const {
    return std::max({banks_[bank].column[write], groups_[bank >> group_shift_].column[write],
                     ranks_[rank_of(bank)].column[write]});
  }
  /// column_at() for asking often. Good until the bank is activated again.
  class ColumnLimits {
   public:
    ColumnLimits(Clock bank, const Clock& group, const Clock& rank)
        : bank_(bank), group_(&group), rank_(&rank) {}

    [[nodiscard]] Clock at() const { return std::max(own(), shared()); }
    [[nodiscard]] Clock own() const { return std::max(bank_, *group_); }
    [[nodiscard]] Clock shared() const { return *rank_; }

   private:
    Clock bank_;
    const Clock* group_;
    const Clock* rank_;
  };
  [[nodiscard]] ColumnLimits column_limits(std::uint32_t bank, bool write) const {
    return {banks_[bank].column[write], groups_[bank >> group_shift_].column[write],
            ranks_[rank_of(bank)].column[write]};
  }

  /// Of one closed bank; a refresh of the rank waits for each.
  [[nodiscard]] Clock refresh_at(std::uint32_t bank) const {
    return std::max(banks_[bank].activate, ranks_[rank_of(bank)].refresh);
  }
  /// A refresh of single banks is to the rank what an activate is.
  [[nodiscard]] Clock refresh_banks_at(std::uint32_t bank) const {
    return std::max(refresh_at(bank), ranks_[rank_of(bank)].activate);
  }

  /// From one column access to the next of the same direction and bank group.
  [[nodiscard]] Clock column_gap() const { return long_gap_; }
  /// Of the same direction and rank, any bank group.
  [[nodiscard]] Clock short_column_gap() const { return short_gap_; }

  void activate(std::uint32_t bank, Clock now) {
    Bank& b = banks_[bank];
    push(b.column[0], now + t_.rcd_read);
    push(b.column[1], now + t_.rcd_write);
    push(b.precharge, now + t_.ras);
    push(b.activate, now + t_.rc);
    push(groups_[bank >> group_shift_].activate, now + t_.rrd_l);
    Rank& rank = ranks_[rank_of(bank)];
    push(rank.activate, now + t_.rrd_s);
    rank.window[rank.oldest] = now + t_.faw;
    rank.oldest = (rank.oldest + 1) % kWindow;
  }

  void precharge(std::uint32_t bank, Clock now) {
    push(banks_[bank].activate, now + t_.rp);
    push(ranks_[rank_of(bank)].precharge, now + t_.ppd);
  }

  /// To one of the banks that a precharge of the whole rank closes.
  void precharge_all(std::uint32_t bank, Clock now) {
    push(banks_[bank].activate, now + t_.rp_all);
    push(ranks_[rank_of(bank)].precharge, now + t_.ppd);
  }

  void read(std::uint32_t bank, Clock now) {
    push(banks_[bank].precharge, now + t_.rtp);
    push(groups_[bank >> group_shift_].column[0], now + long_gap_);
    Rank& rank = ranks_[rank_of(bank)];
    push(rank.column[0], now + short_gap_);
    push(rank.column[1], now + t_.rtw);
    for_other_ranks(bank, [&](Rank& other) {
      push(other.column[0], now + burst_ + t_.rank_switch);
      push(other.column[1], now + t_.rtw + t_.rank_switch);
    });
  }

  void write(std::uint32_t bank, Clock now) {
    const Clock data_end = now + t_.cwl + burst_;
    push(banks_[bank].precharge, data_end + t_.wr);
    Group& group = groups_[bank >> group_shift_];
    push(group.column[1], now + long_gap_);
    push(group.column[0], data_end + t_.wtr_l);
    Rank& rank = ranks_[rank_of(bank)];
    push(rank.column[1], now + short_gap_);
    push(rank.column[0], data_end + t_.wtr_s);
    for_other_ranks(bank, [&](Rank& other) {
      push(other.column[1], now + burst_ + t_.rank_switch);
      // The data of the read come CL after it, and not before the bus has switched.
      push(other.column[0], std::max(data_end + t_.rank_switch, now + 1 + t_.cl) - t_.cl);
    });
  }

  /// To one of the banks that a refresh takes.
  void refresh(std::uint32_t bank, Clock now) {
    push(banks_[bank].activate, now + t_.rfc);
    push(ranks_[rank_of(bank)].refresh, now + t_.refresh_gap);
  }

  void refresh_banks(std::uint32_t bank, Clock now) {
    refresh(bank, now);
    push(ranks_[rank_of(bank)].activate, now + t_.rrd_s);
  }

 private:
  static constexpr std::size_t kWindow = 4;  // activates that tFAW spans

  struct Bank {
    Clock activate = 0;
    Clock precharge = 0;
    std::array<Clock, 2> column{};  // read, write
  };
  struct Group {
    Clock activate = 0;
    std::array<Clock, 2> column{};
  };
  struct Rank {
    Clock activate = 0;
    Clock precharge = 0;
    Clock refresh = 0;
    std::array<Clock, 2> column{};
    std::array<Clock, kWindow> window{};  // end of tFAW after each of the last four activates
    std::size_t oldest = 0;
  };

  static void push(Clock& earliest, Clock to) { earliest = std::max(earliest, to); }

  template <typename Visit>
  void for_other_ranks(std::uint32_t bank, Visit visit) {
    if (ranks_.size() == 1) return;
    for (std::uint32_t r = 0; r < ranks_.size(); ++r) {
      if (r != rank_of(bank)) visit(ranks_[r]);
    }
  }

  DramTiming t_;
  Clock burst_;
  Clock short_gap_;  // column to column of one direction, other bank group
  Clock long_gap_;   // same bank group
  std::uint32_t group_shift_;
  std::uint32_t rank_shift_;
  std::vector<Bank> banks_;
  std::vector<Group> groups_;
  std::vector<Rank> ranks_;
};

}  // namespace sterna::sim
