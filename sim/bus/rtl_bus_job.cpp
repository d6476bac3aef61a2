// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/rtl_bus_job.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace sterna::sim {

RtlBusJob::RtlBusJob(TmuAxiUnit& unit, BusMemory& memory, const HardwareConfig& hardware,
                     const BusLayout& layout, std::span<const TmuTask> tasks)
    : unit_(unit),
      memory_(memory),
      layout_(layout),
      tasks_(tasks),
      readers_(memory.readers()),
      reads_(hardware.unit.engines, layout, tasks),
      writes_(hardware, layout, tasks) {
  reports_.reserve(tasks.size());
}

std::vector<CommandReport> RtlBusJob::run(const std::optional<WaveWindow>& waves) {
  unit_.reset();
  memory_.start();
  set_registers();
  WaveRecorder recorder(unit_, waves);
  while (done_ < tasks_.size()) {
    recorder.before(cycle_);
    clock();
  }
  recorder.before(cycle_);
  finish();
  return std::move(reports_);
}

MovedBytes RtlBusJob::moved_bytes() const {
  MovedBytes moved = memory_.read_bytes();
  return moved += writes_.moved_bytes();
}

///////////////
// Registers //
///////////////

void RtlBusJob::set_registers() {
  unit_.in.lite_b_ready = true;
  set64(axi::Reg::RingBaseLo, layout_.ring_base);
  set(axi::Reg::RingSize, layout_.ring_log2 << axi::ring_size::kLog2Shift);
  set64(axi::Reg::CompletionBaseLo, layout_.completion_base);
  set64(axi::Reg::WindowBaseLo, layout_.window_base);
  set64(axi::Reg::WindowLimitLo, layout_.window_limit);
  set(axi::Reg::Control, axi::control::kEnable);
  set_until_it_acts(axi::Reg::Tail, static_cast<std::uint32_t>(tasks_.size()));
}

void RtlBusJob::set64(axi::Reg low, std::uint64_t value) {
  constexpr std::uint32_t kHigh = 4;
  set(low, static_cast<std::uint32_t>(value));
  set(static_cast<axi::Reg>(static_cast<std::uint32_t>(low) + kHigh),
      static_cast<std::uint32_t>(value >> 32));
}

void RtlBusJob::set(axi::Reg reg, std::uint32_t value) {
  set_until_it_acts(reg, value);
  unit_.step();
}

// Ends in the cycle that shows the answer, which is the first in which the value acts.
void RtlBusJob::set_until_it_acts(axi::Reg reg, std::uint32_t value) {
  constexpr int kMostCycles = 8;  // a register access answers in three
  auto& in = unit_.in;
  in.lite_aw_valid = in.lite_w_valid = true;
  in.lite_aw_addr = static_cast<std::uint16_t>(reg);
  in.lite_w_data = value;
  for (int i = 0; !unit_.out.lite_b_valid && i < kMostCycles; ++i) {
    const bool address = unit_.out.lite_aw_ready;
    const bool data = unit_.out.lite_w_ready;
    unit_.step();
    in.lite_aw_valid = in.lite_aw_valid && !address;
    in.lite_w_valid = in.lite_w_valid && !data;
  }
  if (!unit_.out.lite_b_valid || unit_.out.lite_b_resp != 0) {
    throw std::runtime_error(fmt::format("the RTL {} a write to its register {:#x}",
                                         unit_.out.lite_b_valid ? "refuses" : "does not answer",
                                         static_cast<std::uint32_t>(reg)));
  }
}

////////////
// Cycles //
////////////

void RtlBusJob::clock() {
  // (1) The memory answers what the masters show; outputs depend on registers only.
  memory_.advance(cycle_);
  take_addresses();
  offer_beats();
  take_writes();
  offer_answer();

  // (2) The edge.
  unit_.step();
  see_inside();

  // (3) Watch for a unit that waits for nothing.
  if (cycle_ >= last_progress_ + kPatienceCycles) check_progress();
  ++cycle_;
}

// The cycle after the last record's answer: what the unit has against it would be lost in the next reset.
void RtlBusJob::finish() {
  unit_.in = {};
  unit_.step();
  check_assertions();
}

void RtlBusJob::take_addresses() {
  bool any = false;
  for (std::uint32_t r = 0; r < readers_; ++r) {
    const TmuAxiUnit::ReadOutputs& pins = unit_.out.readers[r];
    const BusMemory::Address asked = {
        .valid = pins.ar_valid, .address = pins.ar_addr, .beats = std::uint32_t{pins.ar_len} + 1};
    any |= asked.valid;
    if (asked.valid && asked != addresses_[r]) {
      data_[r] = reads_.at(asked.address, std::size_t{asked.beats} * memory_.beat_bytes(r));
    }
    addresses_[r] = asked;
  }
  const std::uint32_t taken =
      any ? memory_.take_addresses(std::span(addresses_).first(readers_)) : 0;
  for (std::uint32_t r = 0; r < readers_; ++r) {
    const bool ready = (taken >> r & 1U) != 0;
    unit_.in.readers[r].ar_ready = ready;
    if (!ready) continue;
    bursts_[r].push_back({.next = data_[r], .beats = addresses_[r].beats});
    last_progress_ = cycle_;
  }
}

void RtlBusJob::offer_beats() {
  for (std::uint32_t r = 0; r < readers_; ++r) {
    TmuAxiUnit::ReadInputs& pins = unit_.in.readers[r];
    pins.r_valid = memory_.has_beat(r);
    if (!pins.r_valid) continue;
    Burst& burst = bursts_[r].front();
    pins.r_last = memory_.take_beat(r);
    pins.r_data = burst.next;
    burst.next += memory_.beat_bytes(r);
    if (--burst.beats == 0) bursts_[r].pop_front();
    last_progress_ = cycle_;
  }
}

void RtlBusJob::take_writes() {
  const TmuAxiUnit::Outputs& out = unit_.out;
  unit_.in.aw_ready = memory_.aw_ready();
  unit_.in.w_ready = memory_.w_ready();
  if (out.aw_valid && unit_.in.aw_ready) {
    memory_.take_write_address(out.aw_addr, std::uint32_t{out.aw_len} + 1);
    writes_.take_address(out.aw_addr);
    has_address_ = true;
    last_progress_ = cycle_;
  }
  if (out.w_valid && unit_.in.w_ready) {
    memory_.take_word(out.w_last);
    writes_.take_word(out.w_data, out.w_strb);
    has_last_ = out.w_last;
    last_progress_ = cycle_;
  }
  if (!has_address_ || !has_last_) return;
  has_address_ = has_last_ = false;
  if (const auto record = writes_.end_burst()) take_record(*record);
}

void RtlBusJob::take_record(const axi::Completion& record) {
  record_is_out_ = true;
  const CommandReport& report = reports_.at(done_);
  const std::uint64_t cycles = report.respond_cycle - report.accept_cycle + 1;
  if (record.cycles != cycles) {
    throw std::runtime_error(
        fmt::format("the completion record of command {} says {} cycles; it took {}", done_,
                    record.cycles, cycles));
  }
}

// A record is written after the last answer of its results, so the next answer is its own.
void RtlBusJob::offer_answer() {
  unit_.in.b_valid = memory_.has_answer();
  if (!unit_.in.b_valid) return;
  memory_.take_answer();
  last_progress_ = cycle_;
  if (!record_is_out_) return;
  record_is_out_ = false;
  reports_[done_++].done_cycle = cycle_ + 1;
}

// Handshakes of the unit inside in the cycle that has just ended.
void RtlBusJob::see_inside() {
  if (unit_.inside.accepted) {
    reports_.push_back({.status = TmuStatus::Done,
                        .accept_cycle = cycle_,
                        .respond_cycle = 0,
                        .done_cycle = 0,
                        .counters = {}});
    last_progress_ = cycle_;
  }
  if (!unit_.inside.answered) return;
  CommandReport& report = reports_[answered_++];
  report.status = static_cast<TmuStatus>(unit_.inside.status);
  report.respond_cycle = cycle_;
  for (std::uint32_t i = 0; i < std::size(kTmuCounters); ++i) {
    report.counters.*kTmuCounters[i] = unit_.counter(i);
  }
  last_progress_ = cycle_;
  check_assertions();
}

void RtlBusJob::check_progress() {
  check_assertions();
  // Working off what its queues hold, or waiting for a whole burst of results, the unit is silent for long.
  const std::uint64_t issued = unit_.counter(kIssueCycles);
  if (issued != issued_) {
    issued_ = issued;
    last_progress_ = cycle_;
    return;
  }
  const std::uint64_t next = memory_.next_change();
  if (next == BusMemory::kNever) {
    throw std::runtime_error(fmt::format("the RTL made no progress for {} cycles before cycle {}",
                                         kPatienceCycles, cycle_));
  }
  last_progress_ = next;
}

void RtlBusJob::check_assertions() const {
  if (unit_.errors() != 0) {
    throw std::runtime_error(fmt::format("an assertion of the RTL failed at or before cycle {}: {}",
                                         cycle_, unit_.first_error()));
  }
}

}  // namespace sterna::sim
