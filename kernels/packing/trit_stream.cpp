// SPDX-License-Identifier: Apache-2.0
#include "kernels/packing/trit_stream.hpp"

#include <algorithm>
#include <array>

namespace sterna {
namespace {

using FiveTrits = std::array<Trit, kT5TritsPerByte>;

constexpr unsigned kT5Codes = 243;  // 3^5

constexpr std::array<FiveTrits, 256> make_t5_table() {
  std::array<FiveTrits, 256> table{};  // bytes 243..255 stay zero
  for (unsigned byte = 0; byte < kT5Codes; ++byte) {
    unsigned rest = byte;
    for (Trit& trit : table[byte]) {
      trit = static_cast<Trit>(static_cast<int>(rest % 3) - 1);
      rest /= 3;
    }
  }
  return table;
}

constexpr std::array<FiveTrits, 256> kT5Table = make_t5_table();

}  // namespace

void encode_t5(std::span<const Trit> trits, std::span<std::uint8_t> bytes) {
  std::fill(bytes.begin(), bytes.end(), kT5ZeroByte);
  for (std::size_t i = 0; i < trits.size(); i += kT5TritsPerByte) {
    const std::size_t count = std::min<std::size_t>(kT5TritsPerByte, trits.size() - i);
    int code = kT5ZeroByte;  // a missing trit counts as zero
    int weight = 1;
    for (std::size_t j = 0; j < count; ++j, weight *= 3) code += trits[i + j] * weight;
    bytes[i / kT5TritsPerByte] = static_cast<std::uint8_t>(code);
  }
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
  for (std::size_t i = 0; i < trits.size(); i += kT5TritsPerByte) {
    const FiveTrits& five = kT5Table[bytes[i / kT5TritsPerByte]];
    const std::size_t count = std::min<std::size_t>(kT5TritsPerByte, trits.size() - i);
    std::copy_n(five.begin(), count, trits.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void decode_t2(std::span<const std::uint8_t> bytes, std::span<Trit> trits) {
  constexpr std::array<Trit, 4> kTrits = {-1, 0, 1, 0};
  for (std::size_t i = 0; i < trits.size(); ++i) {
    const auto shift = static_cast<unsigned>(kT2Bits * (i % kT2TritsPerByte));
    trits[i] = kTrits[(bytes[i / kT2TritsPerByte] >> shift) & 3U];
  }
}

}  // namespace sterna
