// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/dram/naive_channel.hpp"
#include "tests/sim/dram/protocol.hpp"
#include "tests/sim/dram/traffic.hpp"

namespace sterna::sim {
namespace {

const std::vector<std::string> kMappings = {
    "row-rank-bank-column-bankgroup-channel", "row-channel-rank-bank-bankgroup-column",
    "row-rank-bankgroup-bank-channel-column", "rank-bankgroup-bank-row-column-channel",
    "column-row-channel-bank-bankgroup-rank"};

/// Every part under every mapping, with the other options going round.
std::vector<DramConfig> designs() {
  std::vector<DramConfig> result;
  std::uint32_t turn = 0;
  for (const DramPart& part : dram_parts()) {
    for (const std::string& mapping : kMappings) {
      DramConfig config = default_dram(part, 250'000);
      config.mapping = mapping;
      config.channels = 1U << turn % 3;
      config.part.ranks = turn % 4 == 3 ? 2 : 1;
      config.scheduler = turn % 5 == 4 ? DramScheduler::InOrder : DramScheduler::FrFcfs;
      config.page_policy = turn % 3 == 1 ? PagePolicy::Closed : PagePolicy::Open;
      config.queue_depth = turn % 2 == 0 ? 32 : 6;
      config.starvation_cap = turn % 2 == 0 ? 3 : 64;
      config.asker_khz = turn % 3 == 0 ? 250'000 : turn % 3 == 1 ? 733'333 : 2'000'000;
      result.push_back(config);
      ++turn;
    }
  }
  return result;
}

std::string describe(const DramConfig& config) {
  return fmt::format("{} {} channels {} ranks {} depth {} cap {} {} {} {} kHz", config.part.name,
                     config.mapping, config.channels, config.part.ranks, config.queue_depth,
                     config.starvation_cap,
                     config.scheduler == DramScheduler::FrFcfs ? "fr-fcfs" : "in-order",
                     config.page_policy == PagePolicy::Open ? "open" : "closed", config.asker_khz);
}

constexpr TrafficKind kMixed = {.requests = 300,
                                .ports = 4,
                                .write_percent = 30,
                                .jump_percent = 40,
                                .max_bytes = 700,
                                .max_pause = 400};

std::string write_out(const DramCommand& c) {
  return fmt::format("{:>8} {:<4} rank {} bank {} row {} column {}", c.clock,
                     Protocol::name(c.kind), c.rank, c.bank, c.row, c.column);
}

TEST(Dram, KeepsTheProtocolOfEveryPartUnderEveryMapping) {
  std::uint64_t seed = 1;
  for (const DramConfig& config : designs()) {
    const Observed seen =
        Driver(config, kMixed.ports, Stepping::AtOnce).run(random_traffic(config, kMixed, ++seed));
    for (const auto& commands : seen.commands) {
      Protocol protocol(config.part);
      for (const DramCommand& c : commands) {
        ASSERT_EQ(protocol.objection(c), "") << write_out(c) << "\n" << describe(config);
        protocol.take(c);
      }
    }
  }
}

/// What the ports see of accesses that were done at these times.
void collect(const std::vector<NaiveChannel::Done>& done,
             std::vector<std::vector<std::uint64_t>>& cycles) {
  for (const NaiveChannel::Done& d : done) cycles[d.request][d.granule] = d.cycle;
}

/// Arrivals of one port and direction, in the order of requests and addresses.
void expect_answers(const Observed& seen, const DramConfig& config,
                    const std::vector<std::vector<std::uint64_t>>& cycles) {
  const std::uint64_t granule = config.part.access_bytes();
  std::vector<std::vector<DramArrival>> arrivals(seen.arrivals.size());
  std::vector<std::vector<DramWritten>> written(seen.written.size());
  for (std::size_t i = 0; i < seen.requests.size(); ++i) {
    const DramRequest& r = seen.requests[i];
    std::uint64_t turn = 0;  // when the answer before was there
    if (r.write) {
      if (!written[r.port].empty()) turn = written[r.port].back().cycle;
      turn = std::max(turn, *std::ranges::max_element(cycles[i]));
      written[r.port].push_back({.tag = r.tag, .cycle = turn});
      continue;
    }
    if (!arrivals[r.port].empty()) turn = arrivals[r.port].back().cycle;
    std::uint64_t address = r.address;
    for (const std::uint64_t cycle : cycles[i]) {
      const std::uint64_t end = std::min(r.address + r.bytes, (address / granule + 1) * granule);
      turn = std::max(turn, cycle);
      arrivals[r.port].push_back({.tag = r.tag,
                                  .offset = static_cast<std::uint32_t>(address - r.address),
                                  .bytes = static_cast<std::uint32_t>(end - address),
                                  .cycle = turn,
                                  .last = end == r.address + r.bytes});
      address = end;
    }
  }
  ASSERT_TRUE(arrivals == seen.arrivals) << describe(config);
  ASSERT_TRUE(written == seen.written) << describe(config);
}

/// Against the clock-by-clock controller, commands and answers.
void expect_naive(const DramConfig& config, const TrafficKind& kind, std::uint64_t seed) {
  const Observed seen =
      Driver(config, kind.ports, Stepping::AtOnce).run(random_traffic(config, kind, seed));
  const std::uint64_t granule = config.part.access_bytes();
  std::vector<std::vector<std::uint64_t>> cycles;  // (requests, granules)
  for (const DramRequest& r : seen.requests) {
    cycles.emplace_back((r.address + r.bytes - 1) / granule - r.address / granule + 1, 0);
  }
  for (std::uint32_t channel = 0; channel < config.channels; ++channel) {
    const auto& commands = seen.commands[channel];
    NaiveChannel naive(config, channel);
    naive.run(seen.requests, commands.back().clock + 1);
    for (std::size_t i = 0; i < std::min(commands.size(), naive.commands().size()); ++i) {
      ASSERT_EQ(write_out(commands[i]), write_out(naive.commands()[i]))
          << "command " << i << " of channel " << channel << ", seed " << seed << "\n"
          << describe(config);
    }
    ASSERT_EQ(commands.size(), naive.commands().size());
    collect(naive.done(), cycles);
  }
  expect_answers(seen, config, cycles);
}

TEST(Dram, IssuesTheCommandsOfAControllerThatGoesClockByClock) {
  std::uint64_t seed = 100;
  for (const DramConfig& config : designs()) expect_naive(config, kMixed, ++seed);
}

TEST(Dram, StreamsThroughBankGroupsAreNoExceptionToThat) {
  std::uint64_t seed = 300;
  for (const DramPart& part : dram_parts()) {
    for (const std::uint32_t write_percent : {0U, 15U, 100U}) {
      DramConfig config = default_dram(part, 400'000);
      config.queue_depth = seed % 2 == 0 ? 32 : 12;
      const TrafficKind streams = {.requests = 60,
                                   .ports = 1 + static_cast<std::uint32_t>(seed % 2),
                                   .write_percent = write_percent,
                                   .jump_percent = 3,
                                   .max_bytes = 3000,
                                   .max_pause = 300};
      expect_naive(config, streams, ++seed);
    }
  }
}

TEST(Dram, AnswersDoNotDependOnHowTimeIsAdvanced) {
  std::uint64_t seed = 200;
  for (const DramConfig& config : designs()) {
    const Traffic traffic = random_traffic(config, kMixed, ++seed);
    const Observed at_once = Driver(config, kMixed.ports, Stepping::AtOnce).run(traffic);
    for (const Stepping stepping : {Stepping::ClockByClock, Stepping::Jumps, Stepping::Events}) {
      const Observed other = Driver(config, kMixed.ports, stepping, seed).run(traffic);
      ASSERT_TRUE(at_once.requests == other.requests) << describe(config);
      for (std::size_t c = 0; c < at_once.commands.size(); ++c) {
        const std::size_t both = std::min(at_once.commands[c].size(), other.commands[c].size());
        for (std::size_t i = 0; i < both; ++i) {
          ASSERT_EQ(write_out(at_once.commands[c][i]), write_out(other.commands[c][i]))
              << "command " << i << "\n"
              << describe(config);
        }
      }
      ASSERT_TRUE(at_once.arrivals == other.arrivals) << describe(config);
      ASSERT_TRUE(at_once.written == other.written) << describe(config);
    }
  }
}

}  // namespace
}  // namespace sterna::sim
