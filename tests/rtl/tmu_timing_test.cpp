// SPDX-License-Identifier: Apache-2.0

// Random commands under random traffic: every sum, every handshake cycle and every counter is what
// docs/tmu.md says. STERNA_SEED replays one seed.

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/rtl/rtl_unit.hpp"
#include "tests/rtl/command.hpp"
#include "tests/rtl/page_timing.hpp"
#include "tests/rtl/session.hpp"
#include "tests/sim/designs.hpp"

namespace sterna {
namespace {

class TmuTiming : public testing::TestWithParam<sim::UnitConfig> {
 protected:
  std::unique_ptr<TmuUnit> unit_ = sim::open_rtl_unit(GetParam());

  // Runs the commands and compares everything with the page.
  void check(std::span<const Command> commands, const Traffic& traffic) {
    Session session(*unit_, traffic);
    const std::vector<Observed> seen = session.run(commands);
    ASSERT_EQ(seen.size(), commands.size());
    PageTiming page(unit_->parameters(), session);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      SCOPED_TRACE("command " + std::to_string(i));
      const Predicted predicted = page.next(commands[i], seen[i]);
      EXPECT_EQ(seen[i].status, 0);
      EXPECT_EQ(seen[i].sums, commands[i].expected);
      EXPECT_EQ(seen[i].accept, predicted.accept);
      EXPECT_EQ(seen[i].results, predicted.results);
      EXPECT_EQ(seen[i].respond, predicted.respond);
      EXPECT_EQ(seen[i].counters, predicted.counters);
    }
    for (std::size_t e = 0; e < unit_->parameters().engines; ++e) {
      EXPECT_EQ(session.weight_takes(e), page.pushes(e)) << "weight handshakes of engine " << e;
    }
  }

  // Three commands; the second of some seeds keeps the activations of the first.
  std::vector<Command> random_job(std::uint32_t seed) {
    std::vector<Command> commands;
    for (std::uint32_t i = 0; i < 3; ++i) {
      CommandShape shape = random_shape(unit_->parameters(), 3 * seed + i);
      if (i == 1 && seed % 2 == 0) {
        const std::uint32_t rows = shape.rows;
        shape = random_shape(unit_->parameters(), 3 * seed);
        shape.rows = rows;
        shape.keep = true;
      }
      commands.push_back(random_command(unit_->parameters(), shape, 100 * seed + i));
    }
    if (commands[1].keep) keep_activations(commands);
    return commands;
  }

 private:
  void keep_activations(std::vector<Command>& commands) {
    const Command& first = commands[0];
    Command& second = commands[1];
    const std::size_t k_size = first.activations.size() / first.tokens;
    const auto& bytes = second.weights;
    const std::size_t row_bytes = first.beats * unit_->parameters().lanes / 5;
    const std::size_t engines = unit_->parameters().engines;
    second = make_command(
        unit_->parameters(), {second.tokens, second.beats, second.rows, second.t2, true},
        [copy = bytes, row_bytes, engines](std::size_t r, std::size_t i) {
          return copy[r % engines][r / engines * row_bytes + i];
        },
        [&](std::size_t t, std::size_t k) { return first.activations[t * k_size + k]; });
  }
};

TEST_P(TmuTiming, FollowsThePageForRandomJobsAndTraffic) {
  std::uint32_t first = 1;
  std::uint32_t last = 60;
  if (const char* text = std::getenv("STERNA_SEED"))
    first = last = static_cast<std::uint32_t>(std::stoul(text));
  for (std::uint32_t seed = first; seed <= last && !HasFailure(); ++seed) {
    SCOPED_TRACE("replay with STERNA_SEED=" + std::to_string(seed));
    const Traffic traffic = {
        .seed = seed, .gap_percent = 30 * (seed % 4), .stall_percent = 30 * (seed / 4 % 4)};
    check(random_job(seed), traffic);
  }
}

TEST_P(TmuTiming, RunsAtASlotACycleWhenNothingStalls) {
  const auto& sizes = unit_->parameters();
  const std::uint32_t tokens = sizes.slices * sizes.chunks;
  const Command command =
      random_command(sizes, {tokens, sizes.activation_words / sizes.chunks, 3 * sizes.engines}, 1);
  check(std::span(&command, 1), {});
}

// A result every slot against a sink that is seldom ready: the result FIFO is full most of the time.
TEST_P(TmuTiming, WaitsForCreditsAndNeverDropsAResult) {
  const auto& sizes = unit_->parameters();
  const Command command =
      random_command(sizes, {sizes.slices * sizes.chunks, 1, 30 * sizes.engines}, 2);
  check(std::span(&command, 1), {.seed = 5, .stall_percent = 85});
}

TEST_P(TmuTiming, WaitsForTheSlowestEngine) {
  const auto& sizes = unit_->parameters();
  const Command command = random_command(sizes, {1, 9, 5 * sizes.engines}, 3);
  check(std::span(&command, 1), {.seed = 6, .gap_percent = 95});
}

INSTANTIATE_TEST_SUITE_P(Designs, TmuTiming, testing::ValuesIn(sim::kDesigns),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace sterna
