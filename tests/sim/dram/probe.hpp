// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "sim/dram/dram.hpp"

namespace sterna::sim {

/// A stream of equal requests, each submitted as soon as there is room.
struct Pattern {
  bool random;                  // addresses; otherwise one after the other
  std::uint32_t write_percent;  // drawn for each request
  std::uint32_t bytes;          // of a request; addresses are multiples of it
};

struct Measured {
  double gb_s;           // from the first request to the last answer
  std::uint64_t cycles;  // likewise
  std::vector<DramStatistics> channels;
};

/// Moves `total` bytes over two ports, reads on 0 and writes on 1.
inline Measured measure(const DramConfig& config, const Pattern& pattern, std::uint64_t total) {
  Dram dram(config, 2);
  std::mt19937_64 next(1);
  std::uint64_t address = 0;
  std::uint64_t end = 0;
  const auto take = [&] {
    for (; dram.has_arrival(0); dram.take_arrival(0)) end = std::max(end, dram.arrival(0).cycle);
    for (; dram.has_written(1); dram.take_written(1)) end = std::max(end, dram.written(1).cycle);
  };
  for (std::uint64_t done = 0; done < total; done += pattern.bytes) {
    if (pattern.random) address = next() % (config.bytes() / pattern.bytes) * pattern.bytes;
    const bool write = next() % 100 < pattern.write_percent;
    dram.advance_until_room(address, pattern.bytes, write, Dram::kMaxCycle);
    dram.submit({.port = write ? 1U : 0U,
                 .tag = done,
                 .address = address,
                 .bytes = pattern.bytes,
                 .write = write,
                 .cycle = dram.now()});
    address = (address + pattern.bytes) % config.bytes();
    take();
  }
  dram.drain();
  take();
  const double seconds = static_cast<double>(end) / config.asker_khz / 1000;
  return {.gb_s = static_cast<double>(total) / seconds / 1e9,
          .cycles = end,
          .channels = dram.statistics()};
}

}  // namespace sterna::sim
