// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "sim/dram/address_map.hpp"
#include "sim/dram/dram.hpp"
#include "tests/sim/dram/protocol.hpp"

namespace sterna::sim {

/// The rules of DramChannel as a machine that goes clock by clock, looks at every waiting access and
/// asks the protocol whether a command may come now. One channel; slow and obvious.
class NaiveChannel {
 public:
  struct Done {
    std::size_t request;    // index in the list given to run()
    std::uint32_t granule;  // in the request
    std::uint64_t cycle;
  };

  NaiveChannel(const DramConfig& config, std::uint32_t channel)
      : config_(config),
        channel_(channel),
        map_(config.part, config.channels, config.mapping),
        protocol_(config.part),
        banks_(config.part.channel_banks()) {
    for (std::uint32_t r = 0; r < config.part.ranks; ++r) {
      refresh_.push_back(
          {.due = std::uint64_t{config.part.timing.refi} * (r + 1) / config.part.ranks});
    }
  }

  /// Runs up to `end` (a clock); `requests` in the order of their cycles.
  void run(const std::vector<DramRequest>& requests, std::uint64_t end) {
    std::size_t next = 0;
    for (now_ = 0; now_ < end; ++now_) {
      while (next < requests.size() && arrival(requests[next].cycle) <= now_) {
        enqueue(requests[next], next);
        ++next;
      }
      for (std::uint32_t rank = 0; rank < refresh_.size(); ++rank) {
        if (!refresh_[rank].pending && now_ >= refresh_[rank].due) begin_refresh(rank);
      }
      while (const auto command = choose()) issue(*command);
    }
  }

  [[nodiscard]] const std::vector<DramCommand>& commands() const { return commands_; }
  [[nodiscard]] const std::vector<Done>& done() const { return done_; }

 private:
  struct Access {
    std::size_t request;
    std::uint32_t granule;
    DramCommand command;  // Read or Write, its clock not yet known
  };
  struct Refresh {
    std::uint64_t due;
    bool pending = false;
    std::uint32_t turn = 0;          // first bank of the pending refresh
    std::set<std::uint32_t> done{};  // turns taken since all were
  };
  struct Bank {
    std::uint32_t passed = 0;
  };

  [[nodiscard]] std::uint64_t arrival(std::uint64_t cycle) const {
    return (cycle * config_.part.clock_khz + config_.asker_khz - 1) / config_.asker_khz;
  }

  void enqueue(const DramRequest& request, std::size_t index) {
    const std::uint32_t granule = config_.part.access_bytes();
    const std::uint64_t first = request.address / granule;
    const std::uint64_t last = (request.address + request.bytes - 1) / granule;
    bool mine = false;
    for (std::uint64_t a = first; a <= last; ++a) {
      const DramLocation at = map_.locate(a);
      if (at.channel != channel_) continue;
      mine = true;
      const auto kind = request.write ? DramCommandKind::Write : DramCommandKind::Read;
      waiting_.push_back({.request = index,
                          .granule = static_cast<std::uint32_t>(a - first),
                          .command = {.clock = 0,
                                      .kind = kind,
                                      .channel = channel_,
                                      .rank = at.rank,
                                      .bank = at.bank_group * config_.part.banks + at.bank,
                                      .row = at.row,
                                      .column = at.column}});
    }
    if (mine) choose_direction();
  }

  [[nodiscard]] std::uint32_t count(DramCommandKind kind) const {
    return static_cast<std::uint32_t>(std::count_if(
        waiting_.begin(), waiting_.end(), [&](const Access& a) { return a.command.kind == kind; }));
  }

  void choose_direction() {
    const std::uint32_t writes = count(DramCommandKind::Write);
    if (drain_ > 0 || writes == 0) return;
    if (count(DramCommandKind::Read) == 0 || writes >= std::max(config_.queue_depth * 3 / 4, 1U) ||
        passes_ >= config_.queue_depth * 4) {
      drain_ = writes;
      passes_ = 0;
    }
  }

  void begin_refresh(std::uint32_t rank) {
    Refresh& r = refresh_[rank];
    r.pending = true;
    std::vector<std::uint32_t> turns;  // unwanted ones first
    for (const bool wanted : {false, true}) {
      for (r.turn = 0; r.turn < config_.part.refresh_sets(); ++r.turn) {
        const bool some = std::ranges::any_of(waiting_, [&](const Access& a) {
          return a.command.rank == rank && blocked(a.command);
        });
        if (!r.done.contains(r.turn) && some == wanted) turns.push_back(r.turn);
      }
    }
    r.turn = turns.front();
  }

  [[nodiscard]] DramCommand refresh_command(std::uint32_t rank) const {
    const bool all = config_.part.refresh_banks == 0;
    return {.clock = now_,
            .kind = all ? DramCommandKind::Refresh : DramCommandKind::RefreshBanks,
            .channel = channel_,
            .rank = rank,
            .bank = all ? 0 : refresh_[rank].turn,
            .row = 0,
            .column = 0};
  }

  [[nodiscard]] bool blocked(const DramCommand& c) const {
    return refresh_[c.rank].pending && protocol_.refreshes(refresh_command(c.rank), c.bank);
  }

  [[nodiscard]] bool may(DramCommand c) const {
    c.clock = now_;
    return protocol_.objection(c).empty();
  }

  static DramCommand with_kind(DramCommand c, DramCommandKind kind) {
    c.kind = kind;
    if (kind != DramCommandKind::Activate) c.row = 0;
    c.column = 0;
    return c;
  }

  [[nodiscard]] std::optional<DramCommand> choose() {
    if (const auto c = choose_refresh()) return c;
    if (const auto c = choose_column()) return c;
    if (const auto c = choose_row()) return c;
    return config_.page_policy == PagePolicy::Closed ? choose_tidy() : std::nullopt;
  }

  [[nodiscard]] std::optional<DramCommand> choose_refresh() const {
    std::vector<std::uint32_t> order(refresh_.size());
    for (std::uint32_t r = 0; r < order.size(); ++r) order[r] = r;
    std::ranges::stable_sort(order, {}, [&](std::uint32_t r) { return refresh_[r].due; });
    for (const std::uint32_t r : order) {
      if (!refresh_[r].pending) continue;
      DramCommand c = refresh_command(r);
      for (std::uint32_t bank = config_.part.rank_banks(); bank-- > 0;) {
        if (!protocol_.refreshes(refresh_command(r), bank) || !protocol_.open(r, bank)) continue;
        c.kind = config_.part.refresh_banks == 0 ? DramCommandKind::PrechargeAll
                                                 : DramCommandKind::Precharge;
        c.bank = bank;
      }
      if (may(c)) return c;
    }
    return std::nullopt;
  }

  /// The accesses that may be served now, oldest first.
  [[nodiscard]] std::vector<const Access*> candidates() const {
    std::vector<const Access*> result;
    const bool in_order = config_.scheduler == DramScheduler::InOrder;
    const auto kind = drain_ > 0 ? DramCommandKind::Write : DramCommandKind::Read;
    for (const Access& a : waiting_) {
      if (in_order || a.command.kind == kind) result.push_back(&a);
      if (in_order) break;
    }
    std::erase_if(result, [&](const Access* a) { return blocked(a->command); });
    return result;
  }

  [[nodiscard]] const Access* oldest_of_bank(const Access& of) const {
    for (const Access& a : waiting_) {
      if (a.command.kind == of.command.kind && same_bank(a.command, of.command)) return &a;
    }
    return nullptr;
  }

  static bool same_bank(const DramCommand& a, const DramCommand& b) {
    return a.rank == b.rank && a.bank == b.bank;
  }

  [[nodiscard]] bool hit(const DramCommand& c) const {
    return protocol_.open_to(c.rank, c.bank, c.row);
  }

  [[nodiscard]] std::uint32_t& passed(const DramCommand& c) {
    return banks_[c.rank * config_.part.rank_banks() + c.bank].passed;
  }

  /// Whether the open row of the access's bank may serve it (or another to that row).
  [[nodiscard]] bool servable(const Access& a) {
    return hit(a.command) &&
           (hit(oldest_of_bank(a)->command) || passed(a.command) < config_.starvation_cap);
  }

  [[nodiscard]] std::optional<DramCommand> choose_column() {
    for (const Access* a : candidates()) {
      if (servable(*a) && may(a->command)) return at_now(a->command);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<DramCommand> choose_row() {
    const auto all = candidates();
    for (const Access* a : all) {
      if (oldest_of_bank(*a) != a) continue;
      if (!protocol_.open(a->command.rank, a->command.bank)) {
        const DramCommand c = with_kind(a->command, DramCommandKind::Activate);
        if (may(c)) return at_now(c);
        continue;
      }
      const bool some = std::ranges::any_of(
          all, [&](const Access* b) { return same_bank(a->command, b->command) && servable(*b); });
      const DramCommand c = with_kind(a->command, DramCommandKind::Precharge);
      if (!some && may(c)) return at_now(c);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<DramCommand> choose_tidy() const {
    for (std::uint32_t r = 0; r < config_.part.ranks; ++r) {
      for (std::uint32_t bank = 0; bank < config_.part.rank_banks(); ++bank) {
        const DramCommand c = {.clock = now_,
                               .kind = DramCommandKind::Precharge,
                               .channel = channel_,
                               .rank = r,
                               .bank = bank,
                               .row = 0,
                               .column = 0};
        if (!protocol_.open(r, bank) || blocked(c)) continue;
        const bool wanted = std::ranges::any_of(
            waiting_, [&](const Access& a) { return same_bank(a.command, c) && hit(a.command); });
        if (!wanted && may(c)) return c;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] DramCommand at_now(DramCommand c) const {
    c.clock = now_;
    return c;
  }

  void issue(const DramCommand& c) {
    const bool column = c.kind == DramCommandKind::Read || c.kind == DramCommandKind::Write;
    if (column) serve(c);
    if (c.kind == DramCommandKind::Activate) passed(c) = 0;
    protocol_.take(c);
    commands_.push_back(c);
    if (c.kind == DramCommandKind::Refresh || c.kind == DramCommandKind::RefreshBanks) {
      Refresh& r = refresh_[c.rank];
      r.pending = false;
      r.due += config_.part.timing.refi;
      r.done.insert(r.turn);
      if (r.done.size() == config_.part.refresh_sets()) r.done.clear();
    }
  }

  void serve(const DramCommand& c) {
    const auto found = std::ranges::find_if(waiting_, [&](const Access& a) {
      DramCommand wanted = a.command;
      wanted.clock = c.clock;
      return wanted == c;
    });
    if (!hit(oldest_of_bank(*found)->command)) ++passed(c);
    const bool write = c.kind == DramCommandKind::Write;
    const DramTiming& t = config_.part.timing;
    const std::uint64_t end = now_ + (write ? t.cwl : t.cl) + config_.part.burst_clocks();
    done_.push_back(
        {.request = found->request,
         .granule = found->granule,
         .cycle = (end * config_.asker_khz + config_.part.clock_khz - 1) / config_.part.clock_khz});
    waiting_.erase(found);
    if (write) {
      if (drain_ > 0) --drain_;
    } else if (count(DramCommandKind::Write) > 0) {
      ++passes_;
    }
    choose_direction();
  }

  DramConfig config_;
  std::uint32_t channel_;
  AddressMap map_;
  Protocol protocol_;
  std::vector<Bank> banks_;
  std::vector<Refresh> refresh_;
  std::vector<Access> waiting_;  // oldest first
  std::uint32_t drain_ = 0;
  std::uint32_t passes_ = 0;
  std::uint64_t now_ = 0;
  std::vector<DramCommand> commands_;
  std::vector<Done> done_;
};

}  // namespace sterna::sim
