// SPDX-License-Identifier: Apache-2.0

// What an asker may rely on: room, order, errors, and the memories without banks.

#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/field_error.hpp"
#include "tests/sim/dram/traffic.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;

DramConfig ddr4() { return default_dram(find_dram_part("DDR4-3200"), 1'600'000); }

DramConfig ideal() {
  DramConfig config = ddr4();
  config.kind = DramKind::Ideal;
  return config;
}

DramConfig flat(double gb_s, double latency_ns, std::uint32_t asker_khz) {
  DramConfig config = ddr4();
  config.kind = DramKind::Flat;
  config.flat_gb_s = gb_s;
  config.flat_latency_ns = latency_ns;
  config.asker_khz = asker_khz;
  return config;
}

DramRequest read(std::uint64_t address, std::uint32_t bytes, std::uint64_t cycle,
                 std::uint64_t tag = 0) {
  return {
      .port = 0, .tag = tag, .address = address, .bytes = bytes, .write = false, .cycle = cycle};
}

DramRequest write(std::uint64_t address, std::uint32_t bytes, std::uint64_t cycle) {
  return {.port = 0, .tag = 0, .address = address, .bytes = bytes, .write = true, .cycle = cycle};
}

std::string complaint(Dram& dram, const DramRequest& request) {
  try {
    dram.submit(request);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(DramAsking, ARequestThatCannotBeIsRefusedWithASentence) {
  Dram dram(ddr4(), 2);
  dram.advance(100);
  const std::uint64_t end = ddr4().bytes();
  EXPECT_THAT(complaint(dram, read(0, 64, 99)), HasSubstr("comes from cycle 99, before 100"));
  EXPECT_THAT(complaint(dram, read(0, 0, 100)), HasSubstr("0 bytes"));
  EXPECT_THAT(complaint(dram, read(0, Dram::kMaxRequestBytes + 1, 100)),
              HasSubstr("1048577 bytes"));
  EXPECT_THAT(complaint(dram, read(end, 1, 100)), HasSubstr("the memory has 0x200000000"));
  EXPECT_THAT(complaint(dram, read(end - 1, 2, 100)), HasSubstr("2 bytes at 0x1ffffffff"));
  EXPECT_EQ(complaint(dram, read(end - 1, 1, 100)), "");
  DramRequest strange = read(0, 64, 100);
  strange.port = 2;
  EXPECT_THAT(complaint(dram, strange), HasSubstr("port 2 asks; the memory has 2 ports"));
  EXPECT_THROW(dram.advance(Dram::kMaxCycle + 1), std::invalid_argument);
}

TEST(DramAsking, ABadConfigurationIsRefusedAtOnce) {
  DramConfig config = ddr4();
  config.channels = 5;
  EXPECT_THROW(Dram(config, 1), FieldError);
}

TEST(DramAsking, RoomEndsWithTheQueueAndComesBack) {
  DramConfig config = ddr4();
  config.queue_depth = 4;
  Dram dram(config, 1);
  for (std::uint64_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(dram.room(i * 64, 64, false)) << i;
    dram.submit(read(i * 64, 64, 0));
  }
  EXPECT_FALSE(dram.room(0, 64, false));
  EXPECT_TRUE(dram.room(0, 64, true)) << "writes have a queue of their own";
  EXPECT_THAT(complaint(dram, read(0, 64, 0)), HasSubstr("their queue is full"));
  // The first read goes out when its row is open, at clock tRCD, and is gone one cycle later.
  EXPECT_EQ(dram.advance_until_room(0, 64, false, Dram::kMaxCycle),
            config.part.timing.rcd_read + 1);
  EXPECT_TRUE(dram.room(0, 64, false));
}

TEST(DramAsking, WaitingForRoomStopsAtTheLimit) {
  DramConfig config = ddr4();
  config.queue_depth = 1;
  Dram dram(config, 1);
  dram.submit(read(0, 64, 0));
  EXPECT_EQ(dram.advance_until_room(0, 64, false, 10), 10);
  EXPECT_FALSE(dram.room(0, 64, false));
}

TEST(DramAsking, AFullChannelRefusesOnlyWhatTouchesIt) {
  DramConfig config = ddr4();
  config.queue_depth = 1;
  config.channels = 2;  // the lowest field: even granules are of channel 0
  Dram dram(config, 1);
  dram.submit(read(0, 64, 0));
  EXPECT_FALSE(dram.room(128, 64, false));
  EXPECT_TRUE(dram.room(64, 64, false));
  EXPECT_FALSE(dram.room(64, 65, false));
  EXPECT_FALSE(dram.room(64 + 63, 2, false));
}

TEST(DramAsking, GranulesCoverTheRequestAndNothingElse) {
  Dram dram(ddr4(), 1);
  dram.submit(read(1000, 150, 0, 7));  // 960..1023 | 1024..1087 | 1088..1151
  dram.drain();
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> expected = {
      {0, 24}, {24, 64}, {88, 62}};
  for (const auto& [offset, bytes] : expected) {
    ASSERT_TRUE(dram.has_arrival(0));
    EXPECT_EQ(dram.arrival(0).tag, 7);
    EXPECT_EQ(dram.arrival(0).offset, offset);
    EXPECT_EQ(dram.arrival(0).bytes, bytes);
    EXPECT_EQ(dram.arrival(0).last, offset == 88);
    dram.take_arrival(0);
  }
  EXPECT_FALSE(dram.has_arrival(0));
}

TEST(DramAsking, AnEarlierReadOfThePortComesFirstThoughItsRowComesLater) {
  const DramConfig config = ddr4();
  Dram dram(config, 2);
  const std::uint64_t other_row = config.part.channel_bytes() / config.part.rows;
  dram.submit(read(0, 64, 0, 1));
  dram.advance(60);
  dram.submit(read(other_row, 64, 60, 2));  // must close the row
  dram.submit(read(0, 64, 60, 3));          // could be served at once
  DramRequest elsewhere = read(0, 64, 60, 4);
  elsewhere.port = 1;
  dram.submit(elsewhere);
  dram.drain();
  std::vector<std::uint64_t> tags;
  std::uint64_t before = 0;
  for (; dram.has_arrival(0); dram.take_arrival(0)) {
    tags.push_back(dram.arrival(0).tag);
    EXPECT_GE(dram.arrival(0).cycle, before);
    before = dram.arrival(0).cycle;
  }
  EXPECT_EQ(tags, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_LT(dram.arrival(1).cycle, before) << "another port does not wait";
}

TEST(DramAsking, WaitingForAReadTellsWhenAllOfItIsKnown) {
  Dram dram(ddr4(), 1);
  dram.submit(read(0, 1024, 0, 1));
  dram.submit(read(1 << 20, 64, 0, 2));
  const std::uint64_t now = dram.advance_until_read(0, Dram::kMaxCycle);
  std::uint64_t granules = 0;
  for (; dram.has_arrival(0) && dram.arrival(0).tag == 1; dram.take_arrival(0)) ++granules;
  EXPECT_EQ(granules, 16);
  EXPECT_EQ(dram.now(), now);
  EXPECT_EQ(dram.advance_until_read(0, now), now);
}

TEST(DramAsking, NothingChangesBeforeTheNextChange) {
  Dram dram(ddr4(), 1);
  EXPECT_EQ(dram.next_change(), Dram::kNever);
  dram.submit(read(0, 64, 0));
  const DramTiming& t = ddr4().part.timing;
  EXPECT_EQ(dram.next_change(), 1) << "the activate at clock 0";
  dram.advance(1);
  EXPECT_EQ(dram.next_change(), t.rcd_read + 1);
  dram.advance(t.rcd_read);
  EXPECT_FALSE(dram.has_arrival(0));
  dram.advance(t.rcd_read + 1);
  ASSERT_TRUE(dram.has_arrival(0));
  EXPECT_EQ(dram.next_change(), dram.arrival(0).cycle);
  dram.take_arrival(0);
  EXPECT_EQ(dram.next_change(), Dram::kNever) << "refreshes are nobody's business";
}

TEST(DramAsking, LookingBetweenTwoRequestsOfACycleChangesNothing) {
  // The refresh that is due in this very cycle takes a bank that nobody waits for: the second
  // request counts, whether or not somebody looked after the first.
  const DramPart& part = find_dram_part("LPDDR4X-4266");
  const DramConfig config = default_dram(part, part.clock_khz);
  const std::uint64_t bank = part.row_bytes;
  std::vector<std::uint64_t> cycles;
  for (const bool looks : {false, true}) {
    Dram dram(config, 1);
    dram.submit(write(bank, 64, part.timing.refi));
    if (looks) (void)dram.next_change();
    dram.submit(write(0, 64, part.timing.refi));
    dram.drain();
    std::uint64_t last = 0;
    for (; dram.has_written(0); dram.take_written(0)) last = dram.written(0).cycle;
    cycles.push_back(last);
  }
  EXPECT_EQ(cycles[0], cycles[1]);
}

TEST(DramAsking, AWriteThatReadsPassIsServedAfterFourQueuesOfThem) {
  DramConfig config = ddr4();
  config.queue_depth = 8;
  Dram dram(config, 2);
  std::vector<DramCommand> commands;
  dram.record_commands(&commands);
  for (std::uint64_t i = 0; i < 100; ++i) {
    dram.advance_until_room(i * 64, 64, false, Dram::kMaxCycle);
    dram.submit(read(i * 64, 64, dram.now()));
    if (i == 4) dram.submit(write(1 << 20, 64, dram.now()));
  }
  dram.drain();
  std::uint64_t reads = 0;
  for (const DramCommand& c : commands) {
    if (c.kind == DramCommandKind::Write) break;
    reads += c.kind == DramCommandKind::Read ? 1 : 0;
  }
  EXPECT_EQ(reads, 4 * 8);
}

TEST(DramAsking, StatisticsAddUp) {
  const DramConfig config = ddr4();
  const TrafficKind kind = {.requests = 400,
                            .ports = 3,
                            .write_percent = 40,
                            .jump_percent = 50,
                            .max_bytes = 500,
                            .max_pause = 100};
  const Observed seen = Driver(config, 3, Stepping::AtOnce).run(random_traffic(config, kind, 9));
  const DramStatistics& s = seen.statistics[0];
  std::vector<std::uint64_t> kinds(7);
  for (const DramCommand& c : seen.commands[0]) ++kinds[static_cast<std::size_t>(c.kind)];
  EXPECT_EQ(s.activates, kinds[0]);
  EXPECT_GE(s.precharges, kinds[1] + kinds[2]);
  EXPECT_LE(s.precharges, s.activates);
  EXPECT_EQ(s.reads, kinds[3]);
  EXPECT_EQ(s.writes, kinds[4]);
  EXPECT_EQ(s.refreshes, kinds[5] + kinds[6]);
  EXPECT_EQ(s.row_hits + s.row_misses + s.row_conflicts, s.reads + s.writes);
  EXPECT_LE(s.row_misses + s.row_conflicts, s.activates);
  EXPECT_EQ(s.read_bytes, s.reads * 64);
  EXPECT_EQ(s.write_bytes, s.writes * 64);
  EXPECT_EQ(s.data_busy_clocks, (s.reads + s.writes) * 4);
}

TEST(DramAsking, RefreshesGoOnThroughIdleTime) {
  for (const DramPart& part : dram_parts()) {
    Dram dram(default_dram(part, part.clock_khz), 1);
    dram.advance(std::uint64_t{part.timing.refi} * 100 + part.timing.rfc);
    EXPECT_EQ(dram.statistics()[0].refreshes, 100) << part.name;
  }
}

TEST(DramAsking, IdealIsThereInTheSameCycle) {
  Dram dram(ideal(), 1);
  dram.submit(read(0xFFFF'FFFF'0000, 1 << 20, 5));
  for (std::uint32_t bytes = 0; bytes < 1 << 20; dram.take_arrival(0)) {
    ASSERT_TRUE(dram.has_arrival(0));
    EXPECT_EQ(dram.arrival(0).cycle, 5);
    bytes += dram.arrival(0).bytes;
  }
  dram.submit(write(0, 64, 6));
  EXPECT_EQ(dram.written(0).cycle, 6);
  EXPECT_EQ(dram.statistics()[0].read_bytes, 1 << 20);
  EXPECT_EQ(dram.statistics()[0].write_bytes, 64);
}

TEST(DramAsking, FlatTakesLatencyOnceAndBandwidthAlways) {
  // 16 GB/s at 250 MHz are 64 bytes a cycle; 100 ns are 25 cycles.
  Dram dram(flat(16, 100, 250'000), 1);
  dram.submit(read(0, 256, 0));
  for (const std::uint64_t cycle : {26U, 27U, 28U, 29U}) {
    EXPECT_EQ(dram.arrival(0).cycle, cycle);
    dram.take_arrival(0);
  }
  dram.submit(write(0, 64, 1));  // waits for the pipe, not for the latency
  EXPECT_EQ(dram.written(0).cycle, 30);
  dram.submit(read(0, 64, 1000));
  EXPECT_EQ(dram.arrival(0).cycle, 1026);
}

TEST(DramAsking, FlatKeepsOddRatesExactly) {
  // 3 GB/s at 1 GHz: three bytes a cycle, so 64 bytes take 21 1/3 cycles.
  Dram dram(flat(3, 0, 1'000'000), 1);
  for (std::uint64_t i = 0; i < 300; ++i) dram.submit(read(i * 64, 64, 0));
  for (std::uint64_t i = 1; i <= 300; ++i) {
    ASSERT_EQ(dram.arrival(0).cycle, (i * 64 + 2) / 3) << i;
    dram.take_arrival(0);
  }
}

}  // namespace
}  // namespace sterna::sim
