// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/clocked_tmu.hpp"

#include <algorithm>

#include "sim/streams/result_path.hpp"

namespace sterna::sim {

ClockedTmu::ClockedTmu(const UnitConfig& unit)
    : unit_(unit), fifo_(unit.engines), results_(unit.result_fifo_beats) {}

void ClockedTmu::start() {
  state_ = State::Idle;
  accepted_ = false;
  std::fill(fifo_.begin(), fifo_.end(), 0);
  oldest_result_ = next_result_ = 0;
  credits_ = unit_.result_fifo_beats;
  stall_ = nullptr;
  columns_.stop();
}

void ClockedTmu::accept(const TmuTask& task) {
  const TmuCommand& command = task.command;
  accepted_ = true;
  command_ = command;
  shape_ = shape_of(unit_, command);
  loads_left_ = command.columns != 0 ? 0 : activation_beats(unit_, command);
  engines_ = shape_.groups == 1 ? shape_.last_group_engines : unit_.engines;
  group_ = beat_ = chunk_ = 0;
  counters_ = {};
  counters_.load_cycles = counters_.activation_writes = loads_left_;
  if (command.columns != 0) columns_.start(task);
}

bool ClockedTmu::has_weights() const {
  for (std::uint32_t e = 0; e < engines_; ++e) {
    if (fifo_[e] == 0) return false;
  }
  return true;
}

void ClockedTmu::pop_weights() {
  for (std::uint32_t e = 0; e < engines_; ++e) --fifo_[e];
}

bool ClockedTmu::clock(std::uint64_t cycle, const Events& events) {
  bool moved =
      accepted_ || events.weights != 0 || events.activation || events.result || events.column;
  stall_ = nullptr;
  const std::uint32_t credits = credits_;
  const bool by_columns = state_ == State::Columns;
  switch (state_) {
    case State::Idle:
      break;
    case State::Load:
      if (!events.activation) {
        stall_ = &counters_.activation_stall_cycles;
      } else if (--loads_left_ == 0) {
        state_ = State::Compute;
        slot_from_ = cycle + 1;
      }
      break;
    case State::Compute:
      if (cycle >= slot_from_) moved |= issue(cycle);
      break;
    case State::Columns:
      moved |= issue_column();
      break;
    case State::Gather:
      moved |= gather(cycle);
      break;
    case State::Drain:
      stall_ = &counters_.drain_cycles;
      if (credits == unit_.result_fifo_beats) {
        state_ = State::Respond;
        moved = true;
      }
      break;
    case State::Respond:
      counters_.respond_cycles = 1;
      state_ = State::Idle;
      moved = true;
      break;
  }
  if (stall_ != nullptr) ++*stall_;
  if (by_columns) moved |= columns_.clock(events.activation, events.column);
  if (accepted_) {
    state_ = command_.columns != 0 ? State::Columns
             : loads_left_ == 0    ? State::Compute
                                   : State::Load;
    slot_from_ = cycle + 1;
    accepted_ = false;
  }
  for (std::uint32_t e = 0; events.weights >> e != 0; ++e) fifo_[e] += events.weights >> e & 1U;
  if (events.result) {
    ++credits_;
    oldest_result_ = oldest_result_ + 1 == results_.size() ? 0 : oldest_result_ + 1;
  }
  return moved;
}

// The next slot, or the reason why there is none.
bool ClockedTmu::issue(std::uint64_t cycle) {
  if (chunk_ == 0 && !has_weights()) {
    stall_ = &counters_.weight_stall_cycles;
    return false;
  }
  if (beat_ + 1 < command_.beats) {
    pop_weights();
    ++beat_;
    slot_from_ = cycle + shape_.chunks;
    return true;
  }
  if (credits_ == 0) {
    stall_ = &counters_.result_stall_cycles;
    return false;
  }
  if (chunk_ == 0) pop_weights();
  put_result(cycle);
  if (++chunk_ == shape_.chunks) end_group();
  return true;
}

void ClockedTmu::put_result(std::uint64_t cycle) {
  --credits_;
  results_[next_result_] = cycle + kIssueToResult;
  next_result_ = next_result_ + 1 == results_.size() ? 0 : next_result_ + 1;
}

// A beat of the oldest column in all engines.
bool ClockedTmu::issue_column() {
  if (!columns_.has_activation()) {
    if (columns_.last()) {
      ++counters_.drain_cycles;
      state_ = State::Gather;
      return true;
    }
    stall_ = &counters_.activation_stall_cycles;
    return false;
  }
  if (std::find(fifo_.begin(), fifo_.end(), 0) != fifo_.end()) {
    stall_ = &counters_.weight_stall_cycles;
    return false;
  }
  for (std::uint32_t& held : fifo_) --held;
  ++counters_.issue_cycles;
  counters_.weight_beats += unit_.engines;
  counters_.row_slots += unit_.engines;
  if (++beat_ == command_.beats) {
    beat_ = 0;
    columns_.pop();
  }
  return true;
}

// The sums of a row group.
bool ClockedTmu::gather(std::uint64_t cycle) {
  if (credits_ == 0) {
    stall_ = &counters_.result_stall_cycles;
    return false;
  }
  put_result(cycle);
  ++counters_.drain_cycles;
  ++counters_.result_beats;
  counters_.sums += group_ + 1 == shape_.groups ? shape_.last_group_engines : unit_.engines;
  if (++group_ == shape_.groups) state_ = State::Drain;
  return true;
}

void ClockedTmu::end_group() {
  count_group(command_, shape_, engines_, counters_);
  beat_ = chunk_ = 0;
  ++group_;
  if (group_ == shape_.groups) {
    state_ = State::Drain;
  } else if (group_ + 1 == shape_.groups) {
    engines_ = shape_.last_group_engines;
  }
}

ClockedTmu::Slots ClockedTmu::plain_slots(std::uint64_t cycle) const {
  Slots slots{
      .count = 0, .first = std::max(slot_from_, cycle), .each = shape_.chunks, .engines = engines_};
  // A slot a cycle pops again before the beat is pushed.
  if (state_ != State::Compute || accepted_ || chunk_ != 0 || shape_.chunks < 2) return slots;
  if (credits_ != unit_.result_fifo_beats) return slots;
  for (const std::uint32_t held : fifo_) {
    if (held != unit_.weight_fifo_beats) return slots;
  }
  slots.count = command_.beats - 1 - beat_;  // the last gives results
  return slots;
}

void ClockedTmu::pass(const Slots& slots) {
  beat_ += slots.count;
  slot_from_ = slots.first + std::uint64_t{slots.count} * slots.each;
  stall_ = nullptr;
}

std::uint64_t ClockedTmu::next_event(std::uint64_t cycle) const {
  std::uint64_t next = kNever;
  if (state_ == State::Compute && slot_from_ > cycle) next = slot_from_;
  if (credits_ != unit_.result_fifo_beats && results_[oldest_result_] > cycle) {
    next = std::min(next, results_[oldest_result_]);
  }
  return next;
}

}  // namespace sterna::sim
