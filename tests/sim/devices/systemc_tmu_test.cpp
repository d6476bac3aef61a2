// SPDX-License-Identifier: Apache-2.0
#include "sim/devices/systemc_tmu.hpp"

#include <memory>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/job/random_job.hpp"
#include "tests/sim/ideal_hardware.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

HardwareConfig ideal_hardware() { return sim::ideal_hardware(2); }

TEST(SystemcTmu, GivesTheSumsOfThePlainLoop) {
  SystemcTmu device(ideal_hardware());
  RandomJob job(ideal_hardware().unit, 1);
  for (const auto format : {WeightFormat::T5, WeightFormat::T2}) {
    for (const auto fill : {Fill::Uniform, Fill::AllMinus, Fill::AllPlus, Fill::Zero}) {
      for (const std::uint32_t cols : {1U, 63U, 64U, 65U, 79U, 80U, 81U, 300U}) {
        ProductShape s{.tokens = 1 + cols % 5, .cols = cols, .rows = 1 + cols % 7};
        s.format = format;
        s.fill = fill;
        job.add(s);
      }
    }
  }
  device.run(job.tasks());
  EXPECT_EQ(job.first_wrong_task(), -1);
}

// Cycles worked out by hand from docs/tmu.md.
TEST(SystemcTmu, TakesTheCyclesOfThePageForOneSlot) {
  SystemcTmu device(ideal_hardware());
  RandomJob job(ideal_hardware().unit, 1);
  job.add({.tokens = 1, .cols = 80, .rows = 1});
  const CommandReport report = device.run(job.tasks()).at(0);
  EXPECT_EQ(report.status, TmuStatus::Done);
  EXPECT_EQ(report.accept_cycle, 0);
  // Load 1..5, the slot in 6, its result in 10, drain 7..11 (the credit is back in 11), respond in 12.
  EXPECT_EQ(report.respond_cycle, 12);
  const TmuCounters& c = report.counters;
  EXPECT_EQ(c.load_cycles, 5);
  EXPECT_EQ(c.activation_stall_cycles, 0);
  EXPECT_EQ(c.issue_cycles, 1);
  EXPECT_EQ(c.weight_stall_cycles, 0);
  EXPECT_EQ(c.result_stall_cycles, 0);
  EXPECT_EQ(c.drain_cycles, 5);
  EXPECT_EQ(c.respond_cycles, 1);
  EXPECT_EQ(c.weight_beats, 1);
  EXPECT_EQ(c.row_slots, 1);
  EXPECT_EQ(c.activation_reads, 1);
  EXPECT_EQ(c.activation_writes, 5);
  EXPECT_EQ(c.result_beats, 1);
  EXPECT_EQ(c.sums, 1);
}

TEST(SystemcTmu, StallsForCreditsWhenResultsComeFasterThanTheyLeave) {
  SystemcTmu device(ideal_hardware());
  RandomJob job(ideal_hardware().unit, 1);
  job.add({.tokens = 1, .cols = 80, .rows = 12});  // one slot a group, six groups, two credits
  const CommandReport report = device.run(job.tasks()).at(0);
  // Slots 6, 7; the results leave in 10, 11, so slots 11, 12; then 16, 17. Results 20, 21.
  EXPECT_EQ(report.counters.result_stall_cycles, 6);
  EXPECT_EQ(report.counters.weight_stall_cycles, 0);
  EXPECT_EQ(report.counters.issue_cycles, 6);
  EXPECT_EQ(report.respond_cycle, 23);
}

TEST(SystemcTmu, StallsForWeightsAtTheRateOfTheMemory) {
  HardwareConfig hardware = ideal_hardware();
  hardware.memory.weight_gb_s = 3.2;  // each of two engines gets a beat every ten cycles
  SystemcTmu device(hardware);
  RandomJob job(hardware.unit, 1);
  job.add({.tokens = 1, .cols = 800, .rows = 2});
  const auto reports = device.run(job.tasks());
  // Activations load in 1..50. By then five beats have come, so slots 51..55; the others come in 60, 70,
  // ... 100 and issue a cycle later.
  EXPECT_EQ(reports[0].counters.weight_stall_cycles, 41);
  EXPECT_EQ(reports[0].respond_cycle, 107);
}

TEST(SystemcTmu, FetchesWeightsOfLaterCommandsAhead) {
  HardwareConfig hardware = ideal_hardware();
  hardware.memory.weight_gb_s = 3.2;
  SystemcTmu device(hardware);
  RandomJob job(hardware.unit, 1);
  job.add({.tokens = 1, .cols = 800, .rows = 2});
  job.add({.tokens = 1, .cols = 800, .rows = 2});
  const auto reports = device.run(job.tasks());
  // The second command's beats come in 110, ... 200, while it is accepted in 108 and loads in 109..158.
  EXPECT_EQ(reports[1].accept_cycle, 108);
  EXPECT_EQ(reports[1].respond_cycle, 207);
}

TEST(SystemcTmu, RefusesIllegalCommandsAndGoesOn) {
  SystemcTmu device(ideal_hardware());
  RandomJob job(ideal_hardware().unit, 1);
  const TmuCommand legal = {
      .tokens = 1, .beats = 1, .rows = 2, .format = WeightFormat::T5, .keep_activations = false};
  const auto add_illegal = [&](auto change) {
    TmuCommand command = legal;
    change(command);
    job.add_illegal(command);
  };
  add_illegal([](TmuCommand& c) { c.keep_activations = true; });  // nothing is held yet
  job.add({.tokens = 1, .cols = 80, .rows = 2});
  add_illegal([](TmuCommand& c) { c.tokens = 0; });
  add_illegal([](TmuCommand& c) { c.beats = 0; });
  add_illegal([](TmuCommand& c) { c.rows = 0; });
  add_illegal([](TmuCommand& c) { c.tokens = 9; });  // five chunks of two slices
  add_illegal([](TmuCommand& c) { c.beats = 17; });
  add_illegal([](TmuCommand& c) { c.keep_activations = true, c.beats = 2; });
  add_illegal([](TmuCommand& c) { c.keep_activations = true, c.tokens = 2; });
  add_illegal([](TmuCommand& c) { c.keep_activations = true, c.format = WeightFormat::T2; });
  ProductShape kept = {.tokens = 1, .cols = 80, .rows = 5};
  kept.keep_activations = true;
  job.add(kept);
  const auto reports = device.run(job.tasks());
  EXPECT_EQ(job.first_wrong_task(), -1);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const bool done = i == 1 || i + 1 == reports.size();
    EXPECT_EQ(reports[i].status, done ? TmuStatus::Done : TmuStatus::Illegal) << i;
    if (!done) {
      EXPECT_EQ(reports[i].counters, (TmuCounters{.respond_cycles = 1}));
      EXPECT_EQ(reports[i].respond_cycle, reports[i].accept_cycle + 1);
    }
  }
}

TEST(SystemcTmu, StartsEveryJobAfresh) {
  SystemcTmu device(ideal_hardware(), {.seed = 4, .max_read_delay = 7, .write_busy_percent = 50});
  RandomJob job(ideal_hardware().unit, 1);
  job.add({.tokens = 3, .cols = 200, .rows = 9});
  const auto first = device.run(job.tasks());
  EXPECT_EQ(device.run(job.tasks()), first);
  EXPECT_TRUE(device.run({}).empty());
  RandomJob keeper(ideal_hardware().unit, 1);
  keeper.add_illegal(
      {.tokens = 3, .beats = 3, .rows = 9, .format = WeightFormat::T5, .keep_activations = true});
  EXPECT_EQ(device.run(keeper.tasks()).at(0).status, TmuStatus::Illegal);
}

TEST(SystemcTmu, SeesThatWeightsChangedInPlace) {
  SystemcTmu device(ideal_hardware());
  RandomJob job(ideal_hardware().unit, 1);
  ProductShape ones = {.tokens = 1, .cols = 80, .rows = 1};
  ones.fill = Fill::AllPlus;
  job.add(ones);
  const TmuTask task = job.tasks()[0];
  device.run(std::span(&task, 1));
  EXPECT_EQ(task.sums[0], -128 * 80);
  const_cast<WeightStreams*>(task.weights)->bytes[15] = 121;  // five zero trits
  device.run(std::span(&task, 1));
  EXPECT_EQ(task.sums[0], -128 * 75);
}

TEST(SystemcTmu, WorksBesideOtherDevicesOfTheProcess) {
  SystemcTmu one(ideal_hardware());
  HardwareConfig slow = ideal_hardware();
  slow.memory.weight_gb_s = 1;
  SystemcTmu two(slow);
  auto gone = std::make_unique<SystemcTmu>(slow);
  RandomJob job(slow.unit, 2);
  job.add({.tokens = 2, .cols = 400, .rows = 11});
  const auto fast_reports = one.run(job.tasks());
  const auto slow_reports = two.run(job.tasks());
  EXPECT_EQ(job.first_wrong_task(), -1);
  EXPECT_LT(fast_reports[0].respond_cycle, slow_reports[0].respond_cycle);
  EXPECT_EQ(gone->run(job.tasks()), slow_reports);
  gone.reset();
  EXPECT_EQ(one.run(job.tasks()), fast_reports);
}

TEST(SystemcTmu, SaysWhyItCannotBeConstructedLate) {
  SystemcTmu device(ideal_hardware());
  RandomJob job(ideal_hardware().unit, 1);
  job.add({.tokens = 1, .cols = 80, .rows = 1});
  device.run(job.tasks());
  EXPECT_THAT([] { SystemcTmu late(ideal_hardware()); },
              ThrowsMessage<std::runtime_error>(HasSubstr("before the first run")));
}

TEST(SystemcTmu, NamesTheTaskWhoseDataDoesNotFit) {
  SystemcTmu device(ideal_hardware());
  RandomJob job(ideal_hardware().unit, 1);
  job.add({.tokens = 1, .cols = 80, .rows = 1});
  job.add({.tokens = 2, .cols = 80, .rows = 3});
  const auto good = job.tasks();
  const auto refusal = [&](auto change) {
    std::vector<TmuTask> tasks(good.begin(), good.end());
    change(tasks[1]);
    return [&device, tasks] { (void)device.run(tasks); };
  };
  EXPECT_THAT(refusal([](TmuTask& t) { t.sums = t.sums.first(5); }),
              ThrowsMessage<std::invalid_argument>("task 1: room for 5 sums given, 6 needed"));
  EXPECT_THAT(refusal([](TmuTask& t) { t.activations = t.activations.first(100); }),
              ThrowsMessage<std::invalid_argument>("task 1: 100 activations given, 160 needed"));
  EXPECT_THAT(refusal([](TmuTask& t) { t.weights = nullptr; }),
              ThrowsMessage<std::invalid_argument>("task 1: it has no weights"));
  EXPECT_THAT(
      refusal([](TmuTask& t) { t.command.rows = 5; }),
      ThrowsMessage<std::invalid_argument>(HasSubstr("the stream of engine 0 must have 48")));
  EXPECT_THAT(refusal([](TmuTask& t) { t.command.tokens = 65536; }),
              ThrowsMessage<std::invalid_argument>(HasSubstr("65536 tokens")));
}

TEST(SystemcTmu, RefusesABadDesign) {
  HardwareConfig bad = ideal_hardware();
  bad.unit.lanes = 0;
  EXPECT_THAT([&] { SystemcTmu device(bad); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("unit.lanes is 0")));
}

}  // namespace
}  // namespace sterna::sim
