// SPDX-License-Identifier: Apache-2.0

// Registers: what they say, who may write them when, and what is refused.

#include <gtest/gtest.h>

#include "tests/rtl/axi/axi_rig.hpp"

namespace sterna {
namespace {

using axi::Reg;

constexpr std::uint8_t kOkay = 0;
constexpr std::uint8_t kSlverr = 2;

class AxiRegisters : public testing::TestWithParam<AxiDesign> {
 protected:
  ~AxiRegisters() override { EXPECT_EQ(rig_.unit().errors(), 0U) << rig_.unit().first_error(); }
  AxiRig rig_{GetParam(), {}};
  const TmuAxiParameters& sizes_ = GetParam().sizes;
};

TEST_P(AxiRegisters, SayWhatTheUnitIs) {
  EXPECT_EQ(rig_.get(Reg::Id), 0x41554D54U);
  EXPECT_EQ(rig_.get(Reg::Version), axi::kMapVersion);
  EXPECT_EQ(rig_.get(Reg::Shape), sizes_.lanes | sizes_.engines << 16 | sizes_.slices << 24);
  EXPECT_EQ(rig_.get(Reg::Capacity),
            sizes_.activation_words | sizes_.chunks << 16 | sizes_.descriptors << 24);
  EXPECT_EQ(rig_.get(Reg::Bus),
            sizes_.burst_beats | sizes_.result_bits / 8 << 16 | sizes_.address_bits << 24);
  EXPECT_EQ(rig_.get(Reg::ColumnWords), sizes_.column_words);
}

TEST_P(AxiRegisters, KeepWhatWasWrittenWithinTheBitsOfAnAddress) {
  rig_.write(Reg::Control, 0);
  const std::uint64_t bits = sizes_.address_bits == 64 ? ~0ULL : (1ULL << sizes_.address_bits) - 1;
  const auto expect_kept = [&](Reg low, std::uint64_t mask) {
    rig_.set64(low, ~0ULL);
    EXPECT_EQ(rig_.get64(low), bits & mask);
    rig_.set64(low, 0x0123456789ABCDEFULL);
    EXPECT_EQ(rig_.get64(low), 0x0123456789ABCDEFULL & bits & mask);
  };
  expect_kept(Reg::RingBaseLo, ~63ULL);
  expect_kept(Reg::CompletionBaseLo, ~15ULL);
  expect_kept(Reg::WindowBaseLo, ~0ULL);
  expect_kept(Reg::WindowLimitLo, ~0ULL);
  rig_.write(Reg::Watchdog, 0xDEADBEEF);
  EXPECT_EQ(rig_.get(Reg::Watchdog), 0xDEADBEEF);
  rig_.write(Reg::RingSize, 0xFFFFFFFF);
  EXPECT_EQ(rig_.get(Reg::RingSize), 31U);
  rig_.write(Reg::IrqEnable, 0xFFFFFFFF);
  EXPECT_EQ(rig_.get(Reg::IrqEnable), 7U);
  rig_.write(Reg::Tail, 0);
  rig_.write(Reg::Control, 0xFFFFFFFF);
  EXPECT_EQ(rig_.get(Reg::Control), 1U);
}

TEST_P(AxiRegisters, RefuseConfigurationWhileEnabled) {
  for (const Reg reg : {Reg::RingBaseLo, Reg::RingSize, Reg::CompletionBaseHi, Reg::WindowBaseLo,
                        Reg::WindowLimitHi, Reg::Watchdog}) {
    const std::uint32_t before = rig_.get(reg);
    EXPECT_EQ(rig_.write(reg, ~before), kSlverr);
    EXPECT_EQ(rig_.get(reg), before);
  }
  rig_.write(Reg::Control, 0);
  EXPECT_EQ(rig_.write(Reg::Watchdog, 1), kOkay);
}

TEST_P(AxiRegisters, RefuseWhatIsReadOnlyUnmappedMisalignedOrPartial) {
  std::uint32_t value = 0;
  for (const Reg reg : {Reg::Id, Reg::Status, Reg::Head, Reg::Counter, Reg::TotalCommandsLo}) {
    EXPECT_EQ(rig_.write(reg, 1), kSlverr);
  }
  for (const std::uint32_t unmapped : {0x018U, 0x038U, 0x054U, 0x0F0U, 0x0FCU, 0x140U, 0xFFCU}) {
    EXPECT_EQ(rig_.read_at(unmapped, value), kSlverr) << unmapped;
    EXPECT_EQ(rig_.write_at(unmapped, 1, 0xF), kSlverr) << unmapped;
  }
  const auto tail = static_cast<std::uint32_t>(Reg::Tail);
  EXPECT_EQ(rig_.read_at(tail + 2, value), kSlverr);
  EXPECT_EQ(rig_.write_at(tail + 1, 1, 0xF), kSlverr);
  EXPECT_EQ(rig_.write_at(tail, 1, 0x7), kSlverr);
  EXPECT_EQ(rig_.get(Reg::Tail), 0U);
}

TEST_P(AxiRegisters, AnInterruptIsEnabledRaisedAndCleared) {
  const Command command = random_command(inner_unit(sizes_), {1, 2, sizes_.engines}, 1);
  const auto finish = [&](std::uint8_t flags) {
    Posted posted = rig_.lay_out(command, flags);
    rig_.post(posted);
    rig_.ring_bell();
    ASSERT_TRUE(rig_.run_until([&] { return rig_.get(Reg::Head) == rig_.next(); }, 5000));
  };
  finish(0);
  EXPECT_FALSE(rig_.unit().out.irq) << "no flag, no interrupt";
  rig_.write(Reg::IrqEnable, axi::irq_enable::kHalted);
  finish(axi::kFlagIrq);
  EXPECT_FALSE(rig_.unit().out.irq) << "not enabled";
  EXPECT_EQ(rig_.get(Reg::IrqStatus), axi::irq_status::kCompletion);
  rig_.write(Reg::IrqEnable, axi::irq_enable::kCompletion);
  EXPECT_TRUE(rig_.unit().out.irq);
  rig_.write(Reg::IrqStatus, axi::irq_status::kHalted);
  EXPECT_TRUE(rig_.unit().out.irq) << "another cause was cleared";
  rig_.write(Reg::IrqStatus, axi::irq_status::kCompletion);
  EXPECT_FALSE(rig_.unit().out.irq);
}

// The host asks for a second while it leaves the first answer waiting.
TEST_P(AxiRegisters, AnAnswerWaitsForTheHost) {
  auto& in = rig_.unit().in;
  const auto& out = rig_.unit().out;
  in.lite_ar_addr = static_cast<std::uint16_t>(Reg::Id);
  in.lite_aw_addr = static_cast<std::uint16_t>(Reg::IrqEnable);
  in.lite_w_data = 5;
  int reads = 0;
  int addresses = 0;
  int words = 0;
  for (int i = 0; i < 10; ++i) {
    in.lite_ar_valid = reads < 2;
    in.lite_aw_valid = addresses < 2;
    in.lite_w_valid = words < 2;
    reads += in.lite_ar_valid && out.lite_ar_ready;
    addresses += in.lite_aw_valid && out.lite_aw_ready;
    words += in.lite_w_valid && out.lite_w_ready;
    rig_.step();
  }
  EXPECT_EQ(reads + addresses + words, 6);
  EXPECT_FALSE(out.lite_ar_ready || out.lite_aw_ready || out.lite_w_ready);
  EXPECT_TRUE(out.lite_r_valid && out.lite_b_valid);
  EXPECT_EQ(out.lite_r_data, 0x41554D54U);
  EXPECT_EQ(out.lite_b_resp, kOkay);
  in.lite_r_ready = in.lite_b_ready = true;
  for (int answers = 0; answers < 2; ++answers) {
    ASSERT_TRUE(rig_.run_until([&] { return out.lite_r_valid && out.lite_b_valid; }, 4));
    rig_.step();
  }
  rig_.step();
  EXPECT_FALSE(out.lite_r_valid || out.lite_b_valid);
  in.lite_r_ready = in.lite_b_ready = false;
  EXPECT_EQ(rig_.get(Reg::IrqEnable), 5U);
}

// The assertions are part of the contract, so they are tested too.
TEST_P(AxiRegisters, AnAnswerNobodyAskedForFailsAnAssertion) {
  static constexpr std::uint8_t kBeat[128] = {};
  AxiRig rig(GetParam(), {});
  for (std::uint32_t m = 0; m < sizes_.engines + 2; ++m) {
    const std::uint64_t before = rig.unit().errors();
    rig.unit().in.readers[m] = {.r_valid = true, .r_last = true, .r_data = kBeat};
    rig.unit().step();
    rig.unit().in.readers[m] = {};
    rig.unit().step();
    EXPECT_GT(rig.unit().errors(), before) << "reader " << m;
  }
  const std::uint64_t before = rig.unit().errors();
  rig.unit().in.b_valid = true;
  rig.unit().step();
  rig.unit().in.b_valid = false;
  rig.unit().step();
  EXPECT_GT(rig.unit().errors(), before);
}

TEST_P(AxiRegisters, AHostThatDropsItsAddressFailsAnAssertion) {
  AxiRig rig(GetParam(), {});
  // The first is held, so the second waits; then it goes away.
  rig.unit().in.lite_aw_valid = true;
  rig.unit().step();
  rig.unit().step();
  rig.unit().in.lite_aw_valid = false;
  rig.unit().step();
  rig.unit().step();
  EXPECT_GT(rig.unit().errors(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Designs, AxiRegisters, testing::ValuesIn(kAxiDesigns),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace sterna
