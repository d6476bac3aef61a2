// SPDX-License-Identifier: Apache-2.0
#include "sim/streams/stream_memory.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sterna::sim {
namespace {

using testing::Each;
using testing::ElementsAre;

// 1000 MHz, so a nanosecond is a cycle; one 16-byte weight beat a cycle, no latency, no refresh.
HardwareConfig plain_hardware() {
  return {.name = "test",
          .clock_mhz = 1000,
          .weight_format = WeightFormat::T5,
          .unit = {.lanes = 80,
                   .engines = 1,
                   .slices = 1,
                   .activation_words = 16,
                   .chunks = 4,
                   .weight_fifo_beats = 2,
                   .result_fifo_beats = 2},
          .memory = {.weight_gb_s = 16,
                     .activation_gb_s = 16,
                     .result_gb_s = 4,
                     .latency_ns = 0,
                     .window_beats = 64,
                     .refresh_interval_ns = 0,
                     .refresh_ns = 0}};
}

// Cycles in which an eager reader takes the beats of the first weight port.
std::vector<std::uint64_t> eager_takes(StreamMemory& memory, std::uint64_t beats) {
  memory.start(std::vector<std::uint64_t>(memory.weights.size(), beats), 0);
  ReadPort& port = memory.weights[0];
  std::vector<std::uint64_t> taken;
  while (port.arrival() != ReadPort::kNever) {
    taken.push_back(port.arrival());
    port.take(port.arrival());
  }
  return taken;
}

TEST(ReadPort, OffersNothingBeforeTheFirstAndAfterTheLastBeat) {
  StreamMemory memory(plain_hardware());
  memory.start({2}, 0);
  EXPECT_EQ(memory.activations.arrival(), ReadPort::kNever);
  EXPECT_EQ(eager_takes(memory, 3).size(), 3);
  EXPECT_EQ(memory.weights[0].arrival(), ReadPort::kNever);
}

TEST(ReadPort, OffersTheFirstBeatOneTransferAfterTheLatency) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.latency_ns = 10;
  StreamMemory memory(hardware);
  EXPECT_THAT(eager_takes(memory, 3), ElementsAre(11, 12, 13));
}

TEST(ReadPort, KeepsAFractionalRateExactOnAverage) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.weight_gb_s = 16.0 / 1.75;  // a beat every 1.75 cycles
  StreamMemory memory(hardware);
  const auto taken = eager_takes(memory, 4001);
  EXPECT_THAT(std::vector(taken.begin(), taken.begin() + 5), ElementsAre(2, 4, 6, 7, 9));
  EXPECT_EQ(taken[4000] - taken[0], 7000);
}

TEST(ReadPort, HandsOverOneBeatACycleHoweverWideTheMemory) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.weight_gb_s = 10'000;
  StreamMemory memory(hardware);
  EXPECT_THAT(eager_takes(memory, 4), ElementsAre(1, 2, 3, 4));
}

TEST(ReadPort, SharesTheBandwidthAmongTheEngines) {
  HardwareConfig hardware = plain_hardware();
  hardware.unit.engines = 4;
  StreamMemory memory(hardware);
  ASSERT_EQ(memory.weights.size(), 4);
  EXPECT_THAT(eager_takes(memory, 3), ElementsAre(4, 8, 12));
}

TEST(ReadPort, RequestsABeatOnlyWhenTheWindowHasRoom) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.latency_ns = 100;
  hardware.memory.window_beats = 2;
  StreamMemory memory(hardware);
  // Two in flight, then a round trip of latency, transfer and the cycle after the take.
  EXPECT_THAT(eager_takes(memory, 5), ElementsAre(101, 102, 203, 204, 305));
}

TEST(ReadPort, BuffersUpToTheWindowForASlowReader) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.latency_ns = 50;
  hardware.memory.window_beats = 4;
  StreamMemory memory(hardware);
  memory.start({6}, 0);
  ReadPort& port = memory.weights[0];
  std::vector<std::uint64_t> offered;
  for (std::uint64_t cycle = 1000; port.arrival() != ReadPort::kNever; ++cycle) {
    offered.push_back(port.arrival());
    cycle = std::max(cycle, port.arrival());
    port.take(cycle);
  }
  // Four wait in the buffer; the fifth was requested when the first was taken, at 1000.
  EXPECT_THAT(offered, ElementsAre(51, 1001, 1002, 1003, 1052, 1053));
}

TEST(ReadPort, DeliversNothingDuringARefresh) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.refresh_interval_ns = 100;
  hardware.memory.refresh_ns = 20;
  StreamMemory memory(hardware);
  const auto taken = eager_takes(memory, 100 + 80 * 10);
  const auto refreshing = [](std::uint64_t cycle) {
    // The beat that ends with cycle c moved during [c - 1, c).
    return cycle > 100 && (cycle - 1) % 100 < 20;
  };
  EXPECT_TRUE(std::none_of(taken.begin(), taken.end(), refreshing));
  EXPECT_EQ(taken.back(),
            1100);  // the first interval has no refresh, each later one 80 free cycles
}

TEST(ReadPort, PausesATransferThatMeetsARefresh) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.weight_gb_s = 16.0 / 30;
  hardware.memory.refresh_interval_ns = 100;
  hardware.memory.refresh_ns = 20;
  StreamMemory memory(hardware);
  EXPECT_THAT(eager_takes(memory, 5), ElementsAre(30, 60, 90, 140, 170));
}

TEST(ReadPort, FindsTheRefreshAfterALongPause) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.refresh_interval_ns = 100;
  hardware.memory.refresh_ns = 20;
  hardware.memory.window_beats = 1;
  StreamMemory memory(hardware);
  memory.start({2}, 0);
  memory.weights[0].take(
      1'000'004);  // requested at 1000005, inside the refresh that ends at 1000020
  EXPECT_EQ(memory.weights[0].arrival(), 1'000'021);
}

TEST(ReadPort, GivesTheSameTimesForTheSameTakesWhateverOtherPortsDo) {
  HardwareConfig hardware = plain_hardware();
  hardware.unit.engines = 3;
  hardware.memory.refresh_interval_ns = 77;
  hardware.memory.refresh_ns = 13;
  hardware.memory.window_beats = 5;
  const StallPattern stalls = {.seed = 3, .max_read_delay = 9, .write_busy_percent = 30};
  StreamMemory alone(hardware, stalls);
  const auto expected = eager_takes(alone, 500);

  StreamMemory mixed(hardware, stalls);
  mixed.start({500, 500, 500}, 500);
  std::mt19937 random(1);
  std::vector<std::uint64_t> taken;
  while (taken.size() < expected.size()) {
    switch (random() % 3) {
      case 0:
        taken.push_back(mixed.weights[0].arrival());
        mixed.weights[0].take(taken.back());
        break;
      case 1:
        if (mixed.weights[2].arrival() != ReadPort::kNever) {
          mixed.weights[2].take(mixed.weights[2].arrival() + random() % 50);
        }
        break;
      default:
        mixed.results.take(mixed.results.first_ready(random() % 5000), 4);
    }
  }
  EXPECT_EQ(taken, expected);
}

TEST(ReadPort, StartsEveryJobFromTheSameState) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.latency_ns = 33;
  hardware.memory.refresh_interval_ns = 50;
  hardware.memory.refresh_ns = 5;
  StreamMemory memory(hardware, {.seed = 1, .max_read_delay = 3});
  const auto first = eager_takes(memory, 200);
  EXPECT_EQ(eager_takes(memory, 200), first);
}

TEST(ReadPort, DelaysAnArrivalByUpToTheStallPattern) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.weight_gb_s = 1.6;  // a beat every ten cycles: no delay reaches the next beat
  StreamMemory memory(hardware, {.seed = 5, .max_read_delay = 4});
  const auto taken = eager_takes(memory, 1000);
  std::vector<int> seen(5);
  for (std::uint64_t n = 0; n < taken.size(); ++n) {
    const std::uint64_t delay = taken[n] - 10 * (n + 1);
    ASSERT_LE(delay, 4) << n;
    ++seen[delay];
  }
  EXPECT_THAT(seen, Each(testing::Gt(100)));  // each of five values about 200 times
}

TEST(WritePort, TakesTheBytesOfEachBeatIntoAccount) {
  StreamMemory memory(plain_hardware());  // four bytes a cycle
  memory.start({0}, 0);
  EXPECT_EQ(memory.results.first_ready(7), 7);
  memory.results.take(7, 4);
  EXPECT_EQ(memory.results.first_ready(8), 8);
  memory.results.take(8, 16);
  EXPECT_EQ(memory.results.first_ready(9), 12);
  memory.results.take(12, 6);  // a beat and a half: on average, the port keeps its rate
  EXPECT_EQ(memory.results.first_ready(13), 13);
  memory.results.take(13, 6);
  EXPECT_EQ(memory.results.first_ready(14), 15);
  EXPECT_EQ(memory.moved_bytes().results, 32);
}

TEST(WritePort, RefusesDuringARefresh) {
  HardwareConfig hardware = plain_hardware();
  hardware.memory.refresh_interval_ns = 100;
  hardware.memory.refresh_ns = 20;
  StreamMemory memory(hardware);
  memory.start({0}, 0);
  EXPECT_EQ(memory.results.first_ready(5), 5);  // none at cycle 0
  EXPECT_EQ(memory.results.first_ready(99), 99);
  EXPECT_EQ(memory.results.first_ready(100), 120);
  EXPECT_EQ(memory.results.first_ready(119), 120);
  EXPECT_EQ(memory.results.first_ready(1'000'000), 1'000'020);
}

TEST(WritePort, IsBusyAboutAsOftenAsTheStallPatternSays) {
  StreamMemory memory(plain_hardware(), {.seed = 9, .write_busy_percent = 60});
  memory.start({0}, 0);
  int ready = 0;
  for (std::uint64_t cycle = 0; cycle < 10'000; ++cycle) {
    ready += memory.results.first_ready(cycle) == cycle ? 1 : 0;
  }
  EXPECT_NEAR(ready, 4000, 250);  // five standard deviations of 10000 draws are 245
}

TEST(StreamMemory, CountsBytesByStream) {
  StreamMemory memory(plain_hardware());
  memory.start({3}, 2);
  for (int i = 0; i < 3; ++i) memory.weights[0].take(memory.weights[0].arrival());
  for (int i = 0; i < 2; ++i) memory.activations.take(memory.activations.arrival());
  memory.results.take(memory.results.first_ready(0), 8);
  EXPECT_EQ(memory.moved_bytes(), (MovedBytes{.weights = 48, .activations = 32, .results = 8}));
}

}  // namespace
}  // namespace sterna::sim
