// SPDX-License-Identifier: Apache-2.0

// Speed of the memory model: accesses and bytes that one core simulates a second, and beside them
// (`share_of_peak`) what the modelled memory delivers.

#include <cstdint>
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "sim/dram/dram.hpp"

namespace {

using namespace sterna::sim;

constexpr std::uint64_t kBytesPerRound = 4U << 20;
constexpr std::uint32_t kAskerKhz = 1'000'000;

/// Reads kBytesPerRound in requests of `bytes`, as fast as there is room; takes every arrival.
/// Returns the cycle in which the last is there.
std::uint64_t read_all(Dram& dram, std::uint32_t bytes, bool random, std::uint64_t seed) {
  std::mt19937_64 next(seed);
  const std::uint64_t memory = dram.config().bytes() / 2;
  std::uint64_t address = 0;
  std::uint64_t end = 0;
  for (std::uint64_t done = 0; done < kBytesPerRound; done += bytes) {
    if (random) address = next() % (memory / bytes) * bytes;
    dram.advance_until_room(address, bytes, false, Dram::kMaxCycle);
    dram.submit({.port = 0,
                 .tag = done,
                 .address = address,
                 .bytes = bytes,
                 .write = false,
                 .cycle = dram.now()});
    address += bytes;
    for (; dram.has_arrival(0); dram.take_arrival(0)) end = dram.arrival(0).cycle;
  }
  dram.drain();
  for (; dram.has_arrival(0); dram.take_arrival(0)) end = dram.arrival(0).cycle;
  return end;
}

void reads(benchmark::State& state, const DramConfig& config, std::uint32_t bytes, bool random) {
  std::uint64_t cycles = 0;
  std::uint64_t round = 0;
  for (auto _ : state) {
    Dram dram(config, 1);
    cycles += read_all(dram, bytes, random, ++round);
    if (dram.statistics()[0].reads * dram.granule_bytes() < kBytesPerRound / config.channels) {
      state.SkipWithError("accesses are missing");
      return;
    }
  }
  const auto moved = static_cast<double>(kBytesPerRound * round);
  const auto rate = benchmark::Counter::kIsRate;
  state.counters["byte/s"] = benchmark::Counter(moved, rate);
  state.counters["access/s"] = benchmark::Counter(moved / config.part.access_bytes(), rate);
  state.counters["request/s"] = benchmark::Counter(moved / bytes, rate);
  const double peak = config.part.peak_gb_s() * config.channels;
  state.counters["share_of_peak"] = moved / (static_cast<double>(cycles) / kAskerKhz * 1e6) / peak;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const DramPart& part : dram_parts()) {
    for (const bool random : {false, true}) {
      for (const std::uint32_t bytes : {64U, 1024U}) {
        const std::string name = part.name + (random ? "/random/" : "/sequential/");
        const DramConfig config = default_dram(part, kAskerKhz);
        benchmark::RegisterBenchmark((name + std::to_string(bytes)).c_str(),
                                     [=](auto& state) { reads(state, config, bytes, random); });
      }
    }
  }
  benchmark::RunSpecifiedBenchmarks();
}
