// SPDX-License-Identifier: Apache-2.0
#include "host/whole_model.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "model/synthetic.hpp"
#include "sim/config/hardware_yaml.hpp"

namespace sterna::host {
namespace {

sim::HostConfig host_of_rates(double rate, double job_us) {
  return {.attention_gmac_s = rate,
          .kv_gb_s = rate,
          .head_gb_s = rate,
          .head_gmac_s = rate,
          .elements_g_s = rate,
          .job_us = job_us,
          .evidence = "model",
          .source = "round numbers"};
}

class WholeModelTest : public testing::Test {
 protected:
  [[nodiscard]] PassTime step(std::size_t batch, std::size_t context) const {
    return decode_step(model_, hardware_, host_, batch, context);
  }
  [[nodiscard]] double unit_s(std::size_t tokens) const {
    return analyze_pass(model_, hardware_, tokens).seconds(hardware_);
  }

  const ModelConfig model_ = named_shape("2b4t");
  const sim::HardwareConfig hardware_ = sim::load_hardware(STERNA_CONFIGS "/edge.yaml");
  const sim::HostConfig host_ = host_of_rates(10, 5);
};

TEST_F(WholeModelTest, AddsTheHostToTheUnit) {
  for (const PassTime& time :
       {step(1, 0), step(16, 4096), prompt_pass(model_, hardware_, host_, 100)}) {
    EXPECT_DOUBLE_EQ(time.device_s, unit_s(time.tokens));
    EXPECT_DOUBLE_EQ(time.total_s(), time.device_s + time.host.attention_s + time.host.head_s +
                                         time.host.elements_s + time.host.jobs_s);
    EXPECT_DOUBLE_EQ(time.host_share() * time.total_s(), time.host.total_s());
    EXPECT_DOUBLE_EQ(time.tokens_per_s() * time.total_s(), static_cast<double>(time.tokens));
  }
}

TEST_F(WholeModelTest, IsTheUnitAloneOnAnEndlesslyFastHost) {
  const sim::HostConfig endless = host_of_rates(1e300, 0);
  const PassAnalysis unit = analyze_pass(model_, hardware_, 4);
  const PassTime step = decode_step(model_, hardware_, endless, 4, 4096);
  EXPECT_DOUBLE_EQ(step.tokens_per_s(), unit.tokens_per_s(hardware_));
  EXPECT_EQ(step.bound_by(), "unit");
  EXPECT_DOUBLE_EQ(prompt_pass(model_, hardware_, endless, 512).total_s(), unit_s(512));
}

TEST_F(WholeModelTest, OneStepOf2B4tIsWhatAHandCounts) {
  // 30 layers; 2560 = 20 heads of 128, 640 = 5 of them for keys; ffn 6912; vocabulary 128256.
  const PassTime one = step(1, 1023);
  const double kv_bytes = 30 * 1024.0 * 5 * (128 + 128 + 8);
  EXPECT_DOUBLE_EQ(one.host.attention_s, kv_bytes / 10e9 + 30 * 2 * 1024.0 * 2560 / 10e9);
  EXPECT_DOUBLE_EQ(one.host.head_s, 128256 * (2560 + 4.0) / 10e9 + 128256 * 2560.0 / 10e9);
  const double norms = 3 * 2560 + 6912;
  const double elements = 30 * (norms + 3200 + 6912 + norms + 3840 + 2 * 2560 + 2 * 6912) + 2560;
  EXPECT_DOUBLE_EQ(one.host.elements_s, elements / 10e9);
  EXPECT_DOUBLE_EQ(one.host.jobs_s, 4 * 30 * 5e-6);
}

TEST_F(WholeModelTest, ALongerContextCostsAttentionAlone) {
  for (const std::size_t batch : {1U, 16U}) {
    PassTime before = step(batch, 0);
    for (const std::size_t context : {1U, 1024U, 4096U}) {
      const PassTime after = step(batch, context);
      EXPECT_GT(after.host.attention_s, before.host.attention_s);
      before.host.attention_s = after.host.attention_s;
      EXPECT_EQ(after.host, before.host);
      EXPECT_DOUBLE_EQ(after.device_s, before.device_s);
    }
  }
}

TEST_F(WholeModelTest, ALargerBatchTakesLongerButLessAToken) {
  PassTime before = step(1, 1024);
  for (const std::size_t batch : {2U, 4U, 8U, 16U}) {  // two slices: an odd batch wastes one
    const PassTime after = step(batch, 1024);
    const double times = static_cast<double>(after.tokens) / static_cast<double>(before.tokens);
    EXPECT_GT(after.total_s(), before.total_s());
    EXPECT_LE(after.device_s, times * before.device_s) << "weights are read once";
    EXPECT_DOUBLE_EQ(after.host.attention_s, times * before.host.attention_s);
    EXPECT_LT(after.host.head_s, times * before.host.head_s);
    EXPECT_DOUBLE_EQ(after.host.jobs_s, before.host.jobs_s);
    before = after;
  }
}

TEST_F(WholeModelTest, NamesWhatTakesTheMostTime) {
  sim::HostConfig host = host_of_rates(1e9, 0);
  const auto most = [&] { return decode_step(model_, hardware_, host, 1, 4096).bound_by(); };
  EXPECT_EQ(most(), "unit");
  host.attention_gmac_s = 0.1;
  EXPECT_EQ(most(), "attention");
  host.head_gmac_s = 0.01;
  EXPECT_EQ(most(), "head");
  host.elements_g_s = 1e-5;
  EXPECT_EQ(most(), "elements");
  host.job_us = 1e7;
  EXPECT_EQ(most(), "jobs");
}

TEST_F(WholeModelTest, TheGridHoldsTheStepsOfItsBatchesAndContexts) {
  std::size_t i = 0;
  const auto grid = decode_grid(model_, hardware_, host_);
  ASSERT_EQ(grid.size(), kGridBatches.size() * kGridContexts.size());
  for (const std::size_t batch : kGridBatches) {
    for (const std::size_t context : kGridContexts) {
      const GridStep& at = grid[i++];
      EXPECT_EQ(at.batch, batch);
      EXPECT_EQ(at.context, context);
      EXPECT_EQ(at.time.host, step(batch, context).host);
      EXPECT_DOUBLE_EQ(at.time.total_s(), step(batch, context).total_s());
    }
  }
}

TEST(PassTime, OfNothingHasNoRates) {
  const PassTime none{.tokens = 0, .device_s = 0, .host = {}};
  EXPECT_EQ(none.tokens_per_s(), 0.0);
  EXPECT_EQ(none.host_share(), 0.0);
}

TEST_F(WholeModelTest, RefusesNoTokens) {
  EXPECT_THROW((void)step(0, 0), std::invalid_argument);
  EXPECT_THROW((void)prompt_pass(model_, hardware_, host_, 0), std::invalid_argument);
}

}  // namespace
}  // namespace sterna::host
