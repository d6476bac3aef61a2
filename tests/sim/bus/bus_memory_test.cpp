// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/bus_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/bus/bus_designs.hpp"

namespace sterna::sim {
namespace {

/// What happened when at the pins of all readers and of the writer.
struct Handshakes {
  std::vector<std::vector<std::uint64_t>> addresses;  // (readers,) cycles
  std::vector<std::vector<std::uint64_t>> beats;
  std::vector<std::vector<std::uint64_t>> lasts;
  std::vector<std::uint64_t> words;
  std::vector<std::uint64_t> answers;

  friend bool operator==(const Handshakes&, const Handshakes&) = default;
};

/// Masters that always have a next burst, drawn from a seed, until each has asked for `bursts`.
class Traffic {
 public:
  Traffic(const HardwareConfig& hardware, std::uint32_t seed, std::size_t bursts)
      : memory_(hardware),
        random_(seed),
        readers_(hardware.unit.engines + 2),
        burst_beats_(hardware.bus->burst_beats),
        word_bytes_(hardware.bus->result_bits / 8),
        bursts_(bursts),
        addresses_(readers_),
        asked_(readers_) {
    seen_.addresses.resize(readers_);
    seen_.beats.resize(readers_);
    seen_.lasts.resize(readers_);
  }

  /// Goes clock by clock, or over the cycles in which nothing can happen.
  Handshakes run(bool by_clock) {
    for (std::uint64_t cycle = 0; seen_.answers.size() < bursts_ || !all_read();) {
      const bool moved = clock(cycle);
      const std::uint64_t next = memory_.next_change();
      EXPECT_GT(next, cycle);
      cycle = by_clock || moved ? cycle + 1 : next;
      if (cycle > 10'000'000) throw std::runtime_error("the memory hangs");
    }
    return seen_;
  }

 private:
  [[nodiscard]] bool all_read() const {
    return std::all_of(seen_.lasts.begin(), seen_.lasts.end(),
                       [&](const auto& lasts) { return lasts.size() == bursts_; });
  }

  bool clock(std::uint64_t cycle) {
    memory_.advance(cycle);
    for (std::uint32_t r = 0; r < readers_; ++r) {
      if (!addresses_[r].valid && asked_[r] < bursts_) addresses_[r] = next_burst(r);
    }
    bool moved = false;
    const std::uint32_t taken = memory_.take_addresses(addresses_);
    for (std::uint32_t r = 0; r < readers_; ++r) {
      if ((taken >> r & 1U) != 0) {
        addresses_[r].valid = false;
        seen_.addresses[r].push_back(cycle);
        moved = true;
      }
      if (!memory_.has_beat(r)) continue;
      seen_.beats[r].push_back(cycle);
      if (memory_.take_beat(r)) seen_.lasts[r].push_back(cycle);
      moved = true;
    }
    return write(cycle) || moved;
  }

  bool write(std::uint64_t cycle) {
    bool moved = false;
    if (words_left_ == 0 && !has_address_ && sent_ < bursts_) {
      words_left_ = 1 + sent_ % burst_beats_;
      has_address_ = true;
      ++sent_;
    }
    if (words_left_ != 0 && memory_.w_ready()) {
      memory_.take_word(words_left_ == 1);
      seen_.words.push_back(cycle);
      moved = true;
      --words_left_;
    }
    if (has_address_ && memory_.aw_ready()) {
      memory_.take_write_address(sent_ * burst_beats_ * word_bytes_,
                                 1 + (sent_ - 1) % burst_beats_);
      has_address_ = false;
      moved = true;
    }
    if (memory_.has_answer()) {
      memory_.take_answer();
      seen_.answers.push_back(cycle);
      moved = true;
    }
    return moved;
  }

  BusMemory::Address next_burst(std::uint32_t reader) {
    ++asked_[reader];
    const std::uint64_t block = random_() % 4096;
    return {.valid = true,
            .address = block * burst_beats_ * 128,
            .beats = 1 + static_cast<std::uint32_t>(random_() % burst_beats_)};
  }

  BusMemory memory_;
  std::mt19937 random_;
  std::uint32_t readers_;
  std::uint32_t burst_beats_;
  std::uint32_t word_bytes_;
  std::size_t bursts_;
  std::vector<BusMemory::Address> addresses_;
  std::vector<std::size_t> asked_;
  std::uint32_t sent_ = 0;
  std::uint32_t words_left_ = 0;
  bool has_address_ = false;
  Handshakes seen_;
};

HardwareConfig on_part(const BusDesign& design, const DramPart& part) {
  HardwareConfig hardware = on_ideal_memory(design);
  hardware.bus->dram = default_dram(part, hardware.bus->dram.asker_khz);
  hardware.bus->dram.queue_depth = 4;
  hardware.bus->latency_ns = 7;
  return hardware;
}

TEST(BusMemory, GivesTheSameHandshakesClockByClockAndFromChangeToChange) {
  std::uint32_t seed = 1;
  for (const BusDesign& design : kBusDesigns) {
    for (const DramPart& part : dram_parts()) {
      const HardwareConfig hardware = on_part(design, part);
      const Handshakes by_clock = Traffic(hardware, seed, 40).run(true);
      EXPECT_EQ(Traffic(hardware, seed, 40).run(false), by_clock) << part.name;
      ++seed;
    }
  }
}

TEST(BusMemory, AnswersEveryBeatOnceAndAtMostOneAReaderAndCycle) {
  const Handshakes seen = Traffic(on_part(kBusDesigns[0], dram_parts()[1]), 3, 60).run(true);
  for (std::size_t r = 0; r < seen.beats.size(); ++r) {
    EXPECT_EQ(seen.addresses[r].size(), 60U);
    EXPECT_EQ(seen.lasts[r].size(), 60U);
    EXPECT_TRUE(std::is_sorted(seen.beats[r].begin(), seen.beats[r].end()));
    EXPECT_EQ(std::adjacent_find(seen.beats[r].begin(), seen.beats[r].end()), seen.beats[r].end());
    EXPECT_GE(seen.beats[r].front(), seen.addresses[r].front() + 7);
  }
}

// A beat of 128 bytes is put together from accesses of 32, over two channels.
TEST(BusMemory, GivesAWideBeatWhenItsLastAccessIsThere) {
  BusDesign wide = kBusDesigns[2];
  wide.unit.lanes = 640;
  HardwareConfig hardware = on_part(wide, find_dram_part("LPDDR4X-4266"));
  hardware.bus->dram.channels = 2;
  BusMemory memory(hardware);
  Dram dram(hardware.bus->dram, 1);
  constexpr std::uint32_t kBeats = 8;
  memory.advance(5);
  std::vector<BusMemory::Address> addresses(memory.readers());
  addresses[0] = {.valid = true, .address = 4096, .beats = kBeats};
  ASSERT_EQ(memory.take_addresses(addresses), 1U);
  dram.submit(
      {.port = 0, .tag = 0, .address = 4096, .bytes = kBeats * 128, .write = false, .cycle = 5});
  dram.drain();
  std::uint64_t cycle = 5;
  for (std::uint32_t beat = 0; beat < kBeats; ++beat) {
    std::uint64_t there = 0;
    for (int i = 0; i < 4; ++i, dram.take_arrival(0)) there = dram.arrival(0).cycle;
    const std::uint64_t expected = std::max(there + 7, cycle + 1);
    while (!memory.has_beat(0)) memory.advance(++cycle);
    EXPECT_EQ(cycle, expected) << "beat " << beat;
    EXPECT_EQ(memory.take_beat(0), beat + 1 == kBeats);
  }
}

// A queue of one access is always full: who comes first would win every time if turns were not taken.
TEST(BusMemory, ServesTheReadersInTurnWhenTheQueueIsFull) {
  HardwareConfig hardware = on_part(kBusDesigns[2], dram_parts()[0]);
  hardware.bus->dram.queue_depth = 1;
  const Handshakes seen = Traffic(hardware, 5, 30).run(true);
  std::vector<std::uint64_t> ends;
  for (const auto& addresses : seen.addresses) ends.push_back(addresses[14]);
  const auto [first, last] = std::minmax_element(ends.begin(), ends.end());
  EXPECT_LT(*last, *first + *first / 3) << "half-way, no reader is far behind";
}

TEST(BusMemory, TakesAWriteInTheCycleAfterItsLastWordAndAnswersAfterTheInterconnect) {
  HardwareConfig hardware = on_ideal_memory(kBusDesigns[0]);
  hardware.bus->latency_ns = 5;
  BusMemory memory(hardware);
  memory.advance(10);
  memory.take_write_address(4096, 2);
  memory.take_word(false);
  EXPECT_FALSE(memory.aw_ready());
  EXPECT_TRUE(memory.w_ready());
  memory.advance(11);
  memory.take_word(true);
  EXPECT_FALSE(memory.w_ready());
  memory.advance(12);
  EXPECT_TRUE(memory.aw_ready());
  EXPECT_TRUE(memory.w_ready());
  EXPECT_EQ(memory.dram().statistics().at(0).write_bytes, 64U);
  memory.advance(16);
  EXPECT_FALSE(memory.has_answer());
  EXPECT_EQ(memory.next_change(), 17U);
  memory.advance(17);
  EXPECT_TRUE(memory.has_answer());
}

}  // namespace
}  // namespace sterna::sim
