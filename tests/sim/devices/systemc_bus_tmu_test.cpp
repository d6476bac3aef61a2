// SPDX-License-Identifier: Apache-2.0
#include "sim/devices/systemc_bus_tmu.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/job/random_job.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/job_generator.hpp"
#include "tests/sim/report_printing.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const BusDesign& edge() { return kBusDesigns[2]; }

TEST(SystemcBusTmu, GivesTheSumsOfThePlainLoop) {
  std::vector<std::unique_ptr<SystemcBusTmu>> devices;
  for (const BusDesign& design : kBusDesigns) {
    devices.push_back(std::make_unique<SystemcBusTmu>(on_ideal_memory(design)));
  }
  for (const auto& device : devices) {
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
      RandomJob job(device->hardware().unit, seed);
      JobGenerator(device->hardware().unit, seed).fill(job, false);
      device->run(job.tasks());
      ASSERT_EQ(job.first_wrong_task(), -1) << "seed " << seed;
    }
  }
}

// Cycles worked out by hand from docs/axi.md: a memory that answers in the cycle after the address.
TEST(SystemcBusTmu, TakesTheCyclesOfThePageForOneSlot) {
  SystemcBusTmu device(on_ideal_memory(edge()));
  RandomJob job(edge().unit, 1);
  job.add({.tokens = 1, .cols = 80, .rows = 1});
  const CommandReport report = device.run(job.tasks()).at(0);
  // Descriptor: job 0, ARVALID 3, beats 4..7, in the check 5..8 = c; weights handed out in c + 36 + 4, the
  // activations' in c + 36 + 8 = 52, given in 53.
  EXPECT_EQ(report.accept_cycle, 54);
  // Activations: job 52, ARVALID 55, beats 56..60, loaded 57..61; slot 62, result 66, drain 63..67.
  EXPECT_EQ(report.counters.load_cycles, 5);
  EXPECT_EQ(report.counters.activation_stall_cycles, 2);
  EXPECT_EQ(report.counters.drain_cycles, 5);
  EXPECT_EQ(report.respond_cycle, 68);
  // The word is whole in 67 (four sums), queued from 68: burst 68, AWVALID and WVALID 69, at the memory 70,
  // answered 71, at rest 72: record in 73, on the pins 74, at the memory 75, answered 76, done 77.
  EXPECT_EQ(report.done_cycle, 77);
}

TEST(SystemcBusTmu, LosesNoCycleBetweenCommandsThatWaitForNothing) {
  SystemcBusTmu device(on_ideal_memory(edge()));
  RandomJob job(edge().unit, 1);
  for (int i = 0; i < 4; ++i) job.add({.tokens = 1, .cols = 800, .rows = 400});
  const auto reports = device.run(job.tasks());
  for (std::size_t i = 1; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].accept_cycle, reports[i - 1].respond_cycle + 1);
    EXPECT_EQ(reports[i].counters.weight_stall_cycles, 0);
  }
}

TEST(SystemcBusTmu, WaitsForASlowMemory) {
  HardwareConfig hardware = on_ideal_memory(edge());
  hardware.bus->dram.kind = DramKind::Flat;
  hardware.bus->dram.flat_gb_s = 6.4;  // a tenth of what four engines take
  hardware.bus->dram.flat_latency_ns = 100;
  SystemcBusTmu device(hardware);
  RandomJob job(edge().unit, 1);
  job.add({.tokens = 1, .cols = 800, .rows = 400});
  const CommandReport report = device.run(job.tasks()).at(0);
  const std::uint64_t bytes = 400 * 10 * 16;
  EXPECT_GT(report.done_cycle, bytes / 6.4);
  EXPECT_LT(report.done_cycle, bytes / 6.4 + 700);
}

TEST(SystemcBusTmu, StartsEveryJobAfresh) {
  HardwareConfig hardware = on_ideal_memory(edge());
  hardware.bus->dram = default_dram(find_dram_part("LPDDR4X-4266"), 1'000'000);
  SystemcBusTmu used(hardware);
  std::vector<std::unique_ptr<SystemcBusTmu>> fresh;
  constexpr std::uint32_t kJobs = 12;
  for (std::uint32_t i = 0; i < kJobs; ++i)
    fresh.push_back(std::make_unique<SystemcBusTmu>(hardware));
  for (std::uint32_t seed = 1; seed <= kJobs; ++seed) {
    RandomJob job(edge().unit, seed);
    JobGenerator(edge().unit, seed).fill(job, false);
    const auto reports = used.run(job.tasks());
    EXPECT_EQ(reports, fresh[seed - 1]->run(job.tasks())) << "seed " << seed;
    EXPECT_EQ(used.run(job.tasks()), reports) << "timed before, seed " << seed;
  }
  EXPECT_TRUE(used.run({}).empty());
}

TEST(SystemcBusTmu, TimesJobsWhoseDataAreGone) {
  const BusDesign& odd = kBusDesigns[0];  // can skip columns, which takes activations
  HardwareConfig hardware = on_ideal_memory(odd);
  hardware.bus->dram = default_dram(find_dram_part("DDR4-3200"), 1'000'000);
  SystemcBusTmu late(hardware);
  SystemcBusTmu at_once(hardware);
  std::vector<std::future<std::vector<CommandReport>>> times;
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    RandomJob job(odd.unit, seed);
    JobGenerator(odd.unit, seed).fill(job, false);
    times.push_back(late.start(job.tasks()));
    EXPECT_EQ(job.first_wrong_task(), -1) << "seed " << seed;
  }
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    RandomJob job(odd.unit, seed);
    JobGenerator(odd.unit, seed).fill(job, false);
    EXPECT_EQ(times[seed - 1].get(), at_once.run(job.tasks())) << "seed " << seed;
  }
}

TEST(SystemcBusTmu, EndsBeforeItsJobsAreTimed) {
  auto device = std::make_unique<SystemcBusTmu>(on_ideal_memory(edge()));
  RandomJob job(edge().unit, 1);
  job.add({.tokens = 20, .cols = 800, .rows = 500});
  std::vector<std::future<std::vector<CommandReport>>> times;
  for (int i = 0; i < 5; ++i) times.push_back(device->start(job.tasks()));
  device.reset();
  for (auto& time : times)
    EXPECT_EQ(time.wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

// The same commands, but the second reads other weights than the first: more rows of the memory.
TEST(SystemcBusTmu, TimesAJobByWhereItsWeightsLieToo) {
  HardwareConfig hardware = on_ideal_memory(edge());
  hardware.bus->dram = default_dram(find_dram_part("DDR4-3200"), 1'000'000);
  SystemcBusTmu device(hardware);
  SystemcBusTmu fresh(hardware);
  RandomJob job(edge().unit, 1);
  for (int i = 0; i < 2; ++i) job.add({.tokens = 1, .cols = 80, .rows = 3});
  const auto apart = device.run(job.tasks());
  std::vector<TmuTask> shared(job.tasks().begin(), job.tasks().end());
  shared[1].weights = shared[0].weights;
  const auto reports = device.run(shared);
  EXPECT_EQ(reports, fresh.run(shared));
  EXPECT_NE(reports, apart);
}

TEST(SystemcBusTmu, RefusesADesignWithoutABus) {
  HardwareConfig hardware = on_ideal_memory(edge());
  hardware.bus.reset();
  hardware.memory = {1, 1, 1, 0, 1, 0, 0};
  EXPECT_THAT([&] { const SystemcBusTmu device(hardware); },
              ThrowsMessage<FieldError>(HasSubstr("bus is missing")));
}

// An answer of ten thousand million cycles: the memory counts to 2^40.
TEST(SystemcBusTmu, SaysWhatEndedASimulationAndGoesOn) {
  HardwareConfig hardware = on_ideal_memory(edge());
  hardware.clock_mhz = 10'000;
  hardware.bus->dram.asker_khz = 10'000'000;
  hardware.bus->latency_ns = 1e9;
  SystemcBusTmu device(hardware);
  RandomJob job(edge().unit, 1);
  for (int i = 0; i < 60; ++i) job.add({.tokens = 1, .cols = 80, .rows = 1});
  EXPECT_THROW(device.run(job.tasks()), std::invalid_argument);
  EXPECT_EQ(device.run(job.tasks().first(1)).size(), 1U);
}

TEST(SystemcBusTmu, RefusesAnIllegalTaskAndGoesOn) {
  SystemcBusTmu device(on_ideal_memory(edge()));
  RandomJob bad(edge().unit, 1);
  bad.add({.tokens = 1, .cols = 80, .rows = 1});
  bad.add_illegal(
      {.tokens = 1, .beats = 0, .rows = 1, .format = WeightFormat::T5, .keep_activations = false});
  EXPECT_THAT([&] { device.run(bad.tasks()); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("task 1: the unit refuses")));
  RandomJob good(edge().unit, 1);
  good.add({.tokens = 1, .cols = 80, .rows = 1});
  device.run(good.tasks());
  EXPECT_EQ(good.first_wrong_task(), -1);
}

}  // namespace
}  // namespace sterna::sim
