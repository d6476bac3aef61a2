// SPDX-License-Identifier: Apache-2.0

// The part of DramChannel that serves accesses to open rows.

#include <algorithm>
#include <limits>

#include "sim/dram/dram_channel.hpp"

namespace sterna::sim {

void DramChannel::serve(const NextHit& next, Clock limit) {
  const bool several = next.clock + short_gap_ < limit;
  if (!several || hits_.size() == 1 || in_order_ || part_.ranks > 1) {
    // Between columns of this run, another bank's would come as soon as it can.
    serve_alone(hits_[next.index], next.clock, hits_.size() > 1 ? 0 : limit);
  } else if (const std::uint64_t columns = columns_in_turn(next, limit); columns > 1) {
    serve_in_turn(next, columns);
  } else {
    serve_together(next, limit);
  }
}

/// How many columns can be served from all banks in hits_ in the order of their ages, one every
/// short_gap_, before `limit` and before a decision could come out differently; 0 if that is not
/// what happens.
///
/// So a stream runs through bank groups: the next in age is always the oldest, and as its group has
/// rested for a whole round it is ready, so none comes before it.
std::uint64_t DramChannel::columns_in_turn(const NextHit& next, Clock limit) const {
  const std::size_t n = hits_.size();
  if (n > part_.bank_groups || n * short_gap_ < column_gap_) return 0;
  std::uint64_t columns = (limit - 1 - next.clock) / short_gap_ + 1;
  if (hits_.front().write) {
    columns = std::min<std::uint64_t>(columns, drain_left_);
  } else if (waiting_[1] > 0) {
    columns = std::min<std::uint64_t>(columns, many_passes_ - passes_);
  }
  Mask groups = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const Hit& hit = hits_[(next.index + i) % n];
    const DramRun& run = queues_.run(hit.run);
    const Mask group = Mask{1} << timers_.group_of(hit.bank);
    const bool ready = hit.limits.own() <= next.clock + i * short_gap_;
    if (hit.age != next.age + i || run.stride != n || !ready || (groups & group) != 0 ||
        passes(hit)) {
      return 0;
    }
    groups |= group;
    columns = std::min(columns, run.left * n + i);
  }
  return columns;
}

void DramChannel::serve_in_turn(const NextHit& next, std::uint64_t columns) {
  const std::size_t n = hits_.size();
  const bool draining = drain_left_ > 0;
  for (std::uint64_t k = 0; trace_ != nullptr && k < columns; ++k) {
    record_column(hits_[(next.index + k) % n], next.clock + k * short_gap_);
  }
  bool all = true;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(n, columns); ++i) {
    Hit& hit = hits_[(next.index + i) % n];
    const auto its = static_cast<std::uint32_t>((columns - i + n - 1) / n);
    const Clock first = next.clock + i * short_gap_;
    const Clock last = first + (its - 1) * n * short_gap_;
    answer(queues_.run(hit.run), first, its, n * short_gap_);
    count_served(hit, its);
    if (hit.write) {
      timers_.write(hit.bank, last);
    } else {
      timers_.read(hit.bank, last);
    }
  }
  now_ = next.clock + (columns - 1) * short_gap_;
  bus(true) = now_ + part_.timing.column_clocks;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(n, columns); ++i) {
    all &= go_on(hits_[(next.index + i) % n], draining);
  }
  if (!all) known_ = false;
}

void DramChannel::record_column(const Hit& hit, Clock now) {
  record({.clock = now,
          .priority = Priority::Column,
          .kind = hit.write ? DramCommandKind::Write : DramCommandKind::Read,
          .bank = hit.bank,
          .age = 0,
          .run = hit.run});
  ++queues_.run(hit.run).column;
}

/// Serves columns of one run, the first at `now` and further ones before `limit`, before which no
/// other command begins: so what this run waits for is itself alone.
void DramChannel::serve_alone(Hit& hit, Clock now, Clock limit) {
  const bool draining = drain_left_ > 0;
  const std::uint32_t columns = columns_in_step(hit, now, limit);
  serve_columns(hit, now, columns);
  count_served(hit, columns);
  now_ = now + (columns - 1) * column_gap_;
  bus(true) = now_ + part_.timing.column_clocks;
  if (hit.write) {
    timers_.write(hit.bank, now_);
  } else {
    timers_.read(hit.bank, now_);
  }
  const std::uint32_t bank = hit.bank;
  const bool goes_on = go_on(hit, draining);
  if (in_order_) known_ = false;
  if (known_ && !goes_on) (void)offer_again(bank);
}

/// Serves the banks in hits_ by turns as long as nothing but columns can come, and before `limit`
/// (the first is due in any case): between columns, only those of the same rank wait for each other.
void DramChannel::serve_together(const NextHit& first, Clock limit) {
  const bool draining = drain_left_ > 0;
  for (Hit& hit : hits_) {
    group_ready_[timers_.group_of(hit.bank)] = 0;
    hit.last = 0;
  }
  NextHit next = first;
  bool goes_on = true;
  while (true) {
    Hit& hit = hits_[next.index];
    serve_columns(hit, next.clock, 1);
    count_served(hit, 1);
    hit.last = next.clock;
    group_ready_[timers_.group_of(hit.bank)] = next.clock + column_gap_;
    now_ = next.clock;
    goes_on = go_on(hit, draining);
    if (!goes_on) break;
    const NextHit after = next_together(next, now_ + short_gap_);
    if (after.clock >= limit) break;
    next = after;
  }
  bus(true) = now_ + part_.timing.column_clocks;
  const std::uint32_t bank = hits_[next.index].bank;
  for (const Hit& hit : hits_) {
    if (hit.last == 0) continue;
    if (hit.write) {
      timers_.write(hit.bank, hit.last);
    } else {
      timers_.read(hit.bank, hit.last);
    }
  }
  if (known_ && !goes_on) (void)offer_again(bank);
}

/// Which bank serves after `served`, from `start` on.
DramChannel::NextHit DramChannel::next_together(const NextHit& served, Clock start) const {
  const auto ready = [&](const Hit& hit) {
    return std::max({start, hit.limits.own(), group_ready_[timers_.group_of(hit.bank)]});
  };
  // A stream through all bank groups: the oldest was served, so the one that was asked for next is
  // the oldest now; if it is ready, nothing comes before it. Mostly it is the next in hits_.
  const std::size_t guess = served.index + 1 == hits_.size() ? 0 : served.index + 1;
  if (served.oldest && hits_[guess].age == served.age + 1 && ready(hits_[guess]) == start) {
    return {.clock = start, .index = guess, .age = served.age + 1, .oldest = true};
  }
  NextHit first;
  std::uint64_t oldest = kNever;
  for (std::size_t i = 0; i < hits_.size(); ++i) {
    const Clock clock = ready(hits_[i]);
    oldest = std::min(oldest, hits_[i].age);
    if (clock < first.clock || (clock == first.clock && hits_[i].age < first.age)) {
      first = {.clock = clock, .index = i, .age = hits_[i].age};
    }
  }
  first.oldest = first.age == oldest;
  return first;
}

/// How many columns may follow one another before a decision could come out differently.
std::uint32_t DramChannel::columns_in_step(const Hit& hit, Clock now, Clock limit) const {
  const DramRun& run = queues_.run(hit.run);
  // Strictly in order, a run that shares its request with others gives way after each access.
  if (now + column_gap_ >= limit || (in_order_ && run.stride > 1)) return 1;
  Clock columns = std::min<Clock>(run.left, (limit - now + column_gap_ - 1) / column_gap_);
  if (passes(hit)) columns = std::min<Clock>(columns, cap_ - banks_[hit.bank].passed);
  if (in_order_) return static_cast<std::uint32_t>(columns);
  if (hit.write) columns = std::min<Clock>(columns, drain_left_);
  if (!hit.write && waiting_[1] > 0) columns = std::min<Clock>(columns, many_passes_ - passes_);
  return static_cast<std::uint32_t>(columns);
}

void DramChannel::serve_columns(const Hit& hit, Clock now, std::uint32_t columns) {
  if (trace_ != nullptr) {
    for (std::uint32_t i = 0; i < columns; ++i) record_column(hit, now + i * column_gap_);
  }
  answer(queues_.run(hit.run), now, columns, column_gap_);
}

/// Answers `columns` accesses of a run, the first served at `now`, one every `gap`.
void DramChannel::answer(DramRun& run, Clock now, std::uint32_t columns, Clock gap) {
  DramPort& port = (*ports_)[run.port];
  const Clock end = now + answer_[run.write];
  if (run.write) {
    port.writes.written(run.slot, columns, ratio_.to_cycle(end + (columns - 1) * gap));
  } else if (columns == 1) {
    port.reads.arrive(run.slot, ratio_.to_cycle(end));
    run.slot += run.stride;
  } else {
    ClockRatio::Walk walk = ratio_.walk(end, gap);
    for (std::uint32_t i = 0; i < columns; ++i, walk.step()) {
      port.reads.arrive(run.slot, walk.cycle());
      run.slot += run.stride;
    }
  }
  run.age += columns * run.stride;
  run.left -= columns;
}

void DramChannel::count_served(const Hit& hit, std::uint32_t columns) {
  Bank& bank = banks_[hit.bank];
  if (bank.opened_by != nullptr) {
    ++(statistics_.*bank.opened_by);
    bank.opened_by = nullptr;
  }
  if (passes(hit)) bank.passed += columns;
  waiting_[hit.write] -= columns;
  (hit.write ? statistics_.writes : statistics_.reads) += columns;
  if (in_order_) return;
  if (hit.write) {
    drain_left_ -= columns;
  } else if (waiting_[1] > 0) {
    passes_ += columns;
  }
  choose_direction();
}

/// After columns of hit.run: whether its bank still has a column to offer, and which.
bool DramChannel::go_on(Hit& hit, bool draining) {
  const bool some = queues_.run(hit.run).left > 0 || next_run(hit);
  if (draining != (drain_left_ > 0)) known_ = false;
  if (!some || !known_ || (banks_[hit.bank].passed >= cap_ && passes(hit))) return false;
  hit.age = queues_.run(hit.run).age;
  return true;
}

/// Takes a run that has been served out of its bank; whether another to the open row is next.
bool DramChannel::next_run(Hit& hit) {
  Bank& bank = banks_[hit.bank];
  queues_.erase(hit.run);
  hit.run = queues_.oldest_to(bank.row, hit.bank, hit.write);
  bank.hit[hit.write] = hit.run;
  if (queues_.oldest(hit.bank, hit.write) == BankQueues::kNone) {
    waiting_banks_[hit.write] &= ~(Mask{1} << hit.bank);
  }
  return hit.run != BankQueues::kNone;
}

}  // namespace sterna::sim
