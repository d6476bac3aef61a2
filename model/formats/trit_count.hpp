// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sterna {

/// What was found among packed trits.
struct TritCount {
  std::uint64_t zeros;  // trits of 0
  std::uint64_t bad;    // codes that are no trit

  friend TritCount operator+(TritCount a, TritCount b) {
    return {a.zeros + b.zeros, a.bad + b.bad};
  }
  friend bool operator==(TritCount, TritCount) = default;
};

/// Counts two-bit codes (the trit plus one), four a byte, in any order: Hugging Face's packed weights,
/// I2_S without its scale, panels.
[[nodiscard]] TritCount count_two_bit(std::span<const std::byte> bytes);

/// Counts the trits of whole blocks of ggml's TQ2_0 (66 bytes) and TQ1_0 (54 bytes); all trits of a block
/// whose scale is 0 are zeros. `scale_bits` is the float16 scale that all other blocks share.
struct BlockCount {
  TritCount trits;
  std::uint16_t scale_bits;  // of the first block whose scale is not 0; 0 when there is none
  bool has_one_scale;
};
[[nodiscard]] BlockCount count_tq2(std::span<const std::byte> bytes);
[[nodiscard]] BlockCount count_tq1(std::span<const std::byte> bytes);

}  // namespace sterna
