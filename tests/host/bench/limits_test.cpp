// SPDX-License-Identifier: Apache-2.0
#include "host/bench/limits.hpp"

#include <gtest/gtest.h>

#include "host/bench/process.hpp"

namespace sterna::host {
namespace {

TEST(LimitsProcess, MeasuresAgainAndAgainOutsideThisProcess) {
  LimitsProcess process(2, "scalar");
  const std::size_t peak_before = peak_rss_bytes();
  for (int i = 0; i < 2; ++i) {
    const BenchLimits limits = process.measure();
    EXPECT_EQ(limits.all.threads, 2U);
    EXPECT_EQ(limits.one.threads, 1U);
    EXPECT_GT(limits.all.dram_bytes_s, 0.0);
    EXPECT_GT(limits.one.macs_s, 0.0);
    EXPECT_LT(peak_rss_bytes() - peak_before, limits.all.dram_bytes / 2);
  }
}

TEST(LimitsProcess, OneThreadIsMeasuredOnce) {
  LimitsProcess process(1, "scalar");
  const BenchLimits limits = process.measure();
  EXPECT_EQ(limits.all.dram_bytes_s, limits.one.dram_bytes_s);
}

TEST(CpuShare, IsWhatIsNeitherIdleNorOurs) {
  const CpuTimes before{100.0, 50.0, 10.0};
  EXPECT_DOUBLE_EQ(foreign_cpu_share(before, {120.0, 65.0, 20.0}), 0.25) << "15 busy, 10 ours";
  EXPECT_DOUBLE_EQ(foreign_cpu_share(before, {120.0, 55.0, 20.0}), 0.0) << "clocks tick apart";
  EXPECT_DOUBLE_EQ(foreign_cpu_share(before, before), 0.0);
}

TEST(CpuShare, CountsAllButIdleAndWaitingAsBusyAndGuestsOnce) {
  const CpuTimes times = CpuTimes::parse("100 200 300 1000 2000 400 500 600 70 80", 100.0, 3.0);
  EXPECT_DOUBLE_EQ(times.machine_s, 51.0);
  EXPECT_DOUBLE_EQ(times.busy_s, 21.0);
  EXPECT_DOUBLE_EQ(times.own_s, 3.0);
}

TEST(CpuShare, OwnWorkIsBusyTime) {
  const CpuTimes before = CpuTimes::now();
  volatile double x = 1.0;
  while (CpuTimes::now().own_s - before.own_s < 0.05) x = x * 1.0000001;
  const CpuTimes after = CpuTimes::now();
  EXPECT_GE(after.machine_s, before.machine_s);
  EXPECT_LE(after.busy_s - before.busy_s, after.machine_s - before.machine_s + 1e-9);
}

TEST(Process, HasANameAndAPeak) {
  EXPECT_FALSE(cpu_name().empty());
  EXPECT_GT(peak_rss_bytes(), 1024U * 1024);
}

}  // namespace
}  // namespace sterna::host
