// SPDX-License-Identifier: Apache-2.0

// Commands through the bus: sums, records and counters, whatever the memory's pace.

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "sim/rtl/rtl_unit.hpp"
#include "tests/rtl/axi/axi_rig.hpp"
#include "tests/rtl/session.hpp"

namespace sterna {
namespace {

constexpr std::uint64_t kHang = 400000;

// STERNA_SEED replays one seed.
std::vector<std::uint32_t> seeds(std::uint32_t count) {
  if (const char* text = std::getenv("STERNA_SEED")) {
    return {static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10))};
  }
  std::vector<std::uint32_t> all(count);
  for (std::uint32_t i = 0; i < count; ++i) all[i] = i + 1;
  return all;
}

class AxiCommands : public testing::TestWithParam<AxiDesign> {
 protected:
  const TmuUnitParameters inner_ = inner_unit(GetParam().sizes);

  static bool done(AxiRig& rig) {
    return rig.run_until(
        [&rig, last = rig.next()] {
          return rig.unit().cycles() % 64 == 0 && (rig.get(axi::Reg::Head) == last || rig.halted());
        },
        kHang);
  }

  // A random command; one in three keeps the activations of the one before where that is legal.
  Command next_command(std::uint32_t seed, const Command* before) const {
    CommandShape shape = random_shape(inner_, seed);
    std::uint32_t of_activations = seed;
    if (before != nullptr && seed % 3 == 0) {
      shape = {before->tokens, before->beats, shape.rows, before->t2, true};
    }
    Command command = random_command(inner_, shape, of_activations);
    if (!shape.keep) return command;
    // The same activations as before, and the sums they give.
    const std::size_t k_size = shape.beats * trits_per_beat(inner_, shape.t2);
    std::mt19937 weights(seed);
    return make_command(
        inner_, shape,
        [&](std::size_t, std::size_t) {
          return static_cast<std::uint8_t>(weights() % (shape.t2 ? 256U : 243U));
        },
        [&](std::size_t t, std::size_t k) { return before->activations[t * k_size + k]; });
  }
};

TEST_P(AxiCommands, OneCommandGivesItsSumsAndItsRecord) {
  AxiRig rig(GetParam(), {});
  Posted posted = rig.lay_out(random_command(inner_, {2, 3, inner_.engines + 1}, 1), axi::kFlagIrq);
  rig.post(posted);
  rig.ring_bell();
  ASSERT_TRUE(done(rig));
  rig.expect_done(posted);
  EXPECT_TRUE(rig.unit().out.irq);
  EXPECT_EQ(rig.unit().errors(), 0U) << rig.unit().first_error();
}

TEST_P(AxiCommands, RandomCommandsGiveTheirSumsAtAnyPaceOfTheMemory) {
  for (const std::uint32_t seed : seeds(12)) {
    SCOPED_TRACE("STERNA_SEED=" + std::to_string(seed));
    std::mt19937 source(seed);
    const auto random = [&source] { return static_cast<std::uint32_t>(source()); };
    AxiTraffic traffic{.seed = seed};
    if (seed % 3 != 0) {
      traffic.latency = 1 + random() % 40;
      traffic.extra_latency = random() % 30;
      traffic.not_ready_percent = random() % 70;
      traffic.gap_percent = random() % 70;
    }
    AxiRig rig(GetParam(), traffic);
    std::vector<Posted> all;
    // Four in the ring of four, twice over: the ring wraps.
    for (std::uint32_t batch = 0; batch < 3; ++batch) {
      const std::size_t first = all.size();
      const std::uint32_t count = 1 + random() % 4;
      for (std::uint32_t i = 0; i < count; ++i) {
        const Command* before = all.empty() ? nullptr : &all.back().command;
        all.push_back(rig.lay_out(next_command(seed * 100 + batch * 10 + i, before),
                                  static_cast<std::uint8_t>(random() % 2 * axi::kFlagCounters)));
        rig.post(all.back());
      }
      rig.ring_bell();
      ASSERT_TRUE(done(rig)) << "hang";
      ASSERT_EQ(rig.error_code(), axi::Code::Done);
      for (std::size_t i = first; i < all.size(); ++i) rig.expect_done(all[i]);
    }
    EXPECT_EQ(rig.get64(axi::Reg::TotalCommandsLo), all.size());
    EXPECT_EQ(rig.get64(axi::Reg::TotalWeightBeatsLo), rig.memory.seen.weight_beats);
    EXPECT_EQ(rig.get64(axi::Reg::TotalActivationBeatsLo), rig.memory.seen.activation_beats);
    EXPECT_EQ(rig.get64(axi::Reg::TotalDescriptorBeatsLo), rig.memory.seen.descriptor_beats);
    EXPECT_EQ(rig.get64(axi::Reg::TotalWriteBeatsLo), rig.memory.seen.write_beats);
    EXPECT_EQ(rig.get64(axi::Reg::TotalArStallsLo), rig.memory.seen.ar_stalls);
    EXPECT_EQ(rig.get64(axi::Reg::TotalAwStallsLo), rig.memory.seen.aw_stalls);
    EXPECT_EQ(rig.get64(axi::Reg::TotalWStallsLo), rig.memory.seen.w_stalls);
    ASSERT_EQ(rig.unit().errors(), 0U) << rig.unit().first_error();
    if (HasFailure()) return;
  }
}

// The queues of the results are full when the unit answers, and its last words wait for room.
TEST_P(AxiCommands, ResultsWaitForASlowMemory) {
  for (std::uint32_t rows = 1; rows <= 2 * inner_.engines; ++rows) {
    AxiRig rig(GetParam(), {.seed = rows, .latency = 30, .not_ready_percent = 97});
    const std::uint32_t tokens = inner_.slices * inner_.chunks;
    std::vector<Posted> all;
    for (std::uint32_t i = 0; i < 2; ++i) {
      all.push_back(
          rig.lay_out(random_command(inner_, {tokens - i, 1, 6 * inner_.engines + rows}, rows)));
      rig.post(all.back());
    }
    rig.ring_bell();
    ASSERT_TRUE(done(rig));
    for (const Posted& posted : all) rig.expect_done(posted);
    ASSERT_EQ(rig.unit().errors(), 0U) << rig.unit().first_error();
  }
}

// What does not depend on the pace of the streams is what the unit counts without a bus.
TEST_P(AxiCommands, CountsWhatTheUnitCountsWithoutABus) {
  constexpr std::array<std::uint32_t, 8> kSelectors = {0, 2, 7, 8, 9, 10, 11, 12};
  const auto& s = GetParam().sizes;
  const std::unique_ptr<TmuUnit> bare =
      sim::open_rtl_unit({s.lanes, s.engines, s.slices, s.activation_words, s.chunks,
                          s.weight_fifo_beats, s.result_fifo_beats});
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    const Command command = random_command(inner_, random_shape(inner_, seed), seed);
    const std::vector<Observed> seen = Session(*bare, {}).run(std::span(&command, 1));
    AxiRig rig(GetParam(), {.seed = seed, .latency = 9, .gap_percent = 20});
    Posted posted = rig.lay_out(command, axi::kFlagCounters);
    rig.post(posted);
    rig.ring_bell();
    ASSERT_TRUE(done(rig));
    rig.expect_done(posted);
    EXPECT_EQ(rig.get(axi::Reg::CountersSequence), posted.sequence);
    const auto counter = [&](std::uint32_t i) {
      return rig.get64(
          static_cast<axi::Reg>(static_cast<std::uint32_t>(axi::Reg::Counter) + 8 * i));
    };
    for (const std::uint32_t i : kSelectors) {
      EXPECT_EQ(counter(i), seen[0].counters[i]) << "counter " << i << ", seed " << seed;
    }
    EXPECT_EQ(counter(13), std::uint64_t{command.rows} * command.tokens);
    // 1 + counters 0..6; the sixth is copied seven cycles before the unit is answered.
    std::uint64_t cycles = 1;
    for (std::uint32_t i = 0; i <= 6; ++i) cycles += counter(i);
    EXPECT_EQ(rig.completion(posted.sequence).cycles, cycles + 8);
  }
}

// TmuAxiUnit::inside and counter(), against what the unit itself writes into records and registers.
TEST_P(AxiCommands, ShowsTheHandshakesAndCountersOfTheUnitInside) {
  constexpr std::uint32_t kCommands = 3;
  constexpr std::uint32_t kCounters = 14;
  constexpr std::uint32_t kRespondCycles = 6;  // its copy reads eight cycles less
  AxiRig rig(GetParam(), {.seed = 5, .latency = 9, .gap_percent = 20});
  std::vector<Posted> all;
  for (std::uint32_t seed = 1; seed <= kCommands; ++seed) {
    all.push_back(
        rig.lay_out(random_command(inner_, random_shape(inner_, seed), seed), axi::kFlagCounters));
    rig.post(all.back());
  }
  rig.ring_bell();
  std::vector<std::uint64_t> starts;
  std::vector<std::uint64_t> ends;
  std::array<std::uint64_t, kCounters> counters{};
  ASSERT_TRUE(rig.run_until(
      [&] {
        const TmuAxiUnit& unit = rig.unit();
        if (unit.inside.accepted) starts.push_back(unit.cycles());
        if (unit.inside.answered) {
          ends.push_back(unit.cycles());
          EXPECT_EQ(unit.inside.status, 0);
          for (std::uint32_t i = 0; i < kCounters; ++i) counters[i] = unit.counter(i);
        }
        return unit.out.irq || ends.size() == kCommands;
      },
      kHang));
  ASSERT_TRUE(done(rig));
  ASSERT_EQ(starts.size(), kCommands);
  ASSERT_EQ(ends.size(), kCommands);
  for (std::uint32_t i = 0; i < kCommands; ++i) {
    EXPECT_EQ(rig.completion(all[i].sequence).cycles, ends[i] - starts[i] + 1) << "command " << i;
  }
  for (std::uint32_t i = 0; i < kCounters; ++i) {
    const auto reg = static_cast<axi::Reg>(static_cast<std::uint32_t>(axi::Reg::Counter) + 8 * i);
    EXPECT_EQ(rig.get64(reg) + (i == kRespondCycles ? 8 : 0), counters[i]) << "counter " << i;
  }
  EXPECT_EQ(rig.unit().counter(kCounters), 0U);
}

// A reset in the middle of a command is no answer of it.
TEST_P(AxiCommands, ShowsNoHandshakeAfterAReset) {
  AxiRig rig(GetParam(), {.seed = 1});
  Posted posted = rig.lay_out(random_command(inner_, {1, 1, 1}, 1), axi::kFlagCounters);
  rig.post(posted);
  rig.ring_bell();
  // The unit inside waits for 14 cycles with its response while its counters are copied.
  ASSERT_TRUE(rig.run_until([&] { return rig.unit().counter(6) != 0; }, kHang));
  rig.unit().reset();
  EXPECT_FALSE(rig.unit().inside.accepted);
  EXPECT_FALSE(rig.unit().inside.answered);
}

INSTANTIATE_TEST_SUITE_P(Designs, AxiCommands, testing::ValuesIn(kAxiDesigns),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace sterna
