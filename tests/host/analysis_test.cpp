// SPDX-License-Identifier: Apache-2.0
#include "host/analysis.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/stream_layout.hpp"
#include "model/synthetic.hpp"
#include "sim/hardware_yaml.hpp"
#include "tests/sim/job_timing.hpp"

namespace sterna::host {
namespace {

// Cycles of one layer by the timing of the SystemC model.
std::uint64_t timed_layer(const ModelConfig& c, const sim::HardwareConfig& hardware,
                          std::size_t tokens) {
  struct Job {
    std::size_t cols;
    std::vector<std::size_t> rows;
  };
  const Job jobs[] = {{c.hidden, {c.q_width(), c.kv_width(), c.kv_width()}},
                      {c.q_width(), {c.hidden}},
                      {c.hidden, {c.ffn, c.ffn}},
                      {c.ffn, {c.hidden}}};
  std::uint64_t cycles = 0;
  for (const Job& job : jobs) {
    std::vector<sim::TmuCommand> commands;
    for (const PlannedCommand& planned :
         plan_commands(tokens, job.cols, job.rows, hardware.unit, hardware.weight_format)) {
      commands.push_back(planned.command);
    }
    cycles += sim::timing_of(hardware, commands).cycles;
  }
  return cycles;
}

class AnalysisTest : public testing::TestWithParam<const char*> {
 protected:
  const sim::HardwareConfig hardware_ = sim::load_hardware(STERNA_CONFIGS "/edge.yaml");
};

TEST_P(AnalysisTest, IsWithinOnePercentOfTheSystemCModel) {
  ModelConfig model = named_shape(GetParam());
  for (const std::size_t tokens : {1U, 16U, 129U}) {
    const PassAnalysis pass = analyze_pass(model, hardware_, tokens);
    const auto timed = static_cast<double>(model.layers * timed_layer(model, hardware_, tokens));
    EXPECT_LE(std::abs(pass.all.cycles.cycles() / timed - 1), 0.01) << tokens << " tokens";
    EXPECT_GE(pass.all.cycles.cycles(), static_cast<double>(pass.all.lower_bound_cycles));
  }
}

TEST_P(AnalysisTest, AddsUpToTheMultiplyAddsOfTheModel) {
  const ModelConfig& model = named_shape(GetParam());
  const PassAnalysis pass = analyze_pass(model, hardware_, 7);
  EXPECT_EQ(pass.all.macs, 7 * model.ternary_weights());
  std::uint64_t commands = 0;
  double cycles = 0;
  for (const ProductAnalysis& product : pass.products) {
    commands += product.commands;
    cycles += product.cycles.cycles();
  }
  EXPECT_EQ(pass.all.commands, commands);
  EXPECT_DOUBLE_EQ(pass.all.cycles.cycles(), cycles);
}

TEST_P(AnalysisTest, KeepsEveryShareBelowOne) {
  for (const std::size_t tokens : {1U, 512U}) {
    const PassAnalysis pass = analyze_pass(named_shape(GetParam()), hardware_, tokens);
    EXPECT_LE(pass.of_adders(hardware_), 1.0);
    EXPECT_LE(pass.of_weight_bandwidth(hardware_), 1.0);
    EXPECT_EQ(pass.bound_by(hardware_), tokens == 1 ? "weights" : "adders");
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, AnalysisTest, testing::Values("700m", "1.3b", "2b4t", "13b"),
                         [](const auto& shape) {
                           std::string name = shape.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace sterna::host
