// SPDX-License-Identifier: Apache-2.0

// Leaps against single steps. That steps are right is what bus_cosimulation_test.cpp shows.

#include "sim/bus/bus_timing.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "sim/bus/bus_layout.hpp"
#include "sim/job/random_job.hpp"
#include "tests/sim/bus/bus_case_generator.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/report_printing.hpp"

namespace sterna::sim {
namespace {

struct Timed {
  std::vector<CommandReport> reports;
  std::uint64_t cycles;
  MovedBytes moved;
  std::uint64_t leaps = 0;
};

Timed time(const HardwareConfig& hardware, std::span<const TmuTask> tasks, bool leaps) {
  const BusLayout layout = lay_out_job(hardware, tasks);
  BusTiming timing(hardware);
  timing.start(layout, tasks);
  Timed timed;
  for (bool goes_on = true; goes_on;) {
    if (leaps && timing.leap()) {
      ++timed.leaps;
    } else {
      goes_on = timing.step();
    }
  }
  timed.reports = timing.reports();
  timed.cycles = timing.cycle();
  timed.moved = timing.moved_bytes();
  return timed;
}

/// Returns the leaps.
std::uint64_t expect_equal(const HardwareConfig& hardware, std::span<const TmuTask> tasks) {
  const Timed steps = time(hardware, tasks, false);
  const Timed leaps = time(hardware, tasks, true);
  EXPECT_EQ(steps.reports, leaps.reports);
  EXPECT_EQ(steps.cycles, leaps.cycles);
  EXPECT_EQ(steps.moved, leaps.moved);
  return leaps.leaps;
}

class BusTimingOf : public testing::TestWithParam<BusDesign> {};

TEST_P(BusTimingOf, LeapsChangeNothingInRandomJobs) {
  std::uint64_t leaps = 0;
  const std::uint32_t cases = environment_number("STERNA_CASES", 400);
  for (std::uint32_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE(seed);
    RandomJob job(GetParam().unit, seed);
    BusCaseGenerator generate(GetParam().unit, seed);
    const HardwareConfig hardware = generate.hardware(GetParam());
    generate.fill(job, false);
    leaps += expect_equal(hardware, job.tasks());
    if (HasFailure()) return;
  }
  EXPECT_GT(leaps, cases);
}

// Descriptors are fetched and checked while slots of earlier commands run.
TEST_P(BusTimingOf, LeapsChangeNothingInRingsLongerThanWhatIsFetchedAhead) {
  const UnitConfig& unit = GetParam().unit;
  const std::uint32_t chunks = std::min(unit.chunks, 4U);
  const std::uint32_t beats = std::min(unit.activation_words / chunks, 24U);
  std::uint64_t leaps = 0;
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    RandomJob job(unit, seed);
    std::mt19937 random(seed);
    for (std::uint32_t i = 0; i < 2 * GetParam().descriptors + 4; ++i) {
      job.add({.tokens = chunks * unit.slices,
               .cols = beats * unit.lanes,
               .rows = 1 + static_cast<std::uint32_t>(random() % (2 * unit.engines)),
               .keep_activations = i > 0});
    }
    BusCaseGenerator generate(unit, seed);
    leaps += expect_equal(generate.hardware(GetParam()), job.tasks());
    if (HasFailure()) return;
  }
  EXPECT_GT(leaps, 100U);
}

INSTANTIATE_TEST_SUITE_P(Designs, BusTimingOf, testing::ValuesIn(kBusDesigns),
                         [](const auto& design) { return design.param.name; });

}  // namespace
}  // namespace sterna::sim
