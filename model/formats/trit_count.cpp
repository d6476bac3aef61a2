// SPDX-License-Identifier: Apache-2.0
#include "model/formats/trit_count.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace sterna {
namespace {

constexpr std::uint64_t kLowBits = 0x5555555555555555U;

// Bits set in the low bit of each two-bit field, added up by bytes: 0 to 4 each.
std::uint64_t count_fields(std::uint64_t x) {
  constexpr std::uint64_t kPairs = 0x3333333333333333U;
  const std::uint64_t pairs = (x & kPairs) + (x >> 2U & kPairs);
  return (pairs + (pairs >> 4U)) & 0x0F0F0F0F0F0F0F0FU;
}

// Sum of eight bytes.
std::uint64_t sum_bytes(std::uint64_t bytes) {
  constexpr std::uint64_t kEven = 0x00FF00FF00FF00FFU;
  const std::uint64_t words = (bytes & kEven) + (bytes >> 8U & kEven);
  return words * 0x0001000100010001U >> 48U;
}

// At most 63 words: a byte of the sums holds 4 of each.
TritCount count_words(const std::byte* bytes, std::size_t words) {
  std::uint64_t zeros = 0;
  std::uint64_t bad = 0;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint64_t w = 0;
    std::memcpy(&w, bytes + i * sizeof w, sizeof w);
    zeros += count_fields(w & ~(w >> 1U) & kLowBits);
    bad += count_fields(w & (w >> 1U) & kLowBits);
  }
  return {sum_bytes(zeros), sum_bytes(bad)};
}

// Zero trits of a byte of base-3 digits: `digits` of them, the first most significant.
constexpr std::array<std::uint8_t, 256> zeros_of_base_3(unsigned digits) {
  std::array<std::uint8_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned fraction = byte;
    for (unsigned n = 0; n < digits; ++n) {
      table[byte] = static_cast<std::uint8_t>(table[byte] + ((fraction * 3 >> 8) == 1 ? 1 : 0));
      fraction = fraction * 3 & 0xFFU;
    }
  }
  return table;
}
constexpr std::array<std::uint8_t, 256> kZerosOf5 = zeros_of_base_3(5);
constexpr std::array<std::uint8_t, 256> kZerosOf4 = zeros_of_base_3(4);

constexpr std::size_t kBlockTrits = 256;

template <typename CountCodes>
BlockCount count_blocks(std::span<const std::byte> bytes, std::size_t code_bytes,
                        const CountCodes& count_codes) {
  BlockCount count{.trits = {0, 0}, .scale_bits = 0, .has_one_scale = true};
  const std::size_t block = code_bytes + sizeof(std::uint16_t);
  for (std::size_t at = 0; at + block <= bytes.size(); at += block) {
    std::uint16_t scale = 0;
    std::memcpy(&scale, bytes.data() + at + code_bytes, sizeof scale);
    if ((scale & 0x7FFFU) == 0) {
      count.trits.zeros += kBlockTrits;
      continue;
    }
    if (count.scale_bits == 0) count.scale_bits = scale;
    count.has_one_scale = count.has_one_scale && scale == count.scale_bits;
    count.trits = count.trits + count_codes(bytes.data() + at);
  }
  return count;
}

}  // namespace

TritCount count_two_bit(std::span<const std::byte> bytes) {
  constexpr std::size_t kStep = 63;
  const std::size_t words = bytes.size() / sizeof(std::uint64_t);
  TritCount count{0, 0};
  for (std::size_t i = 0; i < words; i += kStep) {
    count =
        count + count_words(bytes.data() + i * sizeof(std::uint64_t), std::min(kStep, words - i));
  }
  const auto rest = bytes.subspan(words * sizeof(std::uint64_t));
  std::array<std::byte, sizeof(std::uint64_t)> last{};  // code 0, which counts as neither
  std::copy(rest.begin(), rest.end(), last.begin());
  return count + count_words(last.data(), 1);
}

BlockCount count_tq2(std::span<const std::byte> bytes) {
  constexpr std::size_t kWords = 8;
  return count_blocks(bytes, kWords * sizeof(std::uint64_t),
                      [](const std::byte* codes) { return count_words(codes, kWords); });
}

BlockCount count_tq1(std::span<const std::byte> bytes) {
  return count_blocks(bytes, 52, [](const std::byte* codes) {
    std::uint64_t zeros = 0;
    for (std::size_t i = 0; i < 48; ++i)
      zeros += kZerosOf5[std::to_integer<std::uint8_t>(codes[i])];
    for (std::size_t i = 48; i < 52; ++i) {
      zeros += kZerosOf4[std::to_integer<std::uint8_t>(codes[i])];
    }
    return TritCount{zeros, 0};
  });
}

}  // namespace sterna
