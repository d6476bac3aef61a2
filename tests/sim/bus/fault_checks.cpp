// SPDX-License-Identifier: Apache-2.0

// What must have come of a round: the second half of FaultCase.
#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "tests/sim/bus/fault_case.hpp"

namespace sterna::sim {
namespace {

using axi::Code;
using axi::Reg;

constexpr std::uint32_t kNoRecord = 0xFFFFFFFF;

std::uint32_t number(Code code) { return static_cast<std::uint32_t>(code); }

// At most, of a descriptor that waits for nothing: docs/axi.md, Ring, and a few cycles more.
std::uint64_t check_cycles(std::uint32_t engines) { return 48 + 2 * std::uint64_t{engines}; }

Code code_of(FaultKind kind) {
  constexpr Code kCodes[] = {Code::Done,    Code::ReadError, Code::WriteError,
                             Code::Illegal, Code::Illegal,   Code::Address,
                             Code::Aborted, Code::Overrun,   Code::Watchdog};
  return kCodes[static_cast<std::size_t>(kind)];
}

}  // namespace

void FaultCase::check_done() {
  EXPECT_EQ(bus_.get(Reg::Status), 0U);
  EXPECT_EQ(bus_.get(Reg::Head), first_ + commands_.size());
  check_records(commands_.size());
}

// The first error is in the registers, the record of its command says the same, later commands have none.
void FaultCase::check_stop() {
  if (plan_.kind == FaultKind::Silence) {
    ASSERT_NO_FATAL_FAILURE(check_watchdog());
  } else {
    EXPECT_TRUE(bus_.get(Reg::Status) & axi::status::kHalted);
    check_bound();
  }
  check_cause();
  if (testing::Test::HasFailure()) return;
  std::uint32_t expected = number(code_of(plan_.kind));
  if (plan_.kind == FaultKind::Overrun) expected = number(Code::Aborted);
  const bool lost = plan_.kind == FaultKind::Write && plan_.in_record;
  const bool begun = plan_.kind == FaultKind::Read || plan_.kind == FaultKind::Write ||
                     plan_.spoils() || started(last_);
  const std::uint32_t status = begun ? record(last_).status : kNoRecord;
  const bool may_be_done = acts() || plan_.kind == FaultKind::Silence;
  const bool may_wait = plan_.kind == FaultKind::Silence && plan_.for_ever;
  if (begun && !lost && !(may_be_done && status == number(Code::Done)) &&
      !(may_wait && status == kNoRecord)) {
    EXPECT_EQ(status, expected) << "record of command " << last_;
  }
  if (lost) {
    EXPECT_EQ(status, kNoRecord) << "a record that was refused is in memory";
  }
  const bool recorded = status != kNoRecord;
  if (!may_wait) {
    EXPECT_EQ(bus_.get(Reg::Head), first_ + last_ + (recorded || lost ? 1 : 0));
  }
  check_records(last_ + (recorded ? 1 : 0));
}

// Registers that keep the first error.
void FaultCase::check_cause() {
  const std::uint32_t status = bus_.get(Reg::Status);
  const auto field = [&](std::uint32_t mask, std::uint32_t shift) {
    return (status & mask) >> shift;
  };
  EXPECT_EQ(field(axi::status::kCode, axi::status::kCodeShift), number(code_of(plan_.kind)));
  last_ = bus_.get(Reg::ErrorSequence) - first_;
  const bool on_bus = plan_.kind == FaultKind::Read || plan_.kind == FaultKind::Write;
  if (on_bus || plan_.spoils()) {
    EXPECT_EQ(last_, plan_.command);
  } else {
    EXPECT_LE(last_, commands_.size());
  }
  EXPECT_EQ(field(axi::status::kResponse, axi::status::kResponseShift),
            on_bus ? plan_.faults.response : 0);
  ASSERT_EQ(bus_.seen().fault.has_value(), on_bus);
  EXPECT_EQ(bus_.get64(Reg::ErrorAddressLo), on_bus ? bus_.seen().fault->burst : plan_.address);
  EXPECT_EQ((status & axi::status::kWatchdog) != 0, plan_.kind == FaultKind::Silence);
}

// Commands before `first_without` have records that say done, but for the one that ended with the error; those
// after it none, and nothing was written but these records and their results.
void FaultCase::check_records(std::size_t first_without) {
  std::vector<std::uint8_t> after = bytes_->low();
  const auto take_back = [&](std::uint64_t address, std::size_t bytes) {
    std::copy_n(before_.begin() + static_cast<std::ptrdiff_t>(address), bytes,
                after.begin() + static_cast<std::ptrdiff_t>(address));
  };
  const bool may_wait = stopped_ && plan_.for_ever;
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    const axi::Completion r = record(i);
    const bool refused =
        stopped_ && plan_.kind == FaultKind::Write && plan_.in_record && i == last_;
    if (i >= first_without || refused || (may_wait && r.status == kNoRecord)) {
      EXPECT_EQ(r.status, kNoRecord) << "command " << i;
    } else {
      EXPECT_EQ(r.sequence_number, first_ + i);
      if (!stopped_ || i != last_) {
        EXPECT_EQ(r.status, number(Code::Done)) << "command " << i;
      }
      if (r.status == number(Code::Done)) take_results(i);
    }
    if (i < first_without || (stopped_ && i == last_)) {
      take_back(record_address(i), kRecordBytes);
      const std::span<std::uint8_t> bytes = result(i);
      take_back(layout_.descriptors[commands_[i].task].result_base, bytes.size());
    }
  }
  EXPECT_TRUE(after == before_) << "something else was written";
}

// Of a task that was done before: the same once more.
void FaultCase::take_results(std::size_t command) {
  const std::span<const std::uint8_t> bytes = result(command);
  std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  auto& results = results_[commands_[command].task];
  if (results) {
    EXPECT_TRUE(*results == copy) << "task " << commands_[command].task;
  }
  results = std::move(copy);
}

// out[group][token][engine]
void FaultCase::unpack(std::size_t task) {
  const TmuTask& t = tasks_[task];
  const std::size_t engines = hardware_.unit.engines;
  std::vector<std::int32_t> out(results_[task]->size() / sizeof(std::int32_t));
  std::memcpy(out.data(), results_[task]->data(), results_[task]->size());
  for (std::size_t row = 0; row < t.command.rows; ++row) {
    for (std::size_t token = 0; token < t.command.tokens; ++token) {
      t.sums[token * t.command.rows + row] =
          out[(row / engines * t.command.tokens + token) * engines + row % engines];
    }
  }
}

////////////
// Cycles //
////////////

std::optional<std::uint64_t> FaultCase::done_cycle(std::size_t command) const {
  const std::uint64_t word = hardware_.bus->result_bits / 8;
  const std::uint64_t burst = record_address(command) / word * word;
  std::size_t turn = 0;  // records share words
  for (std::size_t i = 0; i < command; ++i) turn += record_address(i) / word * word == burst;
  for (const FaultyBus::Injected& written : bus_.written()) {
    if (written.burst == burst && turn-- == 0) return written.cycle;
  }
  return std::nullopt;
}

// The cycle by which the sequencer takes the descriptor of `command`, or would take it: the one before has
// answered, the one before that has its record, the descriptor is there and checked.
std::uint64_t FaultCase::turn(std::size_t command) const {
  const FaultyBus::Seen& seen = bus_.seen();
  const std::size_t beats = 4 * (command + 1);
  std::uint64_t there = seen.fault ? seen.fault->cycle : 0;
  if (seen.descriptor_beats.size() >= beats) there = seen.descriptor_beats[beats - 1];
  if (command > 0) there = std::max(there, seen.starts.at(command - 1));
  std::uint64_t turn = there + check_cycles(hardware_.unit.engines);
  if (command > 0) turn = std::max(turn, seen.answers.at(command - 1));
  if (command > 1) turn = std::max(turn, done_cycle(command - 2).value());
  return turn;
}

// docs/axi.md, Errors: from the cause to the halt.
void FaultCase::check_bound() {
  const FaultyBus::Seen& seen = bus_.seen();
  const UnitConfig& unit = hardware_.unit;
  const std::uint64_t words = 2 * std::uint64_t{hardware_.bus->burst_beats} +
                              (unit.engines * unit.slices * 32 + hardware_.bus->result_bits - 1) /
                                  hardware_.bus->result_bits +
                              1;
  const std::uint64_t bound = 16 + (words + 2) * (seen.worst_wait + 1) + 4 * seen.worst_answer;
  std::uint64_t cause = acts() ? acted_ : 0;
  if (plan_.kind == FaultKind::Write) cause = seen.fault->cycle;
  if (plan_.kind == FaultKind::Read || plan_.spoils()) {
    cause = started(plan_.command) ? seen.starts[plan_.command] : turn(plan_.command);
    if (seen.fault) cause = std::max(cause, seen.fault->cycle);
  }
  EXPECT_LE(*seen.irq, cause + bound + 2) << "halted late; cause in " << cause;
}

// The interrupt comes in time, whatever is under way. A channel that speaks again lets the unit halt.
void FaultCase::check_watchdog() {
  constexpr std::uint64_t kLate = 2;
  const FaultyBus::Seen& seen = bus_.seen();
  // Descriptors fetched are checked after the last handshake: that is progress, which no port shows.
  const std::uint64_t checks = hardware_.bus->descriptors * check_cycles(hardware_.unit.engines);
  const std::uint64_t progress = std::max(seen.last_handshake, seen.last_slot) + checks;
  EXPECT_TRUE(seen.blocked);
  EXPECT_LE(*seen.irq, progress + watchdog_ + kLate);
  EXPECT_EQ(bus_.get(Reg::IrqStatus) & axi::irq_status::kWatchdog, axi::irq_status::kWatchdog);
  EXPECT_FALSE(bus_.get(Reg::Status) & axi::status::kHalted);
  if (plan_.for_ever) {
    for (std::uint32_t i = 0; i < watchdog_; ++i) bus_.step();
    EXPECT_FALSE(bus_.get(Reg::Status) & axi::status::kHalted) << "an answer has not come";
    return;
  }
  bus_.speak();
  bus_.set(Reg::IrqStatus, axi::irq_status::kWatchdog);
  ASSERT_TRUE(bus_.run_until([&] { return bus_.unit().out.irq; }, kHang)) << "no halt";
  EXPECT_TRUE(bus_.get(Reg::Status) & axi::status::kHalted);
}

// What came before the error came when the model says, which knows no errors.
void FaultCase::check_same_cycles() const {
  const FaultyBus::Seen& seen = bus_.seen();
  std::uint64_t until = stopped_ && acts() ? acted_ : BusFaults::kNever;
  if (seen.fault) until = seen.fault->cycle;
  if (plan_.kind == FaultKind::Silence) until = plan_.faults.silent_from;
  if (plan_.spoils()) {
    const std::size_t beats = 4 * (plan_.command + 1);
    until = seen.descriptor_beats.at(beats - 1);
  }
  for (std::size_t i = 0; i < model_.size() && model_[i].done_cycle <= until; ++i) {
    EXPECT_EQ(seen.starts.at(i), model_[i].accept_cycle) << "command " << i;
    EXPECT_EQ(seen.answers.at(i), model_[i].respond_cycle) << "command " << i;
    EXPECT_EQ(done_cycle(i).value() + 1, model_[i].done_cycle) << "command " << i;
    EXPECT_EQ(record(i).cycles, model_[i].respond_cycle - model_[i].accept_cycle + 1);
  }
}

}  // namespace sterna::sim
