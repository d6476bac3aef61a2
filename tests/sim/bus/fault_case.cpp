// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bus/fault_case.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "sim/bus/bus_timing.hpp"

namespace sterna::sim {
namespace {

using axi::Code;
using axi::Reg;

constexpr std::uint32_t kAll = 0xFFFFFFFF;
constexpr std::uint32_t kNoRecord = kAll;  // the bytes of wipe()
constexpr std::uint8_t kUntouched = 0xA5;

}  // namespace

FaultCase::FaultCase(const BusDesign& design, TmuAxiUnit& unit, std::uint32_t seed,
                     Coverage* coverage)
    : generate_(design.unit, seed),
      hardware_(generate_.hardware(design)),
      job_(design.unit, seed),
      bus_(unit, hardware_),
      coverage_(coverage) {
  generate_.fill(job_, false);
  tasks_ = job_.tasks();
  layout_ = lay_out_job(hardware_, tasks_);
  bytes_ = std::make_unique<JobMemory>(hardware_, layout_, tasks_);
  with_counters_ = generate_.flag();
  watchdog_ = generate_.watchdog();
  results_.resize(tasks_.size());
  BusTiming timing(hardware_);
  timing.start(layout_, tasks_);
  while (timing.step()) {
  }
  model_ = timing.reports();
}

void FaultCase::run() {
  std::uint32_t faults = kMostFaults;
  bool needs_reset = true;
  for (;;) {
    if (needs_reset) reset();
    const std::vector<std::size_t> list = unfinished();
    if (list.empty()) break;
    post(list);
    plan_ = {};
    if (faults != 0) {
      plan_ = generate_.plan(hardware_, layout_, commands_, model_.back().done_cycle);
      --faults;
    }
    ASSERT_NO_FATAL_FAILURE(round(false));
    needs_reset = stopped_ && (plan_.for_ever || generate_.draw_one_in(4));
    if (!stopped_) continue;
    const std::string stop = kFaultNames[static_cast<std::size_t>(plan_.kind)];
    recovery_ = {stop, needs_reset ? "reset" : "goes on"};
    if (needs_reset) continue;
    if (generate_.flag() && go_on()) {
      ASSERT_FALSE(testing::Test::HasFatalFailure());
      continue;
    }
    recovery_ = {stop, "posted again"};
    drop_rest();
  }
  for (std::size_t i = 0; i < tasks_.size(); ++i) unpack(i);
  EXPECT_EQ(job_.first_wrong_task(), -1);
}

//////////
// Host //
//////////

void FaultCase::reset() {
  bus_.reset(*bytes_);
  bus_.set64(Reg::RingBaseLo, layout_.ring_base);
  bus_.set(Reg::RingSize, layout_.ring_log2);
  bus_.set64(Reg::CompletionBaseLo, layout_.completion_base);
  bus_.set64(Reg::WindowBaseLo, layout_.window_base);
  bus_.set64(Reg::WindowLimitLo, layout_.window_limit);
  bus_.set(Reg::Watchdog, watchdog_);
  bus_.set(Reg::IrqEnable, axi::irq_enable::kHalted | axi::irq_enable::kWatchdog);
  bus_.set(Reg::Control, axi::control::kEnable);
  first_ = 0;
  fresh_ = true;
}

// In the order of the job. A command that keeps needs the one before it that loads.
std::vector<std::size_t> FaultCase::unfinished() const {
  std::vector<std::size_t> list;
  std::size_t loader = 0;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const bool keeps = tasks_[i].command.keep_activations;
    if (!keeps) loader = i;
    if (results_[i]) continue;
    if (keeps && (list.empty() || list.back() < loader)) list.push_back(loader);
    list.push_back(i);
  }
  return list;
}

void FaultCase::post(const std::vector<std::size_t>& list) {
  commands_.clear();
  for (const std::size_t task : list) {
    const bool by_columns = tasks_[task].command.columns != 0;
    PlannedCommand command{.task = task,
                           .command = tasks_[task].command,
                           .descriptor = layout_.descriptors[task],
                           .wanted_columns = by_columns ? nonzero_columns(tasks_[task]) : 0};
    if (with_counters_ && generate_.flag()) command.descriptor.flags |= axi::kFlagCounters;
    if (generate_.flag()) command.descriptor.flags |= axi::kFlagIrq;
    commands_.push_back(command);
  }
}

// After a halt: the commands behind it are posted again.
void FaultCase::drop_rest() {
  first_ = bus_.get(Reg::Head);
  bus_.set(Reg::Tail, first_);
  bus_.set(Reg::Command, axi::command::kClear);
  bus_.set(Reg::IrqStatus, kAll);
  EXPECT_EQ(bus_.get(Reg::Status), 0U);
}

// After a halt: the commands behind it run as they are in the ring. False if the first of them cannot.
bool FaultCase::go_on() {
  const std::uint32_t tail = first_ + static_cast<std::uint32_t>(commands_.size());
  const std::uint32_t head = bus_.get(Reg::Head);
  const std::size_t rest = head - first_;
  if (rest == commands_.size() || commands_[rest].command.keep_activations) return false;
  if (plan_.spoils() && plan_.command >= rest) return false;
  commands_.erase(commands_.begin(), commands_.begin() + static_cast<std::ptrdiff_t>(rest));
  first_ = head;
  plan_ = {};
  bus_.set(Reg::Tail, tail);
  bus_.set(Reg::IrqStatus, kAll);
  round(true);
  return true;
}

////////////
// Rounds //
////////////

void FaultCase::round(bool in_ring) {
  SCOPED_TRACE(std::string("error: ") + kFaultNames[static_cast<std::size_t>(plan_.kind)] +
               ", command " + std::to_string(plan_.command) + " of " +
               std::to_string(commands_.size()));
  wipe();
  if (!in_ring) write_descriptors();
  before_ = bytes_->low();
  const std::uint64_t start = fresh_ ? 0 : bus_.cycle();
  BusFaults faults = plan_.faults;
  if (faults.silent_from != BusFaults::kNever) faults.silent_from += start;
  bus_.begin(faults);
  if (in_ring) {
    bus_.set(Reg::Command, axi::command::kClear);
  } else {
    bus_.set(Reg::Tail, first_ + static_cast<std::uint32_t>(commands_.size()));
  }
  if (acts()) act(start + plan_.at);
  const auto done = [&] {
    const FaultyBus::Seen& seen = bus_.seen();
    return seen.irq || (!acts() && bus_.written().size() == all_bursts() && !seen.fault);
  };
  ASSERT_TRUE(bus_.run_until(done, kHang)) << "neither done nor stopped";
  stopped_ = bus_.seen().irq.has_value();
  ++rounds_[stopped_ ? plan_.kind : FaultKind::None];
  if (stopped_) {
    check_stop();
  } else {
    check_done();
  }
  const bool whole_job = posted_ == tasks_.size();
  if (fresh_ && whole_job && !with_counters_) check_same_cycles();
  EXPECT_EQ(bus_.unit().errors(), 0U) << bus_.unit().first_error();
  fresh_ = false;
  if (!stopped_) first_ += static_cast<std::uint32_t>(commands_.size());
  ASSERT_FALSE(testing::Test::HasFailure());
  if (coverage_ != nullptr) count(*coverage_);
  recovery_.clear();
}

// Nothing of an earlier round is left where this one writes.
void FaultCase::wipe() {
  const std::size_t records = kRecordBytes << layout_.ring_log2;
  std::ranges::fill(bytes_->writable(layout_.completion_base, records), 0xFF);
  for (std::size_t i = 0; i < commands_.size(); ++i) std::ranges::fill(result(i), kUntouched);
}

void FaultCase::write_descriptors() {
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    const bool spoilt = plan_.spoils() && plan_.command == i;
    const std::uint64_t place = layout_.ring_base + slot(i) * kDescriptorBytes;
    std::memcpy(bytes_->writable(place, kDescriptorBytes).data(),
                spoilt ? &plan_.descriptor : &commands_[i].descriptor, kDescriptorBytes);
  }
  posted_ += static_cast<std::uint32_t>(commands_.size());
}

void FaultCase::act(std::uint64_t at) {
  const std::uint32_t entries = 1U << layout_.ring_log2;
  ASSERT_TRUE(bus_.run_until([&] { return bus_.cycle() >= at; }, kHang));
  if (plan_.kind == FaultKind::Cancel) {
    bus_.set(Reg::Command, axi::command::kCancel);
  } else {
    const auto count = static_cast<std::uint32_t>(commands_.size());
    bus_.set(Reg::Tail, first_ + count + entries + 1);
  }
  acted_ = bus_.cycle() - 1;
  phase_ = phase();
}

axi::Completion FaultCase::record(std::size_t command) const {
  axi::Completion record;
  std::memcpy(&record, bytes_->at(record_address(command), kRecordBytes), kRecordBytes);
  return record;
}

std::span<std::uint8_t> FaultCase::result(std::size_t command) {
  const PlannedCommand& c = commands_[command];
  return bytes_->writable(layout_.descriptors[c.task].result_base,
                          result_bytes(hardware_.unit, c.command));
}

std::uint64_t FaultCase::all_bursts() const {
  std::uint64_t all = 0;
  for (const PlannedCommand& c : commands_) all += write_bursts(hardware_, c.command);
  return all;
}

}  // namespace sterna::sim
