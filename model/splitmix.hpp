// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sterna {

/// SplitMix64: 64 random bits a call, the same everywhere for a seed, any seed good.
///
/// Source  Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014)
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  /// A number in [0, 1) with 53 random bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace sterna
