// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <vector>

#include "rtl/axi/tmu_axi_unit.hpp"

namespace sterna {

/// How a memory answers; drawn from `seed`.
struct AxiTraffic {
  std::uint32_t seed = 1;
  std::uint32_t latency = 1;            // cycles from an address to the first beat, at least
  std::uint32_t extra_latency = 0;      // and up to this many more
  std::uint32_t not_ready_percent = 0;  // cycles in which a channel of the slave is not ready
  std::uint32_t gap_percent = 0;        // cycles in which a beat or an answer waits
};

/// What goes wrong. Index of readers as in TmuAxiUnit.
struct AxiFaults {
  std::vector<std::uint64_t>
      slverr;                 // a beat (read) or a burst (write) that holds one of these bytes
  std::uint8_t response = 2;  // that it has: SLVERR, or 3, DECERR
  std::uint32_t silent_readers = 0;  // bit m: no R beat to reader m, from silent_from on
  bool silent_ar = false;            // nor is an address taken of those
  bool silent_aw = false;
  bool silent_w = false;
  bool silent_b = false;
  std::uint64_t silent_from = 0;  // cycle
};

/// Bytes behind every port of a unit, each port served in order. Addresses outside answer DECERR.
///
/// Protocol  each cycle: drive() sets the unit's inputs, then step() of the unit; a burst that crosses
///           4 KiB, is too long or is not aligned, and a WLAST out of place, are test failures
class AxiMemory {
 public:
  AxiMemory(const TmuAxiParameters& unit, std::uint64_t base, std::size_t bytes);

  void drive(TmuAxiUnit& unit);
  void reset();  // forgets what is under way, keeps the bytes

  [[nodiscard]] std::span<std::uint8_t> at(std::uint64_t address, std::size_t bytes);
  [[nodiscard]] bool holds(std::uint64_t address, std::size_t bytes) const;

  AxiTraffic traffic;
  AxiFaults faults;
  /// The bytes come again and again through all addresses; their number is a power of two and base a
  /// multiple of it.
  bool mirrored = false;
  void reseed(std::uint32_t seed) { random_.seed(seed); }

  // Handshakes so far.
  struct Seen {
    std::uint64_t descriptor_beats = 0;
    std::uint64_t activation_beats = 0;
    std::uint64_t weight_beats = 0;
    std::uint64_t write_beats = 0;
    std::uint64_t ar_stalls = 0;
    std::uint64_t aw_stalls = 0;
    std::uint64_t w_stalls = 0;
  };
  Seen seen;

 private:
  struct Burst {
    std::uint64_t address;
    std::uint32_t beats;
    std::uint32_t done = 0;
    std::uint64_t ready_at;
  };
  struct Reader {
    std::deque<Burst> bursts;
    bool valid = false;
    std::vector<std::uint8_t> data;
    std::uint8_t resp = 0;
    bool last = false;
  };
  struct WriteBeat {
    std::vector<std::uint8_t> data;
    std::vector<bool> strobes;
    bool last;
  };

  [[nodiscard]] std::uint64_t place(std::uint64_t address) const {
    return mirrored ? base_ + address % bytes_.size() : address;
  }
  [[nodiscard]] bool chance(std::uint32_t percent) { return random_() % 100 < percent; }
  [[nodiscard]] std::uint64_t answer_at();
  [[nodiscard]] std::uint8_t response(std::uint64_t address, std::size_t bytes) const;
  void check_burst(std::uint64_t address, std::uint32_t beats, std::size_t beat_bytes) const;
  void drive_reader(TmuAxiUnit& unit, std::uint32_t m);
  void drive_writer(TmuAxiUnit& unit);
  void finish_write();
  [[nodiscard]] std::size_t beat_bytes(std::uint32_t m) const;

  TmuAxiParameters unit_;
  std::uint64_t base_;
  std::vector<std::uint8_t> bytes_;
  std::mt19937 random_;
  std::uint64_t now_ = 0;
  std::vector<Reader> readers_;
  std::deque<Burst> writes_;
  std::deque<WriteBeat> write_beats_;
  struct Answer {
    std::uint8_t resp;
    std::uint64_t ready_at;
  };
  std::deque<Answer> answers_;
  bool b_valid_ = false;
};

}  // namespace sterna
