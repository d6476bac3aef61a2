// SPDX-License-Identifier: Apache-2.0

// Latencies and bandwidths against closed forms, and against DRAMsim3's published figures.

#include <algorithm>
#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/dram/probe.hpp"

namespace sterna::sim {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;

const std::string kStreaming = "row-rank-bank-column-bankgroup-channel";

/// Asked in the clock of the part, so that cycles are clocks.
DramConfig in_clocks(const DramPart& part) { return default_dram(part, part.clock_khz); }

/// Submits one access and returns from its cycle to its answer.
std::uint64_t latency(Dram& dram, std::uint64_t address, bool write) {
  const std::uint64_t cycle = dram.now();
  dram.submit({.port = 0,
               .tag = 0,
               .address = address,
               .bytes = dram.granule_bytes(),
               .write = write,
               .cycle = cycle});
  dram.drain();
  const std::uint64_t end = write ? dram.written(0).cycle : dram.arrival(0).cycle;
  if (write) {
    dram.take_written(0);
  } else {
    dram.take_arrival(0);
  }
  return end - cycle;
}

/// Address of column 0 of a row of bank 0.
std::uint64_t row_address(const DramConfig& config, std::uint64_t row) {
  return row * config.part.channel_bytes() / config.part.rows;
}

TEST(DramProbe, ReadLatencyIsThatOfTheRow) {
  for (const DramPart& part : dram_parts()) {
    const DramConfig config = in_clocks(part);
    const DramTiming& t = part.timing;
    const std::uint32_t burst = part.burst_clocks();
    Dram dram(config, 1);
    EXPECT_EQ(latency(dram, row_address(config, 0), false), t.rcd_read + t.cl + burst) << part.name;
    dram.advance(dram.now() + t.ras);
    EXPECT_EQ(latency(dram, row_address(config, 0), false), t.cl + burst) << part.name;
    dram.advance(dram.now() + t.rtp);
    EXPECT_EQ(latency(dram, row_address(config, 1), false), t.rp + t.rcd_read + t.cl + burst)
        << part.name;
    const DramStatistics s = dram.statistics()[0];
    EXPECT_EQ(s.row_misses, 1) << part.name;
    EXPECT_EQ(s.row_hits, 1) << part.name;
    EXPECT_EQ(s.row_conflicts, 1) << part.name;
  }
}

TEST(DramProbe, WriteLatencyIsThatOfTheRow) {
  for (const DramPart& part : dram_parts()) {
    const DramConfig config = in_clocks(part);
    const DramTiming& t = part.timing;
    const std::uint32_t burst = part.burst_clocks();
    Dram dram(config, 1);
    EXPECT_EQ(latency(dram, row_address(config, 0), true), t.rcd_write + t.cwl + burst)
        << part.name;
    dram.advance(dram.now() + t.rc);
    EXPECT_EQ(latency(dram, row_address(config, 0), true), t.cwl + burst) << part.name;
    // The row may close only when the write has reached it; after that, precharge and activate.
    dram.advance(dram.now() + part.timing.rc);
    EXPECT_EQ(latency(dram, row_address(config, 1), true), t.rp + t.rcd_write + t.cwl + burst)
        << part.name;
  }
}

TEST(DramProbe, ARefreshDelaysWhatComesWithIt) {
  const DramPart& part = find_dram_part("DDR4-3200");
  const DramTiming& t = part.timing;
  Dram dram(in_clocks(part), 1);
  dram.advance(t.refi);
  EXPECT_EQ(latency(dram, 0, false), t.rfc + t.rcd_read + t.cl + part.burst_clocks());
}

TEST(DramProbe, ASlowAskerSeesTheNextCycleAfterTheData) {
  const DramPart& part = find_dram_part("DDR4-3200");
  const std::uint64_t clocks = part.timing.rcd_read + part.timing.cl + part.burst_clocks();  // 48
  for (const std::uint32_t khz : {250'000U, 333'333U, 1'600'000U, 3'000'000U}) {
    Dram dram(default_dram(part, khz), 1);
    const std::uint64_t exact = clocks * khz;  // in clock_khz-ths of a cycle
    EXPECT_EQ(latency(dram, 0, false), (exact + part.clock_khz - 1) / part.clock_khz) << khz;
  }
}

/// Share of time that refreshes leave to a stream. An all-bank refresh stops the rank from the first
/// precharge until rows are open again; single banks are refreshed beside a stream that stays clear
/// of them.
double refresh_free(const DramPart& part) {
  const DramTiming& t = part.timing;
  if (part.refresh_banks != 0) return 1;
  return 1 - static_cast<double>(t.rfc) / t.refi;
}

TEST(DramProbe, SequentialStreamsReachThePeakLessRefresh) {
  for (const DramPart& part : dram_parts()) {
    for (const std::uint32_t write_percent : {0U, 100U}) {
      for (const std::uint32_t bytes : {64U, 1024U}) {
        const Measured m =
            measure(in_clocks(part),
                    {.random = false, .write_percent = write_percent, .bytes = bytes}, 8U << 20);
        const double bound = part.peak_gb_s() * refresh_free(part);
        // Closing all rows before a refresh, and opening them after it, is the rest.
        EXPECT_THAT(m.gb_s, AllOf(Le(bound), Ge(0.97 * bound)))
            << part.name << " " << write_percent << " " << bytes;
      }
    }
  }
}

TEST(DramProbe, AStreamThroughOneBankGroupKeepsTheLongGap) {
  for (const DramPart& part : dram_parts()) {
    DramConfig config = in_clocks(part);
    config.mapping = "row-rank-bankgroup-bank-channel-column";
    config.queue_depth = 1;  // nothing of the next bank is known
    const Measured m =
        measure(config, {.random = false, .write_percent = 0, .bytes = 64}, 1U << 20);
    const std::uint32_t gap = std::max(part.timing.ccd_l, part.burst_clocks());
    const double bound = part.peak_gb_s() * part.burst_clocks() / gap;
    EXPECT_LE(m.gb_s, bound) << part.name;
  }
}

/// Single accesses to random rows, accesses a clock: no more than the bus moves, than tRRD and tFAW
/// let open, and than banks that take tRC for each can serve.
double random_bound(const DramConfig& config) {
  const DramPart& part = config.part;
  const DramTiming& t = part.timing;
  const double banks = part.channel_banks();
  // Of `queue_depth` accesses to random banks, so many different banks are wanted on average.
  const double wanted = banks * (1 - std::pow(1 - 1 / banks, config.queue_depth));
  return std::min({1.0 / part.burst_clocks(), part.ranks / static_cast<double>(t.rrd_s),
                   part.ranks * 4.0 / t.faw, wanted / t.rc});
}

TEST(DramProbe, RandomReadsReachWhatActivatesAllow) {
  for (const DramPart& part : dram_parts()) {
    for (const std::uint32_t depth : {16U, 64U}) {
      DramConfig config = in_clocks(part);
      config.queue_depth = depth;
      const Measured m = measure(
          config, {.random = true, .write_percent = 0, .bytes = part.access_bytes()}, 1U << 20);
      const double accesses = static_cast<double>((1U << 20) / part.access_bytes());
      const double bound = random_bound(config);
      EXPECT_THAT(accesses / static_cast<double>(m.cycles), AllOf(Le(bound), Ge(0.7 * bound)))
          << part.name << " depth " << depth;
    }
  }
}

TEST(DramProbe, MixedTrafficPaysForTurningTheBus) {
  for (const DramPart& part : dram_parts()) {
    const DramConfig config = in_clocks(part);
    const auto gb_s = [&](std::uint32_t write_percent) {
      return measure(config, {.random = false, .write_percent = write_percent, .bytes = 256},
                     4U << 20)
          .gb_s;
    };
    const double reads = gb_s(0);
    const double mixed = gb_s(33);
    EXPECT_LT(mixed, reads) << part.name;
    EXPECT_GT(mixed, 0.6 * reads) << part.name;
  }
}

TEST(DramProbe, TwoChannelsCarryTwice) {
  for (const DramPart& part : dram_parts()) {
    DramConfig config = in_clocks(part);
    const Pattern pattern = {.random = false, .write_percent = 0, .bytes = 2048};
    const double one = measure(config, pattern, 4U << 20).gb_s;
    config.channels = 2;
    EXPECT_NEAR(measure(config, pattern, 8U << 20).gb_s / one, 2, 0.02) << part.name;
  }
}

TEST(DramProbe, InOrderIsNeverFaster) {
  for (const DramPart& part : dram_parts()) {
    for (const bool random : {false, true}) {
      DramConfig config = in_clocks(part);
      const Pattern pattern = {.random = random, .write_percent = 20, .bytes = 128};
      const double out_of_order = measure(config, pattern, 1U << 20).gb_s;
      config.scheduler = DramScheduler::InOrder;
      EXPECT_LT(measure(config, pattern, 1U << 20).gb_s, out_of_order) << part.name;
    }
  }
}

/// A row of facts/energy.md 5e: what DRAMsim3 reached with its shipped file and 400 k cycles.
struct Published {
  std::string name;
  DramConfig config;
  double tck_ns;  // as the file has it
  double sequential_gb_s;
  double random_gb_s;
};

Published ddr4() {
  DramConfig config = in_clocks(find_dram_part("DDR4-3200"));
  config.part.ranks = 2;                                      // channel_size 16384 MB, 8 GiB a rank
  config.mapping = "row-channel-rank-bank-bankgroup-column";  // rochrababgco
  return {"DDR4_8Gb_x8_3200", config, 0.63, 16.9, 20.6};
}

Published hbm2() {
  DramConfig config = in_clocks(find_dram_part("HBM2"));
  config.mapping = "row-rank-bankgroup-bank-channel-column";  // rorabgbachco
  return {"HBM2_8Gb_x128", config, 1, 29.4, 7.9};
}

Published hbm1() {
  Published row = hbm2();
  row.name = "HBM1_4Gb_x128";
  DramPart& part = row.config.part;
  part.clock_khz = 500'000;
  part.data_rate_mt = 1000;
  part.rows = 16384;
  DramTiming& t = part.timing;
  t = {.cl = 7,
       .cwl = 2,
       .rcd_read = 7,
       .rcd_write = 7,
       .rp = 7,
       .rp_all = 7,
       .ras = 17,
       .rc = 24,
       .rrd_s = 2,
       .rrd_l = 3,
       .faw = 15,
       .ccd_s = 2,
       .ccd_l = 2,
       .wr = 8,
       .wtr_s = 3,
       .wtr_l = 4,
       .rtp = 3,
       .rtw = 7 + 2 + 1 - 2,
       .rank_switch = 1,
       .ppd = 1,
       .refi = 1950,
       .rfc = 130,
       .refresh_gap = 130,
       .activate_clocks = 1,
       .column_clocks = 1,
       .precharge_clocks = 1,
       .refresh_clocks = 1};
  row.config.asker_khz = part.clock_khz;
  row.tck_ns = 2;
  row.sequential_gb_s = 14.7;
  row.random_gb_s = 7.9;
  return row;
}

TEST(DramProbe, ReproducesTheContrastThatDramsim3Shows) {
  for (const Published& row : {ddr4(), hbm2(), hbm1()}) {
    const double exact_ns = 1e6 / row.config.part.clock_khz;
    const auto gb_s = [&](bool random) {
      const Pattern pattern = {.random = random, .write_percent = 0, .bytes = 64};
      return measure(row.config, pattern, 8U << 20).gb_s * exact_ns / row.tck_ns;
    };
    const double sequential = gb_s(false);
    const double random = gb_s(true);
    RecordProperty(row.name, std::to_string(sequential) + " / " + std::to_string(random));
    EXPECT_NEAR(sequential, row.sequential_gb_s, 0.15 * row.sequential_gb_s) << row.name;
    EXPECT_NEAR(random, row.random_gb_s, 0.15 * row.random_gb_s) << row.name;
    EXPECT_NEAR(sequential / random, row.sequential_gb_s / row.random_gb_s,
                0.15 * row.sequential_gb_s / row.random_gb_s)
        << row.name;
  }
}

}  // namespace
}  // namespace sterna::sim
