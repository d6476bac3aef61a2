// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sim/dram/dram_command.hpp"
#include "sim/dram/dram_part.hpp"

namespace sterna::sim {

/// The protocol of a part as its standard writes it: for each pair of commands the clocks that must
/// lie between them, and which commands a bank takes in which state. Looks back over all commands
/// that can still matter; shares no code with the scheduler.
class Protocol {
 public:
  explicit Protocol(const DramPart& part) : part_(part), rows_(part.channel_banks(), kClosed) {
    const DramTiming& t = part.timing;
    reach_ = std::max({t.rc, t.rfc, t.refresh_gap, t.faw, t.cwl + burst() + t.wr,
                       t.rtw + t.rank_switch, t.cwl + burst() + t.wtr_l}) +
             t.rank_switch;
  }

  /// Empty if the command may come, or what is wrong with it.
  [[nodiscard]] std::string objection(const DramCommand& b) const {
    if (const std::string state = wrong_state(b); !state.empty()) return state;
    std::uint32_t activates = 0;
    for (auto a = history_.rbegin(); a != history_.rend(); ++a) {
      if (b.clock < a->clock) return "time goes back";
      const std::uint64_t distance = b.clock - a->clock;
      if (distance > reach_) break;
      if (distance < gap(*a, b)) {
        return fmt::format("{} clocks after {} in rank {} bank {}, must be {}", distance,
                           name(a->kind), a->rank, a->bank, gap(*a, b));
      }
      const bool row =
          b.kind == DramCommandKind::Activate && a->kind == b.kind && a->rank == b.rank;
      activates += row ? 1 : 0;
      if (row && activates == 4 && distance < part_.timing.faw) return "fifth activate within tFAW";
    }
    return "";
  }

  void take(const DramCommand& c) {
    for (std::uint32_t bank = 0; bank < part_.rank_banks(); ++bank) {
      std::uint64_t& row = rows_[c.rank * part_.rank_banks() + bank];
      if (c.kind == DramCommandKind::Activate && bank == c.bank) row = c.row;
      if (c.kind == DramCommandKind::Precharge && bank == c.bank) row = kClosed;
      if (c.kind == DramCommandKind::PrechargeAll) row = kClosed;
    }
    history_.push_back(c);
    while (c.clock - history_.front().clock > reach_) history_.pop_front();
  }

  [[nodiscard]] bool open(std::uint32_t rank, std::uint32_t bank) const {
    return rows_[rank * part_.rank_banks() + bank] != kClosed;
  }
  [[nodiscard]] bool open_to(std::uint32_t rank, std::uint32_t bank, std::uint64_t row) const {
    return rows_[rank * part_.rank_banks() + bank] == row;
  }
  /// Whether a refresh of banks `c` takes `bank`.
  [[nodiscard]] bool refreshes(const DramCommand& c, std::uint32_t bank) const {
    if (c.kind == DramCommandKind::Refresh) return true;
    const std::uint32_t commands = part_.rank_banks() / part_.refresh_banks;
    return bank % commands == c.bank % commands;
  }

  static const char* name(DramCommandKind kind) {
    constexpr const char* kNames[] = {"ACT", "PRE", "PREA", "RD", "WR", "REF", "REFB"};
    return kNames[static_cast<int>(kind)];
  }

 private:
  static constexpr std::uint64_t kClosed = ~std::uint64_t{0};

  [[nodiscard]] std::uint32_t burst() const { return part_.burst_clocks(); }

  [[nodiscard]] std::string wrong_state(const DramCommand& c) const {
    using Kind = DramCommandKind;
    switch (c.kind) {
      case Kind::Activate:
      case Kind::Precharge:
        if (open(c.rank, c.bank) != (c.kind == Kind::Precharge)) return "bank open or closed";
        return "";
      case Kind::Read:
      case Kind::Write:
        if (c.column >= part_.row_bytes / part_.access_bytes()) return "no such column";
        return open_to(c.rank, c.bank, c.row) ? "" : "row is not open";
      case Kind::PrechargeAll:
        return "";
      case Kind::Refresh:
      case Kind::RefreshBanks:
        for (std::uint32_t bank = 0; bank < part_.rank_banks(); ++bank) {
          if (refreshes(c, bank) && open(c.rank, bank)) return "refresh of an open bank";
        }
        return (c.kind == Kind::Refresh) == (part_.refresh_banks == 0) ? "" : "wrong refresh";
    }
    return "no such command";
  }

  [[nodiscard]] bool on_row_bus(DramCommandKind kind) const {
    return kind != DramCommandKind::Read && kind != DramCommandKind::Write;
  }

  [[nodiscard]] std::uint64_t bus_gap(const DramCommand& a, const DramCommand& b) const {
    if (part_.split_command_bus && on_row_bus(a.kind) != on_row_bus(b.kind)) return 0;
    const DramTiming& t = part_.timing;
    switch (a.kind) {
      case DramCommandKind::Activate:
        return t.activate_clocks;
      case DramCommandKind::Precharge:
      case DramCommandKind::PrechargeAll:
        return t.precharge_clocks;
      case DramCommandKind::Read:
      case DramCommandKind::Write:
        return t.column_clocks;
      default:
        return t.refresh_clocks;
    }
  }

  [[nodiscard]] std::uint64_t gap(const DramCommand& a, const DramCommand& b) const {
    const std::uint64_t other = a.rank == b.rank ? rank_gap(a, b) : other_rank_gap(a, b);
    return std::max(bus_gap(a, b), other);
  }

  [[nodiscard]] std::uint64_t other_rank_gap(const DramCommand& a, const DramCommand& b) const {
    using Kind = DramCommandKind;
    const DramTiming& t = part_.timing;
    if (on_row_bus(a.kind) || on_row_bus(b.kind)) return 0;
    if (a.kind == b.kind) return burst() + t.rank_switch;
    if (a.kind == Kind::Read) return t.rtw + t.rank_switch;
    // Data of the write, the switch, then data of the read.
    const auto clocks = std::int64_t{t.cwl} + burst() + t.rank_switch - t.cl;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(clocks, 1));
  }

  [[nodiscard]] std::uint64_t rank_gap(const DramCommand& a, const DramCommand& b) const {
    using Kind = DramCommandKind;
    const DramTiming& t = part_.timing;
    const bool group = a.bank / part_.banks == b.bank / part_.banks;
    const bool bank = a.bank == b.bank;
    const bool closes_it = (b.kind == Kind::Precharge && bank) || b.kind == Kind::PrechargeAll;
    const bool refresh_of_it =
        b.kind == Kind::Refresh || (b.kind == Kind::RefreshBanks && refreshes(b, a.bank));
    const std::uint64_t write_data = t.cwl + burst();
    switch (a.kind) {
      case Kind::Activate:
        if (b.kind == Kind::Activate) return bank ? t.rc : group ? t.rrd_l : t.rrd_s;
        if (b.kind == Kind::Read && bank) return t.rcd_read;
        if (b.kind == Kind::Write && bank) return t.rcd_write;
        if (refresh_of_it) return t.rc;
        if (b.kind == Kind::RefreshBanks) return t.rrd_s;
        return closes_it ? t.ras : 0;
      case Kind::Precharge:
        if ((b.kind == Kind::Activate && bank) || refresh_of_it) return t.rp;
        return b.kind == Kind::Precharge || b.kind == Kind::PrechargeAll ? t.ppd : 0;
      case Kind::PrechargeAll:
        if (b.kind == Kind::Activate || refresh_of_it) return t.rp_all;
        return b.kind == Kind::Precharge || b.kind == Kind::PrechargeAll ? t.ppd : 0;
      case Kind::Read:
        if (b.kind == Kind::Read) return std::max(burst(), group ? t.ccd_l : t.ccd_s);
        if (b.kind == Kind::Write) return t.rtw;
        return closes_it ? t.rtp : 0;
      case Kind::Write:
        if (b.kind == Kind::Write) return std::max(burst(), group ? t.ccd_l : t.ccd_s);
        if (b.kind == Kind::Read) return write_data + (group ? t.wtr_l : t.wtr_s);
        return closes_it ? write_data + t.wr : 0;
      case Kind::Refresh:
        return b.kind == Kind::Refresh ? std::max(t.rfc, t.refresh_gap)
                                       : (b.kind == Kind::Activate ? t.rfc : 0);
      case Kind::RefreshBanks:
        if (b.kind == Kind::RefreshBanks) {
          return refreshes(a, b.bank) ? std::max(t.rfc, t.refresh_gap) : t.refresh_gap;
        }
        if (b.kind == Kind::Activate) return refreshes(a, b.bank) ? t.rfc : t.rrd_s;
        return 0;
    }
    return 0;
  }

  DramPart part_;
  std::vector<std::uint64_t> rows_;  // open row of each bank
  std::deque<DramCommand> history_;  // the last reach_ clocks
  std::uint64_t reach_;
};

}  // namespace sterna::sim
