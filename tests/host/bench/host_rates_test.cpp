// SPDX-License-Identifier: Apache-2.0
#include "host/bench/host_rates.hpp"

#include <algorithm>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/host_time.hpp"
#include "model/synthetic.hpp"

namespace sterna::host {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const sim::HostConfig kHost = {.attention_gmac_s = 40,
                               .kv_gb_s = 9,
                               .head_gb_s = 11,
                               .head_gmac_s = 120,
                               .elements_g_s = 1.6,
                               .job_us = 5,
                               .evidence = "model",
                               .source = "a test"};

HostSample sample(std::size_t first, std::size_t tokens, std::size_t logits, std::uint64_t passes) {
  HostSample s{.work = {}, .jobs = 120 * passes, .seconds = 0};
  const std::size_t part = tokens / passes;
  for (std::uint64_t p = 0; p < passes; ++p) {
    s.work +=
        count_host_work(named_shape("2b4t"), first + p * part, part, p + 1 == passes ? logits : 0);
  }
  s.seconds = host_time(s.work, s.jobs, kHost).total_s();
  return s;
}

/// As `sterna bench --host` takes them.
std::vector<HostSample> samples() {
  return {sample(0, 1, 1, 1),   sample(0, 9, 1, 9),   sample(0, 16, 1, 1),
          sample(0, 16, 16, 1), sample(0, 512, 1, 1), sample(2048, 1, 1, 1)};
}

TEST(SolveCosts, FindsTheRatesThatMadeTheTimes) {
  const sim::HostConfig found = rates_of(solve_costs(samples()), kHost.evidence, kHost.source);
  for (const NamedRate& rate : named_rates()) {
    EXPECT_NEAR(found.*rate.field / (kHost.*rate.field), 1.0, 1e-6) << rate.key;
  }
}

TEST(SolveCosts, DoesNotCareInWhichOrderSamplesCome) {
  std::vector<HostSample> turned = samples();
  std::reverse(turned.begin(), turned.end());
  const HostCosts a = solve_costs(samples());
  const HostCosts b = solve_costs(turned);
  for (std::size_t c = 0; c < kHostCosts; ++c) EXPECT_NEAR(a[c] / b[c], 1.0, 1e-6);
}

TEST(SolveCosts, RefusesSamplesThatDoNotVaryOneKindOfWork) {
  std::vector<HostSample> same = samples();
  same[5] = same[0];
  EXPECT_THAT([&] { (void)solve_costs(same); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("the samples do not tell ")));
  same.pop_back();
  EXPECT_THAT([&] { (void)solve_costs(same); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("5 samples for 6 costs")));
}

TEST(Quantile, IsTakenCostByCost) {
  const std::vector<HostCosts> costs = {{1, 9, 0, 0, 0, 4}, {2, 8, 0, 0, 0, 5}, {3, 7, 0, 0, 0, 9}};
  EXPECT_EQ(quantile(costs, 0.5), (HostCosts{2, 8, 0, 0, 0, 5}));
  EXPECT_EQ(quantile(costs, 0.75), (HostCosts{2.5, 8.5, 0, 0, 0, 7}));
}

TEST(RatesOf, NamesACostThatTheNoiseCovers) {
  HostCosts costs = solve_costs(samples());
  costs[4] = -1e-12;
  EXPECT_THAT([&] { (void)rates_of(costs, "measured", ""); },
              ThrowsMessage<std::runtime_error>(
                  HasSubstr("elements_g_s is smaller than the noise of this machine")));
}

TEST(RatesOf, AreInTheUnitsOfTheHardwareFile) {
  const sim::HostConfig host =
      rates_of({1e-9, 0.5e-9, 0.25e-9, 2e-9, 4e-9, 3e-6}, "measured", "here");
  EXPECT_DOUBLE_EQ(host.attention_gmac_s, 1);
  EXPECT_DOUBLE_EQ(host.kv_gb_s, 2);
  EXPECT_DOUBLE_EQ(host.head_gb_s, 4);
  EXPECT_DOUBLE_EQ(host.head_gmac_s, 0.5);
  EXPECT_DOUBLE_EQ(host.elements_g_s, 0.25);
  EXPECT_DOUBLE_EQ(host.job_us, 3);
  EXPECT_EQ(host.evidence, "measured");
  EXPECT_EQ(host.source, "here");
}

}  // namespace
}  // namespace sterna::host
