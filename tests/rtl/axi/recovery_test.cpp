// SPDX-License-Identifier: Apache-2.0

// Cancel, reset and watchdog, in any cycle: the host sees a status in bounded time, and the unit works
// again.

#include <string>

#include <gtest/gtest.h>

#include "tests/rtl/axi/axi_rig.hpp"

namespace sterna {
namespace {

using axi::Code;
using axi::Reg;

constexpr std::uint64_t kHang = 60000;
constexpr std::uint32_t kNoRecord = 0xFFFFFFFF;
constexpr std::uint32_t kLimit = 200;  // of the watchdog, in cycles

class AxiRecovery : public testing::TestWithParam<AxiDesign> {
 protected:
  AxiRecovery() { rig_.clear_completions(); }
  ~AxiRecovery() override { EXPECT_EQ(rig_.unit().errors(), 0U) << rig_.unit().first_error(); }

  const TmuUnitParameters inner_ = inner_unit(GetParam().sizes);
  AxiRig rig_{GetParam(), {.seed = 5, .latency = 7, .extra_latency = 6, .not_ready_percent = 30}};

  std::vector<Posted> post(std::uint32_t count, std::uint32_t seed) {
    std::vector<Posted> all;
    for (std::uint32_t i = 0; i < count; ++i) {
      all.push_back(rig_.lay_out(
          random_command(inner_, {inner_.slices, 3, 3 * inner_.engines + 1}, seed + i)));
      rig_.post(all.back());
    }
    return all;
  }

  [[nodiscard]] bool wait_for_head() {
    return rig_.run_until(
        [&] { return rig_.unit().cycles() % 32 == 0 && rig_.get(Reg::Head) == rig_.next(); },
        kHang);
  }

  // After a halt or a reset: nothing of before is left, two commands give their sums.
  void expect_works() {
    rig_.memory.faults = {};
    rig_.skip_to(rig_.get(Reg::Head));
    rig_.ring_bell();
    rig_.write(Reg::Command, axi::command::kClear);
    rig_.write(Reg::IrqStatus, 7);
    rig_.clear_completions();
    const std::vector<Posted> more = post(2, 50);
    rig_.ring_bell();
    ASSERT_TRUE(wait_for_head());
    for (const Posted& posted : more) rig_.expect_done(posted);
  }
};

// Records of the commands before the cancelled one say done, its own aborted (or done, if it was), and
// there is none after it.
TEST_P(AxiRecovery, CancelInAnyCycleEndsOneCommandAndHalts) {
  std::mt19937 random(17);
  for (std::uint32_t round = 0; round < 25; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const std::vector<Posted> all = post(3, 10 * round);
    rig_.ring_bell();
    for (std::uint64_t i = random() % 500; i > 0; --i) rig_.step();
    rig_.write(Reg::Command, axi::command::kCancel);
    ASSERT_TRUE(rig_.run_until([&] { return rig_.halted(); }, kHang));
    ASSERT_EQ(rig_.error_code(), Code::Aborted);
    const std::uint32_t head = rig_.get(Reg::Head);
    for (const Posted& posted : all) {
      const std::uint32_t status = rig_.completion(posted.sequence).status;
      if (posted.sequence + 1 < head) rig_.expect_done(posted);
      if (posted.sequence + 1 == head && status == 0) rig_.expect_done(posted);
      if (posted.sequence + 1 == head) {
        EXPECT_TRUE(status == 0 || status == static_cast<std::uint32_t>(Code::Aborted));
      }
      if (posted.sequence >= head) {
        EXPECT_EQ(status, kNoRecord);
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_works());
    rig_.clear_completions();
    if (HasFailure()) return;
    if (round % 8 == 7) {  // room for more commands
      rig_.reset();
      rig_.configure();
    }
  }
}

TEST_P(AxiRecovery, ResetInAnyCycleBringsBackTheFirstState) {
  std::mt19937 random(23);
  for (std::uint32_t round = 0; round < 25; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    post(3, 10 * round);
    rig_.ring_bell();
    for (std::uint64_t i = random() % 600; i > 0; --i) rig_.step();
    EXPECT_EQ(rig_.unit().errors(), 0U) << rig_.unit().first_error();
    rig_.reset();
    const auto& out = rig_.unit().out;
    EXPECT_FALSE(out.aw_valid || out.w_valid || out.irq || out.lite_b_valid || out.lite_r_valid);
    for (std::uint32_t m = 0; m < inner_.engines + 2; ++m) EXPECT_FALSE(out.readers[m].ar_valid);
    EXPECT_EQ(rig_.get(Reg::Status), 0U);
    EXPECT_EQ(rig_.get(Reg::Head), 0U);
    EXPECT_EQ(rig_.get(Reg::Tail), 0U);
    EXPECT_EQ(rig_.get64(Reg::TotalWeightBeatsLo), 0U);
    rig_.configure();
    ASSERT_NO_FATAL_FAILURE(expect_works());
    rig_.reset();
    rig_.configure();
    if (HasFailure()) return;
  }
}

// Each channel that can fall silent. What the host sees, and by when: the interrupt, kLimit cycles after
// the last handshake and a few more; the limit's cause is the watchdog.
TEST_P(AxiRecovery, ASilentChannelRaisesTheWatchdog) {
  const std::uint32_t engines = inner_.engines;
  const auto silent = [](std::uint32_t readers, bool ar, bool aw, bool w, bool b) {
    AxiFaults faults;
    faults.silent_readers = readers;
    faults.silent_ar = ar;
    faults.silent_aw = aw;
    faults.silent_w = w;
    faults.silent_b = b;
    return faults;
  };
  std::vector<AxiFaults> all = {silent(0, false, true, false, false),
                                silent(0, false, false, true, false),
                                silent(0, false, false, false, true)};
  for (std::uint32_t m = 0; m < engines + 2; ++m) {
    all.push_back(silent(1U << m, false, false, false, false));
    all.push_back(silent(1U << m, true, false, false, false));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE("fault " + std::to_string(i));
    rig_.reset();
    rig_.memory.faults = {};
    rig_.configure(kLimit);
    rig_.memory.faults = all[i];
    // The ring is read first of all, the rest a while later.
    const bool ring = (all[i].silent_readers >> (engines + 1) & 1U) != 0;
    rig_.memory.faults.silent_from = rig_.unit().cycles() + (ring ? 0 : 150);
    rig_.clear_completions();
    const std::vector<Posted> posted = post(4, 3);
    rig_.ring_bell();
    const std::uint64_t start = rig_.unit().cycles();
    ASSERT_TRUE(rig_.run_until([&] { return rig_.unit().out.irq; }, 4000))
        << "a hang: head " << rig_.get(Reg::Head) << ", status " << rig_.get(Reg::Status);
    EXPECT_TRUE(rig_.get(Reg::IrqStatus) & axi::irq_status::kWatchdog);
    EXPECT_TRUE(rig_.get(Reg::Status) & axi::status::kWatchdog);
    EXPECT_EQ(rig_.error_code(), Code::Watchdog);
    EXPECT_FALSE(rig_.halted()) << "the silent channel has an answer under way";
    EXPECT_LT(rig_.unit().cycles() - start, 4000U);
    // Where only reads are silent, the command under way gets its record.
    if (i >= 3) {
      const std::uint32_t head = rig_.get(Reg::Head);
      EXPECT_TRUE(head == 0 || rig_.completion(head - 1).status != kNoRecord);
    }
    // When the channel speaks again, all drains and the unit halts.
    rig_.memory.faults = {};
    ASSERT_TRUE(rig_.run_until([&] { return rig_.halted(); }, kHang));
    ASSERT_NO_FATAL_FAILURE(expect_works());
    if (HasFailure()) return;
  }
}

// The unit computes for long without a handshake on any port: that is no silence.
TEST_P(AxiRecovery, TheWatchdogKeepsQuietWhileTheUnitWorks) {
  rig_.reset();
  rig_.configure(64);
  const std::uint32_t tokens = inner_.slices * inner_.chunks;
  Posted posted = rig_.lay_out(random_command(
      inner_, {tokens, std::min(inner_.activation_words / inner_.chunks, 8U), 5 * inner_.engines},
      9));
  rig_.post(posted);
  rig_.ring_bell();
  ASSERT_TRUE(wait_for_head());
  rig_.expect_done(posted);
  EXPECT_FALSE(rig_.get(Reg::Status) & axi::status::kWatchdog);
  for (std::uint32_t i = 0; i < 500; ++i) rig_.step();  // idle is no silence either
  EXPECT_FALSE(rig_.get(Reg::Status) & axi::status::kWatchdog);
}

INSTANTIATE_TEST_SUITE_P(Designs, AxiRecovery, testing::ValuesIn(kAxiDesigns),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace sterna
