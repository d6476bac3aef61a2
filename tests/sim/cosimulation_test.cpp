// SPDX-License-Identifier: Apache-2.0

// The SystemC model and the Verilated RTL: the same sums, cycles and counters for every command.
//
// Every case follows from its seed. STERNA_SEED=n runs case n of each test alone; STERNA_CASES=n runs n
// cases of each.

#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/random_job.hpp"
#include "sim/rtl_tmu.hpp"
#include "sim/systemc_tmu.hpp"
#include "tests/sim/designs.hpp"

namespace sterna::sim {

void PrintTo(const TmuCounters& c, std::ostream* out) {
  *out << "load " << c.load_cycles << ", activation_stall " << c.activation_stall_cycles
       << ", issue " << c.issue_cycles << ", weight_stall " << c.weight_stall_cycles
       << ", result_stall " << c.result_stall_cycles << ", drain " << c.drain_cycles << ", respond "
       << c.respond_cycles << ", weight_beats " << c.weight_beats << ", row_slots " << c.row_slots
       << ", nonzero_lanes " << c.nonzero_lanes << ", activation_reads " << c.activation_reads
       << ", activation_writes " << c.activation_writes << ", result_beats " << c.result_beats
       << ", sums " << c.sums;
}

void PrintTo(const CommandReport& report, std::ostream* out) {
  *out << "status " << static_cast<int>(report.status) << ", accept " << report.accept_cycle
       << ", respond " << report.respond_cycle << ", ";
  PrintTo(report.counters, out);
}

namespace {

std::uint32_t number(const char* variable, std::uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::stoul(text));
}

/// Draws the memory, the stalls and the commands of one case.
class CaseGenerator {
 public:
  CaseGenerator(const UnitConfig& unit, std::uint32_t seed) : unit_(unit), random_(seed) {}

  HardwareConfig hardware() {
    const bool refresh = draw(0, 1) == 1;
    return {.name = "random",
            .clock_mhz = 1000,
            .weight_format = WeightFormat::T5,
            .unit = unit_,
            .memory = {.weight_gb_s = unit_.beat_bytes() * unit_.engines * rate(),
                       .activation_gb_s = 16 * rate(),
                       .result_gb_s = 4 * unit_.engines * unit_.slices * rate(),
                       .latency_ns = static_cast<double>(draw(0, 60)),
                       .window_beats = draw(1, 40),
                       .refresh_interval_ns = refresh ? draw(40, 400) : 0.0,
                       .refresh_ns = refresh ? draw(0, 20) : 0.0}};
  }

  StallPattern stalls() {
    if (draw(0, 1) == 0) return {};
    return {.seed = random_(),
            .max_read_delay = draw(0, 2) == 0 ? 40 : draw(0, 3),
            .write_busy_percent = draw(0, 95)};
  }

  // Up to six commands: ragged and full shapes, both formats, kept activations, illegal ones between.
  void fill(RandomJob& job) {
    std::optional<ProductShape> held;
    for (std::uint32_t i = draw(1, 6); i > 0; --i) {
      if (draw(0, 9) == 0) job.add_illegal(illegal());
      ProductShape shape = legal();
      if (held && draw(0, 2) == 0) {
        shape = *held;
        shape.keep_activations = true;
        shape.rows = draw(1, 40);
        shape.fill = Fill::Uniform;
      }
      job.add(shape);
      held = shape;
    }
  }

 private:
  std::uint32_t draw(std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(random_() % (high - low + 1));
  }

  // Beats a cycle: now much too slow, now more than enough.
  double rate() {
    constexpr double kRates[] = {0.11, 0.5, 0.7, 1, 1.3, 4};
    return kRates[draw(0, std::size(kRates) - 1)];
  }

  ProductShape legal() {
    const auto format = draw(0, 2) == 0 ? WeightFormat::T2 : WeightFormat::T5;
    const std::uint32_t tokens = draw(1, std::min(unit_.chunks * unit_.slices, 12U));
    const std::uint32_t chunks = (tokens - 1) / unit_.slices + 1;
    const std::uint32_t beats = draw(1, std::min(unit_.activation_words / chunks, 8U));
    const std::uint32_t trits = unit_.trits_per_beat(format);
    const std::uint32_t ragged = draw(0, 1) == 0 ? 0 : draw(0, trits - 1);
    constexpr Fill kFills[] = {Fill::Uniform,  Fill::Uniform, Fill::Sparse,
                               Fill::AllMinus, Fill::AllPlus, Fill::Zero};
    return {.tokens = tokens,
            .cols = beats * trits - ragged,
            .rows = draw(1, 40),
            .format = format,
            .keep_activations = false,
            .fill = kFills[draw(0, std::size(kFills) - 1)]};
  }

  // Breaks one rule of docs/tmu.md; what is kept can never match, at one beat more than fits.
  TmuCommand illegal() {
    TmuCommand command = {
        .tokens = 1, .beats = 1, .rows = 1, .format = WeightFormat::T5, .keep_activations = false};
    switch (draw(0, 5)) {
      case 0:
        command.tokens = 0;
        break;
      case 1:
        command.beats = 0;
        break;
      case 2:
        command.rows = 0;
        break;
      case 3:
        command.tokens = unit_.chunks * unit_.slices + 1;
        break;
      case 4:
        command.beats = unit_.activation_words + 1;
        break;
      default:
        command.tokens = 65535;
        command.keep_activations = true;
    }
    return command;
  }

  UnitConfig unit_;
  std::mt19937_64 random_;
};

/// One case on both levels. All are constructed before any runs: SystemC takes no modules later.
struct Case {
  Case(const UnitConfig& unit, std::uint32_t case_seed) : seed(case_seed), job(unit, case_seed) {
    CaseGenerator generate(unit, case_seed);
    const HardwareConfig hardware = generate.hardware();
    const StallPattern stalls = generate.stalls();
    model = std::make_unique<SystemcTmu>(hardware, stalls);
    rtl = std::make_unique<RtlTmu>(hardware, stalls);
    generate.fill(job);
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
  std::uint32_t last = number("STERNA_CASES", 40);
  if (std::getenv("STERNA_SEED") != nullptr) first = last = number("STERNA_SEED", 1);
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
