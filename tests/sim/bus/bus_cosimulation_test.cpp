// SPDX-License-Identifier: Apache-2.0

// The SystemC model of the unit on its bus and the Verilated tmu_axi, in front of the same DRAM: the same
// sums, cycles and counters for every command.
//
// Every case follows from its seed. STERNA_SEED=n runs case n of each test alone; STERNA_CASES=n runs n
// cases of each.

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/devices/rtl_bus_tmu.hpp"
#include "sim/devices/systemc_bus_tmu.hpp"
#include "sim/job/random_job.hpp"
#include "tests/sim/bus/bus_case_generator.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/report_printing.hpp"

namespace sterna::sim {
namespace {

/// One case on both levels. All are constructed before any runs: SystemC takes no modules later.
struct BusCase {
  BusCase(const BusDesign& design, std::uint32_t case_seed)
      : seed(case_seed), job(design.unit, case_seed) {
    BusCaseGenerator generate(design.unit, case_seed);
    hardware = generate.hardware(design);
    model = std::make_unique<SystemcBusTmu>(hardware);
    generate.fill(job, false);
  }

  std::uint32_t seed;
  RandomJob job;
  HardwareConfig hardware;
  std::unique_ptr<SystemcBusTmu> model;
};

void compare(BusCase& one) {
  const auto model_reports = one.model->run(one.job.tasks());
  EXPECT_EQ(one.job.first_wrong_task(), -1) << "sums of the SystemC model";
  RtlBusTmu rtl(one.hardware);
  const auto rtl_reports = rtl.run(one.job.tasks());
  EXPECT_EQ(one.job.first_wrong_task(), -1) << "sums of the RTL";
  ASSERT_EQ(model_reports.size(), rtl_reports.size());
  for (std::size_t i = 0; i < rtl_reports.size(); ++i) {
    ASSERT_EQ(model_reports[i], rtl_reports[i]) << "command " << i;
  }
}

class BusCosimulation : public testing::TestWithParam<BusDesign> {};

TEST_P(BusCosimulation, AgreesInSumsCyclesAndCountersForRandomJobs) {
  std::uint32_t first = 1;
  std::uint32_t last = environment_number("STERNA_CASES", 40);
  if (std::getenv("STERNA_SEED") != nullptr) first = last = environment_number("STERNA_SEED", 1);
  std::vector<std::unique_ptr<BusCase>> cases;
  for (std::uint32_t seed = first; seed <= last; ++seed) {
    cases.push_back(std::make_unique<BusCase>(GetParam(), seed));
  }
  for (const auto& one : cases) {
    SCOPED_TRACE("replay with STERNA_SEED=" + std::to_string(one->seed));
    compare(*one);
    if (HasFailure()) return;
  }
}

// The largest sums of columns: 65,535 times -128 * -1. One engine, a beat a column.
TEST(BusColumns, HoldTheLargestSums) {
  const BusDesign& design = kBusDesigns[1];
  RandomJob job(design.unit, 1);
  for (const Fill fill : {Fill::AllMinus, Fill::AllPlus}) {
    job.add({.tokens = 1, .cols = 0xFFFF, .rows = 3, .fill = fill, .by_columns = true});
  }
  const HardwareConfig hardware = on_ideal_memory(design);
  SystemcBusTmu model(hardware);
  const auto reports = model.run(job.tasks());
  EXPECT_EQ(job.first_wrong_task(), -1) << "sums of the SystemC model";
  RtlBusTmu rtl(hardware);
  EXPECT_EQ(rtl.run(job.tasks()), reports);
  EXPECT_EQ(job.first_wrong_task(), -1) << "sums of the RTL";
}

INSTANTIATE_TEST_SUITE_P(Designs, BusCosimulation, testing::ValuesIn(kBusDesigns),
                         [](const auto& design) { return design.param.name; });

}  // namespace
}  // namespace sterna::sim
