// SPDX-License-Identifier: Apache-2.0

// What the unit accepts, refuses, keeps and drops.

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "sim/rtl/rtl_unit.hpp"
#include "tests/rtl/command.hpp"
#include "tests/rtl/session.hpp"
#include "tests/sim/designs.hpp"

namespace sterna {
namespace {

constexpr std::uint8_t kDone = 0;
constexpr std::uint8_t kIllegal = 1;

class TmuCommands : public testing::TestWithParam<sim::UnitConfig> {
 protected:
  std::unique_ptr<TmuUnit> unit_ = sim::open_rtl_unit(GetParam());
  const TmuUnitParameters& sizes_ = unit_->parameters();
  const std::uint32_t most_tokens_ = sizes_.slices * sizes_.chunks;

  // A command of these numbers without data, for one that must be refused.
  static Command bare(std::uint32_t tokens, std::uint32_t beats, std::uint32_t rows,
                      bool t2 = false, bool keep = false) {
    return {tokens, beats, rows, t2, keep, {}, std::vector<std::vector<std::uint8_t>>(16), {}};
  }

  // Runs the commands on a fresh unit and returns their statuses; sums of those done are compared.
  std::vector<int> statuses(const std::vector<Command>& commands) {
    Session session(*unit_, {});
    std::vector<int> result;
    const std::vector<Observed> seen = session.run(commands);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      result.push_back(seen[i].status);
      if (seen[i].status == kDone) {
        EXPECT_EQ(seen[i].sums, commands[i].expected) << "command " << i;
      }
      if (seen[i].status == kIllegal) {
        EXPECT_EQ(seen[i].respond, seen[i].accept + 1);
        EXPECT_EQ(seen[i].counters, (std::array<std::uint64_t, 14>{0, 0, 0, 0, 0, 0, 1}));
      }
    }
    return result;
  }
};

TEST_P(TmuCommands, RefusesEmptyCommands) {
  EXPECT_EQ(statuses({bare(0, 1, 1), bare(1, 0, 1), bare(1, 1, 0)}), (std::vector<int>{1, 1, 1}));
}

TEST_P(TmuCommands, TakesAsManyTokensAsItHasRegistersAndNotOneMore) {
  EXPECT_EQ(statuses({random_command(sizes_, {most_tokens_, 1, 2}, 1), bare(most_tokens_ + 1, 1, 1),
                      bare(65535, 1, 1)}),
            (std::vector<int>{kDone, kIllegal, kIllegal}));
}

TEST_P(TmuCommands, TakesAsManyBeatsAsItsMemoryHoldsAndNotOneMore) {
  for (std::uint32_t chunks = 1; chunks <= sizes_.chunks; ++chunks) {
    const std::uint32_t tokens = (chunks - 1) * sizes_.slices + 1;
    const std::uint32_t beats = sizes_.activation_words / chunks;
    if (beats == 0) break;
    EXPECT_EQ(statuses({random_command(sizes_, {tokens, beats, 1}, chunks),
                        bare(tokens, beats + 1, 1), bare(tokens, 65535, 1)}),
              (std::vector<int>{kDone, kIllegal, kIllegal}))
        << chunks << " chunks";
  }
}

TEST_P(TmuCommands, KeepsActivationsOnlyForAnEqualCommand) {
  const Command first = random_command(sizes_, {1, 2, 3}, 1);
  Command again = first;
  again.keep = true;
  EXPECT_EQ(statuses({bare(1, 2, 3, false, true), first, bare(2, 2, 3, false, true),
                      bare(1, 1, 3, false, true), bare(1, 2, 3, true, true), again, again}),
            (std::vector<int>{kIllegal, kDone, kIllegal, kIllegal, kIllegal, kDone, kDone}));
}

TEST_P(TmuCommands, HoldsActivationsOverARefusedCommand) {
  const Command first = random_command(sizes_, {1, 1, 1}, 2);
  Command again = first;
  again.keep = true;
  EXPECT_EQ(statuses({first, bare(0, 0, 0), again}), (std::vector<int>{kDone, kIllegal, kDone}));
}

TEST_P(TmuCommands, ClearsCountersAtTheNextCommand) {
  const std::vector<Command> commands = {random_command(sizes_, {1, 1, 9}, 3), bare(0, 1, 1)};
  EXPECT_EQ(statuses(commands), (std::vector<int>{kDone, kIllegal}));
}

TEST_P(TmuCommands, ReadsZeroFromSelectorsWithoutACounter) {
  (void)statuses({random_command(sizes_, {1, 1, 9}, 3)});
  EXPECT_EQ(unit_->counter(14), 0U);
  EXPECT_EQ(unit_->counter(15), 0U);
}

// More rows than a test has time for: the unit counts all of them, and an abort ends it.
TEST_P(TmuCommands, BeginsCommandsOfEveryNumberOfRows) {
  for (const std::uint32_t rows : {0xFFFFFFFFU, 0x55555555U, 0xAAAAAAAAU}) {
    unit_->reset();
    const std::vector<std::uint8_t> beat(sizes_.lanes / 5, 121);
    auto& in = unit_->in;
    in.cmd_valid = true;
    in.cmd_tokens = in.cmd_beats = 1;
    in.cmd_rows = rows;
    unit_->step();
    in.cmd_valid = false;
    in.act_data = beat.data();
    for (std::size_t e = 0; e < sizes_.engines; ++e) in.weight_data[e] = beat.data();
    in.weight_valid = (1U << sizes_.engines) - 1;
    in.result_ready = true;
    for (int i = 0; i < 100; ++i) {
      in.act_valid = unit_->out.act_ready;
      unit_->step();
      ASSERT_FALSE(unit_->out.rsp_valid);
    }
    EXPECT_GT(unit_->counter(13), 0U);
    in = {};
    in.abort = true;
    unit_->step();
    in.abort = false;
    EXPECT_TRUE(unit_->out.rsp_valid);
    EXPECT_EQ(unit_->out.rsp_status, 2);
    EXPECT_EQ(unit_->errors(), 0U) << unit_->first_error();
  }
}

TEST_P(TmuCommands, FillsWeightFifosBeforeAnyCommandAndThenStops) {
  unit_->reset();
  const std::vector<std::uint8_t> beat(sizes_.lanes / 5, 121);
  std::uint32_t taken = 0;
  for (int i = 0; i < 100; ++i) {
    unit_->in.weight_valid = 1;
    unit_->in.weight_data[0] = beat.data();
    taken += unit_->out.weight_ready & 1;
    unit_->step();
  }
  EXPECT_EQ(taken, sizes_.weight_fifo_beats);
  EXPECT_EQ(unit_->out.weight_ready & 1, 0U);
  EXPECT_EQ(unit_->errors(), 0U) << unit_->first_error();
}

INSTANTIATE_TEST_SUITE_P(Designs, TmuCommands, testing::ValuesIn(sim::kDesigns),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace sterna
