// SPDX-License-Identifier: Apache-2.0

// Speed of the memory model: accesses and bytes that one core simulates a second; and beside them
// what the modelled memory delivers (gb_s, share_of_peak), which is the same on every machine.

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "sim/dram/dram.hpp"

namespace {

using namespace sterna::sim;

constexpr std::uint64_t kBytesPerRound = 4U << 20;

struct Pattern {
  const char* name;
  bool random;                  // addresses; otherwise one after the other
  std::uint32_t write_percent;  // drawn for each request
  std::uint32_t bytes;          // of a request
};

constexpr Pattern kPatterns[] = {
    {"sequential_read", false, 0, 1024},    {"sequential_read_64", false, 0, 64},
    {"sequential_write", false, 100, 1024}, {"sequential_mixed", false, 33, 1024},
    {"random_read", true, 0, 1024},         {"random_read_64", true, 0, 64}};

constexpr const char* kMappings[] = {"row-rank-bank-column-bankgroup-channel",
                                     "row-channel-rank-bank-bankgroup-column",
                                     "row-rank-bankgroup-bank-channel-column"};

/// Takes what has come; returns the cycle of the last of it, or `end`.
std::uint64_t take(Dram& dram, std::uint64_t end) {
  for (; dram.has_arrival(0); dram.take_arrival(0)) end = std::max(end, dram.arrival(0).cycle);
  for (; dram.has_written(0); dram.take_written(0)) end = std::max(end, dram.written(0).cycle);
  return end;
}

/// Moves kBytesPerRound, each request as soon as there is room. Returns the cycle of the last answer.
std::uint64_t move_all(Dram& dram, const Pattern& pattern) {
  std::mt19937_64 next(1);
  const std::uint64_t slots = dram.config().bytes() / pattern.bytes;
  std::uint64_t slot = 0;
  std::uint64_t end = 0;
  for (std::uint64_t done = 0; done < kBytesPerRound; done += pattern.bytes) {
    slot = pattern.random ? next() % slots : slot + 1;
    const bool write = pattern.write_percent > 0 && next() % 100 < pattern.write_percent;
    const std::uint64_t address = slot * pattern.bytes;
    dram.advance_until_room(address, pattern.bytes, write, Dram::kMaxCycle);
    dram.submit({.port = 0,
                 .tag = done,
                 .address = address,
                 .bytes = pattern.bytes,
                 .write = write,
                 .cycle = dram.now()});
    end = take(dram, end);
  }
  dram.drain();
  return take(dram, end);
}

void run(benchmark::State& state, const DramConfig& config, const Pattern& pattern) {
  std::uint64_t cycles = 0;
  for (auto _ : state) {
    Dram dram(config, 1);
    cycles = move_all(dram, pattern);
    const DramStatistics s = dram.statistics()[0];
    if (s.read_bytes + s.write_bytes != kBytesPerRound) {
      state.SkipWithError("accesses are missing");
      return;
    }
  }
  const double moved = static_cast<double>(kBytesPerRound);
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["byte/s"] = benchmark::Counter(moved, rate);
  state.counters["access/s"] = benchmark::Counter(moved / config.part.access_bytes(), rate);
  state.counters["request/s"] = benchmark::Counter(moved / pattern.bytes, rate);
  const double gb_s = moved / (static_cast<double>(cycles) / config.asker_khz * 1e6);
  state.counters["gb_s"] = gb_s;
  state.counters["share_of_peak"] = gb_s / config.part.peak_gb_s();
}

void add(const DramPart& part, const char* mapping, const Pattern& pattern) {
  DramConfig config = default_dram(part, part.clock_khz);
  config.mapping = mapping;
  const std::string name = part.name + "/" + mapping + "/" + pattern.name;
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) { run(state, config, pattern); });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const DramPart& part : dram_parts()) {
    for (const Pattern& pattern : kPatterns) add(part, kMappings[0], pattern);
    add(part, kMappings[1], kPatterns[0]);
    add(part, kMappings[2], kPatterns[0]);
  }
  benchmark::RunSpecifiedBenchmarks();
}
