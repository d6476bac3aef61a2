// SPDX-License-Identifier: Apache-2.0

// The SystemC model and the Verilated RTL: the same sums, cycles and counters for every command.
//
// Every case follows from its seed. STERNA_SEED=n runs case n of each test alone; STERNA_CASES=n runs n
// cases of each.

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/devices/rtl_tmu.hpp"
#include "sim/devices/systemc_tmu.hpp"
#include "sim/job/random_job.hpp"
#include "tests/sim/designs.hpp"
#include "tests/sim/job_generator.hpp"
#include "tests/sim/report_printing.hpp"

namespace sterna::sim {
namespace {

/// Draws the memory, the stalls and the commands of one case.
class CaseGenerator : public JobGenerator {
 public:
  using JobGenerator::JobGenerator;

  HardwareConfig hardware() {
    const bool refresh = draw(0, 1) == 1;
    return {.name = "random",
            .clock_mhz = 1000,
            .weight_format = WeightFormat::T5,
            .unit = unit(),
            .memory = {.weight_gb_s = unit().beat_bytes() * unit().engines * rate(),
                       .activation_gb_s = 16 * rate(),
                       .result_gb_s = 4 * unit().engines * unit().slices * rate(),
                       .latency_ns = static_cast<double>(draw(0, 60)),
                       .window_beats = draw(1, 40),
                       .refresh_interval_ns = refresh ? draw(40, 400) : 0.0,
                       .refresh_ns = refresh ? draw(0, 20) : 0.0}};
  }

  StallPattern stalls() {
    if (draw(0, 1) == 0) return {};
    return {.seed = draw_seed(),
            .max_read_delay = draw(0, 2) == 0 ? 40 : draw(0, 3),
            .write_busy_percent = draw(0, 95)};
  }

 private:
  // Beats a cycle: now much too slow, now more than enough.
  double rate() {
    constexpr double kRates[] = {0.11, 0.5, 0.7, 1, 1.3, 4};
    return kRates[draw(0, std::size(kRates) - 1)];
  }
};

/// One case on both levels. All are constructed before any runs: SystemC takes no modules later.
struct Case {
  Case(const UnitConfig& unit, std::uint32_t case_seed) : seed(case_seed), job(unit, case_seed) {
    CaseGenerator generate(unit, case_seed);
    const HardwareConfig hardware = generate.hardware();
    const StallPattern stalls = generate.stalls();
    model = std::make_unique<SystemcTmu>(hardware, stalls);
    rtl = std::make_unique<RtlTmu>(hardware, stalls);
    generate.fill(job, true);
  }

  std::uint32_t seed;
  RandomJob job;
  std::unique_ptr<SystemcTmu> model;
  std::unique_ptr<RtlTmu> rtl;
};

void compare(Case& one) {
  const auto model_reports = one.model->run(one.job.tasks());
  EXPECT_EQ(one.job.first_wrong_task(), -1) << "sums of the SystemC model";
  const auto rtl_reports = one.rtl->run(one.job.tasks());
  EXPECT_EQ(one.job.first_wrong_task(), -1) << "sums of the RTL";
  ASSERT_EQ(model_reports.size(), rtl_reports.size());
  for (std::size_t i = 0; i < rtl_reports.size(); ++i) {
    ASSERT_EQ(model_reports[i], rtl_reports[i]) << "command " << i;
  }
}

class Cosimulation : public testing::TestWithParam<UnitConfig> {};

TEST_P(Cosimulation, AgreesInSumsCyclesAndCountersForRandomJobs) {
  std::uint32_t first = 1;
  std::uint32_t last = environment_number("STERNA_CASES", 40);
  if (std::getenv("STERNA_SEED") != nullptr) first = last = environment_number("STERNA_SEED", 1);
  std::vector<std::unique_ptr<Case>> cases;
  for (std::uint32_t seed = first; seed <= last; ++seed) {
    cases.push_back(std::make_unique<Case>(GetParam(), seed));
  }
  for (const auto& one : cases) {
    SCOPED_TRACE("replay with STERNA_SEED=" + std::to_string(one->seed));
    compare(*one);
    if (HasFailure()) return;
  }
}

std::string unit_name(const testing::TestParamInfo<UnitConfig>& info) {
  return std::to_string(info.param.lanes) + "x" + std::to_string(info.param.engines) + "x" +
         std::to_string(info.param.slices);
}

INSTANTIATE_TEST_SUITE_P(Units, Cosimulation, testing::ValuesIn(kDesigns), unit_name);

}  // namespace
}  // namespace sterna::sim
