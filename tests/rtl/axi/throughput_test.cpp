// SPDX-License-Identifier: Apache-2.0

// What the bus costs, in exact cycles, with a memory that answers in the cycle after the address.

#include <gtest/gtest.h>

#include "tests/rtl/axi/axi_rig.hpp"

namespace sterna {
namespace {

using axi::Reg;

class AxiThroughput : public testing::Test {
 protected:
  const AxiDesign& design_ = kAxiDesigns[2];  // the sizes of configs/edge.yaml
  AxiRig rig_{design_, {}};
  const TmuUnitParameters inner_ = inner_unit(design_.sizes);

  [[nodiscard]] std::uint64_t counter(std::uint32_t i) {
    return rig_.get64(static_cast<Reg>(static_cast<std::uint32_t>(Reg::Counter) + 8 * i));
  }

  // Cycles from the bell's write to the last record, seen in memory.
  std::uint64_t run(const std::vector<Posted>& all) {
    rig_.clear_completions();
    rig_.ring_bell();
    const std::uint64_t start = rig_.unit().cycles();
    const std::uint32_t last = all.back().sequence;
    EXPECT_TRUE(rig_.run_until([&] { return rig_.completion(last).status == 0; }, 200000));
    for (const Posted& posted : all) rig_.expect_done(posted);
    EXPECT_EQ(rig_.unit().errors(), 0U) << rig_.unit().first_error();
    return rig_.unit().cycles() - start;
  }
};

// One token, 640 rows of 2560 weights (32 beats): 5120 slots and not one stall for weights.
TEST_F(AxiThroughput, ALongDecodeCommandNeverWaitsForWeights) {
  std::vector<Posted> all = {
      rig_.lay_out(random_command(inner_, {1, 32, 640}, 1), axi::kFlagCounters)};
  rig_.post(all[0]);
  const std::uint64_t cycles = run(all);
  EXPECT_EQ(counter(2), 5120U);
  EXPECT_EQ(counter(3), 0U);
  EXPECT_EQ(counter(4), 0U);
  EXPECT_GE(100 * counter(2), 95 * cycles);
  EXPECT_EQ(cycles, 5359U);  // with the register write, two fetches and the record
}

// The second command's weights and activations are there when the first is done: between the response of
// one and the command of the next the unit waits for one cycle, and loading takes its beats and no more.
TEST_F(AxiThroughput, TheNextCommandFollowsWithoutAStall) {
  std::vector<Posted> all;
  for (std::uint32_t i = 0; i < 3; ++i) {
    all.push_back(rig_.lay_out(random_command(inner_, {1, 8, 160}, i + 1), axi::kFlagCounters));
    rig_.post(all.back());
  }
  run(all);
  EXPECT_EQ(counter(0), 40U);  // 8 words of 5 beats
  EXPECT_EQ(counter(1), 0U);
  EXPECT_EQ(counter(2), 320U);
  EXPECT_EQ(counter(3), 0U);
  EXPECT_EQ(counter(4), 0U);
}

// The last slots of a row group give 32 result beats of two words in 32 clocks, and the bus carries a word
// a clock: the queues hold all but four of the rest. Four clocks a group, whatever the length of a row.
TEST_F(AxiThroughput, PrefillWaitsFourClocksARowGroupForItsResults) {
  std::vector<Posted> all = {
      rig_.lay_out(random_command(inner_, {64, 4, 64}, 1), axi::kFlagCounters)};
  rig_.post(all[0]);
  run(all);
  EXPECT_EQ(counter(2), 16U * 4 * 32);
  EXPECT_EQ(counter(3), 0U);
  EXPECT_EQ(counter(4), 16U * 4);
}

// docs/axi.md, timing in closed steps: from the descriptor's last beat to each master's first address.
TEST_F(AxiThroughput, TheFirstReadsComeWhenThePageSays) {
  const std::uint32_t engines = inner_.engines;
  Posted posted = rig_.lay_out(random_command(inner_, {1, 2, engines}, 1));
  rig_.post(posted);
  rig_.clear_completions();
  std::vector<std::uint64_t> first(engines + 2, 0);
  std::uint64_t last_beat = 0;
  rig_.unit().in.lite_aw_addr = static_cast<std::uint16_t>(Reg::Tail);
  rig_.unit().in.lite_w_data = rig_.next();
  rig_.unit().in.lite_aw_valid = rig_.unit().in.lite_w_valid = true;
  const std::uint64_t written = rig_.unit().cycles();
  rig_.step();
  rig_.unit().in.lite_aw_valid = rig_.unit().in.lite_w_valid = false;
  rig_.unit().in.lite_b_ready = true;
  while (rig_.completion(0).status != 0 && rig_.unit().cycles() < written + 1000) {
    const std::uint64_t now = rig_.unit().cycles();
    for (std::uint32_t m = 0; m < engines + 2; ++m) {
      if (first[m] == 0 && rig_.unit().out.readers[m].ar_valid) first[m] = now;
    }
    const std::uint64_t beats = rig_.memory.seen.descriptor_beats;
    rig_.step();
    if (rig_.memory.seen.descriptor_beats > beats) last_beat = now;
  }
  rig_.expect_done(posted);
  EXPECT_EQ(first[engines + 1], written + 2 + 3);  // acts from t + 2; fetch; job + 3
  const std::uint64_t collected = last_beat + 1;
  for (std::uint32_t m = 0; m <= engines; ++m) {
    EXPECT_EQ(first[m], collected + 36 + engines + m + 3) << "master " << m;
  }
}

}  // namespace
}  // namespace sterna
