// SPDX-License-Identifier: Apache-2.0
#include "kernels/limits/machine_limits.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/panel/panel_kernels.hpp"

namespace sterna {
namespace {

constexpr std::size_t kMib = 1024 * 1024;

// As small as the interface allows: nothing here looks at a rate.
LimitsPlan small_plan(unsigned threads, std::string_view isa) {
  return {.threads = threads,
          .isa = isa,
          .dram_bytes = 2 * kMib,
          .repeats = 1,
          .multiply_target_s = 1e-4};
}

TEST(LimitProbes, EveryKernelHasOneAndScalarIsLast) {
  for (const PanelKernels& impl : all_panel_kernels()) {
    if (impl.supported()) {
      EXPECT_EQ(limit_probe(impl.name).isa, impl.name);
    }
  }
  EXPECT_EQ(limit_probes().back().isa, "scalar");
  EXPECT_TRUE(limit_probes().back().supported());
}

TEST(LimitProbes, AKernelWithoutOneIsHeldAgainstScalar) {
  EXPECT_EQ(limit_probe("abacus").isa, "scalar");
}

TEST(LimitProbes, ReadEveryWordOnceWhateverThePrefetchDistance) {
  const std::size_t bytes = 37 * kReadGrain;
  std::vector<std::uint64_t> memory(bytes / 8 + 8);
  std::mt19937_64 rng(1);
  std::generate(memory.begin(), memory.end(), rng);
  const std::size_t skip = (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64 / 8;
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < bytes / 8; ++i) expected ^= memory[skip + i];
  for (const LimitProbe& probe : limit_probes()) {
    if (!probe.supported()) continue;
    for (const std::size_t ahead : {0U, 1024U, 4096U}) {
      const auto* data = reinterpret_cast<const std::uint8_t*>(memory.data() + skip);
      EXPECT_EQ(probe.read(data, bytes, ahead), expected) << probe.isa << " ahead " << ahead;
    }
  }
}

TEST(LimitProbes, DoAsManyMultiplyAddsAsTheyClaim) {
  for (const LimitProbe& probe : limit_probes()) {
    if (!probe.supported()) continue;
    for (const std::uint64_t rounds : {0U, 1U, 7U, 10000U}) {
      EXPECT_EQ(probe.multiply(rounds), rounds * probe.macs_a_round) << probe.isa;
    }
  }
}

TEST(MeasureLimits, GivesEveryRateForAnyNumberOfThreads) {
  for (const unsigned threads : {1U, 2U, 7U}) {
    for (const LimitProbe& probe : limit_probes()) {
      if (!probe.supported()) continue;
      const MachineLimits limits = measure_limits(small_plan(threads, probe.isa));
      EXPECT_EQ(limits.threads, threads);
      EXPECT_EQ(limits.dram_bytes, 2 * kMib);
      for (const double rate :
           {limits.dram_bytes_s, limits.l3_bytes_s, limits.l2_bytes_s, limits.macs_s}) {
        EXPECT_GT(rate, 0.0);
      }
      EXPECT_GE(limits.dram_huge_page_share, 0.0);
      EXPECT_LE(limits.dram_huge_page_share, 1.0);
    }
  }
}

TEST(MeasureLimits, RefusesWhatItCannotMeasure) {
  LimitsPlan plan = small_plan(0, "scalar");
  EXPECT_THROW((void)measure_limits(plan), std::invalid_argument);
  plan = small_plan(1, "scalar");
  plan.dram_bytes += 1024;
  EXPECT_THROW((void)measure_limits(plan), std::invalid_argument);
  plan = small_plan(1, "scalar");
  plan.repeats = 0;
  EXPECT_THROW((void)measure_limits(plan), std::invalid_argument);
}

TEST(LimitsPlan, TakesAtLeastOneHugePageAThreadHoweverManyThreads) {
  for (const unsigned threads : {1U, 2U, 256U}) {
    const LimitsPlan plan = LimitsPlan::of(threads, "scalar");
    EXPECT_GE(plan.dram_bytes, 2 * kMib);
    EXPECT_EQ(plan.dram_bytes % (2 * kMib), 0U);
  }
}

TEST(BestOf, TakesTheHigherOfEachRate) {
  const MachineLimits a{2, 10.0, 20.0, 5.0, 1.0, 100, 0, 1.0};
  const MachineLimits b{2, 8.0, 30.0, 4.0, 2.0, 100, 1024, 0.5};
  const MachineLimits best = best_of(a, b);
  EXPECT_EQ(best.dram_bytes_s, 10.0);
  EXPECT_EQ(best.dram_huge_page_share, 1.0) << "of the measurement that read faster";
  EXPECT_EQ(best.l3_bytes_s, 30.0);
  EXPECT_EQ(best.l2_bytes_s, 5.0);
  EXPECT_EQ(best.macs_s, 2.0);
  EXPECT_EQ(best_of(b, a).dram_ahead, 0U);
}

TEST(AnonymousMemory, GrowsWithWhatIsTouched) {
  const std::size_t before = anonymous_memory().bytes;
  if (before == 0) GTEST_SKIP() << "no /proc/self/smaps_rollup";
  const std::vector<char> touched(32 * kMib, 1);
  EXPECT_GE(anonymous_memory().bytes, before + touched.size() / 2);
}

}  // namespace
}  // namespace sterna
