// SPDX-License-Identifier: Apache-2.0
#include "kernels/packing/trit_stream.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace sterna {
namespace {

constexpr unsigned kT5Codes = 243;  // 3^5

/// Eight trits as the bytes of a word, the first lowest.
using TritWord = std::uint64_t;
constexpr std::size_t kWordTrits = sizeof(TritWord);
constexpr TritWord kOnes = 0x0101010101010101U;
constexpr TritWord kTops = 0x8080808080808080U;

// The five trits of a byte in the low bytes of a word; the three above are zero.
constexpr std::array<TritWord, 256> make_t5_table() {
  std::array<TritWord, 256> table{};  // bytes 243..255 stay zero
  for (unsigned byte = 0; byte < kT5Codes; ++byte) {
    unsigned rest = byte;
    for (unsigned j = 0; j < kT5TritsPerByte; ++j, rest /= 3) {
      table[byte] |= TritWord{static_cast<std::uint8_t>(static_cast<int>(rest % 3) - 1)} << 8 * j;
    }
  }
  return table;
}

constexpr std::array<TritWord, 256> kT5Table = make_t5_table();

// Of the five trits in the low bytes. Byte 4 of the product is sum (trit_j + 1) * 3^j; the bytes below it stay
// below 2 * (81 + 27 + 9 + 3) < 256, so none carries into it.
std::uint8_t t5_code(TritWord trits) {
  constexpr TritWord kPowers = 81U | 27U << 8 | 9U << 16 | 3U << 24 | TritWord{1} << 32;
  const TritWord plus_one = ((trits & ~kTops) + kOnes) ^ (trits & kTops);
  return static_cast<std::uint8_t>(plus_one * kPowers >> 32);
}

// Bytes of t5 whose trits can be read and written as a word, with those of the next three trits: fewer than
// eight trits are left to the others.
constexpr std::size_t whole_words(std::size_t trits) {
  return trits < kWordTrits ? 0 : (trits - kWordTrits) / kT5TritsPerByte + 1;
}

}  // namespace

void encode_t5(std::span<const Trit> trits, std::span<std::uint8_t> bytes) {
  const std::size_t whole = whole_words(trits.size());
  for (std::size_t b = 0; b < whole; ++b) {
    TritWord word = 0;
    std::memcpy(&word, trits.data() + b * kT5TritsPerByte, kWordTrits);
    bytes[b] = t5_code(word);
  }
  const std::size_t used = t5_bytes(trits.size());
  for (std::size_t b = whole; b < used; ++b) {
    TritWord word = 0;  // a missing trit counts as zero
    std::memcpy(&word, trits.data() + b * kT5TritsPerByte, trits.size() - b * kT5TritsPerByte);
    bytes[b] = t5_code(word);
  }
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end(), kT5ZeroByte);
}

void encode_t2(std::span<const Trit> trits, std::span<std::uint8_t> bytes) {
  std::fill(bytes.begin(), bytes.end(), kT2ZeroByte);
  for (std::size_t i = 0; i < trits.size(); i += kT2TritsPerByte) {
    const std::size_t count = std::min<std::size_t>(kT2TritsPerByte, trits.size() - i);
    int code = kT2ZeroByte;
    for (std::size_t j = 0; j < count; ++j) code += trits[i + j] * (1 << (kT2Bits * j));
    bytes[i / kT2TritsPerByte] = static_cast<std::uint8_t>(code);
  }
}

void decode_t5(std::span<const std::uint8_t> bytes, std::span<Trit> trits) {
  const std::size_t whole = whole_words(trits.size());
  for (std::size_t b = 0; b < whole; ++b) {
    std::memcpy(trits.data() + b * kT5TritsPerByte, &kT5Table[bytes[b]], kWordTrits);
  }
  for (std::size_t b = whole; b < t5_bytes(trits.size()); ++b) {
    const std::size_t left = trits.size() - b * kT5TritsPerByte;
    std::memcpy(trits.data() + b * kT5TritsPerByte, &kT5Table[bytes[b]],
                std::min<std::size_t>(left, kT5TritsPerByte));
  }
}

void decode_t2(std::span<const std::uint8_t> bytes, std::span<Trit> trits) {
  constexpr std::array<Trit, 4> kTrits = {-1, 0, 1, 0};
  for (std::size_t i = 0; i < trits.size(); ++i) {
    const auto shift = static_cast<unsigned>(kT2Bits * (i % kT2TritsPerByte));
    trits[i] = kTrits[(bytes[i / kT2TritsPerByte] >> shift) & 3U];
  }
}

// -1 and 1 are odd. Up to 255 words are added byte by byte before any byte overflows.
std::size_t count_nonzeros(std::span<const Trit> trits) {
  constexpr std::size_t kRun = 255 * kWordTrits;
  constexpr TritWord kEvenBytes = 0x00FF00FF00FF00FFU;
  std::size_t count = 0;
  std::size_t i = 0;
  while (i + kWordTrits <= trits.size()) {
    TritWord sums = 0;
    const std::size_t end = std::min(i + kRun, trits.size() - kWordTrits + 1);
    for (; i < end; i += kWordTrits) {
      TritWord word = 0;
      std::memcpy(&word, trits.data() + i, kWordTrits);
      sums += word & kOnes;
    }
    const TritWord pairs = (sums & kEvenBytes) + (sums >> 8 & kEvenBytes);
    count += pairs * 0x0001000100010001U >> 48;
  }
  for (; i < trits.size(); ++i) count += trits[i] != 0 ? 1 : 0;
  return count;
}

}  // namespace sterna
