// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_trace.hpp"

#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/dram/clock_ratio.hpp"
#include "tests/sim/dram/traffic.hpp"

namespace sterna::sim {
namespace {

DramConfig config() {
  DramConfig result = default_dram(find_dram_part("DDR4-3200"), 250'000);
  result.channels = 2;
  return result;
}

/// Two accesses of a read that begins in the middle of one, then one of a write.
std::vector<DramRequest> two_requests() {
  return {{.port = 0, .tag = 1, .address = 0x1030, .bytes = 40, .write = false, .cycle = 10},
          {.port = 1, .tag = 2, .address = 0x80000040, .bytes = 64, .write = true, .cycle = 11}};
}

template <typename Write>
std::string text(Write write) {
  std::ostringstream out;
  write(out, config(), two_requests());
  return out.str();
}

TEST(DramTrace, Dramsim3LinesHaveAddressKindAndClock) {
  // Cycle 11 of 250 MHz begins at clock 70.4 of 1600 MHz.
  EXPECT_EQ(text(write_dramsim3_trace), "0x1000 READ 64\n0x1040 READ 64\n0x80000040 WRITE 71\n");
}

TEST(DramTrace, LoadStoreLinesHaveKindAndAddress) {
  EXPECT_EQ(text(write_load_store_trace), "LD 0x1000\nLD 0x1040\nST 0x80000040\n");
}

TEST(DramTrace, ReadWriteLinesHaveThePlace) {
  // row-rank-bank-column-bankgroup-channel: one channel bit, two of the group, seven of the column,
  // two of the bank, the rest the row.
  EXPECT_EQ(text(write_read_write_trace), "R 0,0,0,0,0,8\nR 1,0,0,0,0,8\nW 1,0,0,0,8192,0\n");
}

TEST(DramTrace, ReadBackGivesEveryAccessOfTheRequests) {
  const DramConfig c = config();
  const TrafficKind kind = {.requests = 200,
                            .ports = 2,
                            .write_percent = 30,
                            .jump_percent = 30,
                            .max_bytes = 300,
                            .max_pause = 50};
  const Observed seen = Driver(c, 2, Stepping::AtOnce).run(random_traffic(c, kind, 5));
  std::ostringstream out;
  write_dramsim3_trace(out, c, seen.requests);
  std::istringstream in(out.str());
  std::vector<std::tuple<std::uint64_t, bool, std::uint64_t>> expected;
  const ClockRatio ratio(c.asker_khz, c.part.clock_khz);
  for (const DramRequest& r : seen.requests) {
    for (std::uint64_t g = r.address / 64; g <= (r.address + r.bytes - 1) / 64; ++g) {
      expected.emplace_back(g * 64, r.write, ratio.to_clock(r.cycle));
    }
  }
  std::vector<std::tuple<std::uint64_t, bool, std::uint64_t>> read;
  std::string address;
  std::string word;
  std::uint64_t clock = 0;
  std::uint64_t before = 0;
  while (in >> address >> word >> clock) {
    ASSERT_TRUE(word == "READ" || word == "WRITE") << word;
    ASSERT_GE(clock, before);
    before = clock;
    read.emplace_back(std::stoull(address, nullptr, 16), word == "WRITE", clock);
  }
  EXPECT_EQ(read, expected);
}

TEST(DramTrace, CommandsAreWordsAndNumbers) {
  std::ostringstream out;
  write_commands(out, {{.clock = 5,
                        .kind = DramCommandKind::Activate,
                        .channel = 1,
                        .rank = 0,
                        .bank = 3,
                        .row = 77,
                        .column = 0},
                       {.clock = 27,
                        .kind = DramCommandKind::Read,
                        .channel = 1,
                        .rank = 0,
                        .bank = 3,
                        .row = 77,
                        .column = 9}});
  EXPECT_EQ(out.str(), "5 1 activate 0 3 77 0\n27 1 read 0 3 77 9\n");
}

TEST(DramTrace, SaysWhenItCannotWrite) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_THROW(write_load_store_trace(out, config(), two_requests()), std::runtime_error);
}

}  // namespace
}  // namespace sterna::sim
