// SPDX-License-Identifier: Apache-2.0
#include "host/analysis.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/stream_layout.hpp"
#include "model/synthetic.hpp"
#include "sim/config/hardware_yaml.hpp"
#include "sim/estimate/job_estimate.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "tests/sim/bus/bus_job_timing.hpp"
#include "tests/sim/job_timing.hpp"

namespace sterna::host {
namespace {

using Jobs = std::vector<std::vector<sim::TmuCommand>>;

// The commands of one layer, every one of them.
Jobs jobs_of_layer(const ModelConfig& c, const sim::HardwareConfig& hardware, std::size_t tokens) {
  struct Job {
    std::size_t cols;
    std::vector<std::size_t> rows;
  };
  const Job jobs[] = {{c.hidden, {c.q_width(), c.kv_width(), c.kv_width()}},
                      {c.q_width(), {c.hidden}},
                      {c.hidden, {c.ffn, c.ffn}},
                      {c.ffn, {c.hidden}}};
  Jobs result;
  for (const Job& job : jobs) {
    result.emplace_back();
    for (const PlannedCommand& planned :
         plan_commands(tokens, job.cols, job.rows, hardware.unit, hardware.weight_format)) {
      result.back().push_back(planned.command);
    }
  }
  return result;
}

// Cycles of one layer by the timing of the SystemC model.
std::uint64_t timed_layer(const ModelConfig& model, const sim::HardwareConfig& hardware,
                          std::size_t tokens) {
  std::uint64_t cycles = 0;
  for (const auto& commands : jobs_of_layer(model, hardware, tokens)) {
    cycles += sim::timing_of(hardware, commands).cycles;
  }
  return cycles;
}

// A pass, command by command.
struct PlainPass {
  std::uint64_t commands = 0;
  std::uint64_t sums = 0;
  std::uint64_t lower_bound_cycles = 0;
  double cycles = 0;
  sim::MovedBytes bytes{};
};

PlainPass plain_pass(const ModelConfig& model, const sim::HardwareConfig& hardware,
                     std::size_t tokens) {
  PlainPass pass;
  for (const auto& commands : jobs_of_layer(model, hardware, tokens)) {
    const sim::LowerBound bound = sim::lower_bound(hardware, commands);
    pass.commands += commands.size() * model.layers;
    pass.bytes += bound.bytes * model.layers;
    pass.lower_bound_cycles += bound.cycles * model.layers;
    pass.cycles +=
        sim::estimate_job(hardware, commands, bound).cycles() * static_cast<double>(model.layers);
    for (const sim::TmuCommand& command : commands) {
      pass.sums += std::uint64_t{command.rows} * command.tokens * model.layers;
    }
  }
  return pass;
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

// Of a prompt of many batches, most are not looked at one by one.
TEST_P(AnalysisTest, MultipliesBatchesAsIfEachWereLookedAt) {
  for (const char* design : {"edge", "edge-lpddr4x", "mobile-lpddr5"}) {
    sim::HardwareConfig hardware =
        sim::load_hardware(std::string(STERNA_CONFIGS "/") + design + ".yaml");
    for (const double gb_s : {0.5, 2.0, 16.0}) {
      hardware.memory.weight_gb_s = gb_s;
      const ModelConfig& model = named_shape(GetParam());
      constexpr std::size_t kTokens = 1000;  // no whole number of batches
      const PassAnalysis pass = analyze_pass(model, hardware, kTokens);
      const PlainPass plain = plain_pass(model, hardware, kTokens);
      EXPECT_EQ(pass.all.commands, plain.commands);
      EXPECT_EQ(pass.all.bytes, plain.bytes);
      EXPECT_EQ(pass.all.macs, kTokens * model.ternary_weights());
      EXPECT_EQ(pass.all.counters.sums, plain.sums);
      EXPECT_NEAR(pass.all.cycles.cycles() / plain.cycles, 1, 1e-3) << design << ' ' << gb_s;
      EXPECT_LE(static_cast<double>(pass.all.lower_bound_cycles), pass.all.cycles.cycles() + 1);
      EXPECT_LE(pass.all.lower_bound_cycles, plain.lower_bound_cycles);
    }
  }
}

sim::HardwareConfig skipping_hardware() {
  sim::HardwareConfig hardware = sim::load_hardware(STERNA_CONFIGS "/edge-lpddr4x.yaml");
  hardware.unit.column_words = 8;  // of down in 2B4T: 2560 rows on four engines
  return hardware;
}

TEST(AnalysisByColumns, IsTheOneCommandThatTheDriverPosts) {
  const sim::HardwareConfig hardware = skipping_hardware();
  const ModelConfig& model = named_shape("2b4t");
  const PassAnalysis pass = analyze_pass(model, hardware, 1);
  const ProductAnalysis& down = pass.products.back();
  const std::vector<sim::TmuCommand> job = {
      column_command(model.hidden, model.ffn, hardware.unit, hardware.weight_format)};
  constexpr std::uint32_t kNonzero = 2765;  // 40 % of 6912
  const sim::CommandReport report = sim::bus_timing_of(hardware, job, {kNonzero}).at(0);
  const auto layers = static_cast<double>(model.layers);
  EXPECT_NEAR(down.cycles.cycles() / layers / static_cast<double>(report.done_cycle + 1), 1, 0.01);
  EXPECT_EQ(down.commands, model.layers);
  EXPECT_EQ(down.macs, model.layers * model.hidden * model.ffn);
  EXPECT_EQ(down.left_out_macs, model.layers * model.hidden * (model.ffn - kNonzero));
  EXPECT_EQ(down.columns.columns, model.layers * model.ffn);
  EXPECT_EQ(down.columns.nonzero_columns, model.layers * kNonzero);
  EXPECT_EQ(down.columns.activation_beats, model.layers * 432);
  const sim::TmuCounters& got = down.columns.counters;
  EXPECT_EQ(got.issue_cycles, model.layers * report.counters.issue_cycles);
  EXPECT_EQ(got.weight_beats, model.layers * report.counters.weight_beats);
  EXPECT_EQ(got.row_slots, model.layers * report.counters.row_slots);
  EXPECT_EQ(got.result_beats, model.layers * report.counters.result_beats);
  EXPECT_EQ(got.sums, model.layers * report.counters.sums);
  EXPECT_EQ(down.counters, sim::TmuCounters{});
  EXPECT_LE(pass.of_adders(hardware), 1.0);
  EXPECT_EQ(pass.all.left_out_macs, down.left_out_macs);
}

TEST(AnalysisByColumns, GoesByRowsWhereTheDriverDoes) {
  const ModelConfig& model = named_shape("2b4t");
  const auto columns = [&](const sim::HardwareConfig& hardware, std::size_t tokens, double zeros) {
    return analyze_pass(model, hardware, tokens, zeros).all.columns.columns;
  };
  const sim::HardwareConfig hardware = skipping_hardware();
  EXPECT_NE(columns(hardware, 1, 0.6), 0U);
  EXPECT_EQ(columns(hardware, 2, 0.6), 0U);
  EXPECT_NE(columns(hardware, 1, 0), 0U);  // 87 beats a row of 640, 8 a column of 6912
  EXPECT_NE(columns(hardware, 1, 1), 0U);
  sim::HardwareConfig t2 = hardware;  // 108 beats a row of 640, 10 a column of 6912: as many
  t2.weight_format = sim::WeightFormat::T2;
  t2.unit.column_words = 10;
  EXPECT_EQ(columns(t2, 1, 0), 0U);
  EXPECT_NE(columns(t2, 1, 0.001), 0U);
  sim::HardwareConfig narrow = hardware;
  narrow.unit.column_words = 7;
  EXPECT_EQ(columns(narrow, 1, 0.6), 0U);
  ModelConfig silu = model;
  silu.activation = Activation::Silu;
  EXPECT_EQ(analyze_pass(silu, hardware, 1).all.columns.columns, 0U);
}

INSTANTIATE_TEST_SUITE_P(Shapes, AnalysisTest, testing::Values("700m", "1.3b", "2b4t", "13b"),
                         [](const auto& shape) {
                           std::string name = shape.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace sterna::host
