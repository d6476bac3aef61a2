// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/sim/dram/naive_channel.hpp"
#include "tests/sim/dram/protocol.hpp"
#include "tests/sim/dram/traffic.hpp"

namespace sterna::sim {
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }

  template <typename T, std::size_t n>
  T one_of(const std::array<T, n>& values) {
    return values[below(n)];
  }

 private:
  std::mt19937_64 random_;
};

inline DramConfig random_memory(Draw& draw) {
  static const std::array<std::string, 5> kMappings = {
      "row-rank-bank-column-bankgroup-channel", "row-channel-rank-bank-bankgroup-column",
      "row-rank-bankgroup-bank-channel-column", "rank-bankgroup-bank-row-column-channel",
      "column-row-channel-bank-bankgroup-rank"};
  DramConfig config =
      default_dram(draw.one_of(std::array{dram_parts()[0], dram_parts()[1], dram_parts()[2],
                                          dram_parts()[3], dram_parts()[4]}),
                   draw.one_of(std::array{100'000U, 250'000U, 733'333U, 1'600'000U, 2'000'000U}));
  config.mapping = draw.one_of(kMappings);
  config.channels = 1U << draw.below(3);
  config.part.ranks = 1U << draw.below(3);
  config.scheduler = draw.below(5) == 0 ? DramScheduler::InOrder : DramScheduler::FrFcfs;
  config.page_policy = draw.below(3) == 0 ? PagePolicy::Closed : PagePolicy::Open;
  config.queue_depth = 1U << draw.below(7);
  config.starvation_cap = draw.one_of(std::array{1U, 2U, 3U, 8U, 64U});
  if (draw.below(3) > 0) return config;
  DramTiming& t = config.part.timing;  // also such as no part has
  t.ccd_l += draw.below(4);
  t.rtp += draw.below(6);
  t.wtr_l += draw.below(6);
  t.faw += draw.below(20);
  t.rrd_l += draw.below(5);
  t.column_clocks = 1 + draw.below(4);
  t.activate_clocks = 1 + draw.below(4);
  t.precharge_clocks = 1 + draw.below(3);
  t.ppd = 1 + draw.below(4);
  config.part.split_command_bus = draw.below(2) == 0;
  return config;
}

inline TrafficKind random_kind(Draw& draw) {
  return {.requests = 50 + draw.below(250),
          .ports = 1 + draw.below(5),
          .write_percent = draw.below(4) == 0 ? 0 : draw.below(100),
          .jump_percent = draw.below(100),
          .max_bytes = 1 + draw.below(draw.below(2) == 0 ? 64 : 2000),
          .max_pause = draw.below(draw.below(2) == 0 ? 50 : 2000)};
}

/// One random memory under random traffic: against the protocol, against the controller that goes
/// clock by clock, and against another manner of advancing time.
inline void check_random_memory(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Draw draw(seed);
  const DramConfig config = random_memory(draw);
  const TrafficKind kind = random_kind(draw);
  const Traffic traffic = random_traffic(config, kind, seed);
  const Observed seen = Driver(config, kind.ports, Stepping::AtOnce).run(traffic);
  const Stepping stepping =
      draw.one_of(std::array{Stepping::ClockByClock, Stepping::Jumps, Stepping::Events});
  const Observed other = Driver(config, kind.ports, stepping, seed).run(traffic);
  ASSERT_TRUE(other.requests == seen.requests);
  ASSERT_TRUE(other.arrivals == seen.arrivals);
  ASSERT_TRUE(other.written == seen.written);
  for (const auto& commands : seen.commands) {
    Protocol protocol(config.part);
    for (const DramCommand& c : commands) {
      ASSERT_EQ(protocol.objection(c), "") << "clock " << c.clock;
      protocol.take(c);
    }
  }
  const std::uint32_t channel = draw.below(config.channels);
  NaiveChannel naive(config, channel);
  naive.run(seen.requests, seen.commands[channel].back().clock + 1);
  ASSERT_TRUE(naive.commands() == seen.commands[channel]) << "channel " << channel;
}

}  // namespace sterna::sim
