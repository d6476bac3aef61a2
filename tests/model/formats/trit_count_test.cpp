// SPDX-License-Identifier: Apache-2.0
#include "model/formats/trit_count.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "model/formats/gguf/blocks.hpp"

namespace sterna {
namespace {

std::vector<std::byte> random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng());
  return bytes;
}

// Sums are kept in bytes for 63 words of 8 bytes: lengths around that, and rests of less than a word.
TEST(TritCount, CountsTwoBitCodesOfAnyLength) {
  const std::vector<std::byte> bytes = random_bytes(1100, 1);
  const std::vector<std::byte> zeros(1100, std::byte{0x55});
  const std::vector<std::byte> bad(1100, std::byte{0xFF});
  TritCount expected{0, 0};
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(count_two_bit(std::span(bytes).first(length)), expected) << length;
    EXPECT_EQ(count_two_bit(std::span(zeros).first(length)), (TritCount{4 * length, 0}));
    EXPECT_EQ(count_two_bit(std::span(bad).first(length)), (TritCount{0, 4 * length}));
    for (unsigned shift = 0; shift < 8; shift += 2) {
      const unsigned code = std::to_integer<unsigned>(bytes[length]) >> shift & 3U;
      expected.zeros += code == 1 ? 1 : 0;
      expected.bad += code == 3 ? 1 : 0;
    }
  }
}

// Whatever the bytes of TQ1_0 are, also those that no program writes.
TEST(TritCount, CountsTheZerosOfTq1ThatAReaderReads) {
  constexpr std::size_t kBlock = 54;
  constexpr std::size_t kRows = 16;
  std::vector<std::byte> bytes = random_bytes(kRows * kBlock, 2);
  const std::uint16_t one = 0x3C00;
  for (std::size_t row = 0; row < kRows; ++row) {
    std::memcpy(bytes.data() + (row + 1) * kBlock - sizeof one, &one, sizeof one);
  }
  ThreadPool pool(1);
  const TernaryLinear linear = read_ternary(
      {.type = GgufType::Tq1_0, .dims = {256, kRows}, .bytes = bytes}, I2sLayout::X86,
      [](std::size_t r) { return r; }, std::pmr::get_default_resource(), pool);
  std::uint64_t zeros = 0;
  std::vector<Trit> row(256);
  for (std::size_t r = 0; r < kRows; ++r) {
    linear.trits.unpack_row(r, row);
    zeros += static_cast<std::uint64_t>(std::count(row.begin(), row.end(), Trit{0}));
  }
  const BlockCount count = count_tq1(bytes);
  EXPECT_EQ(count.trits, (TritCount{zeros, 0}));
  EXPECT_EQ(count.scale_bits, one);
  EXPECT_TRUE(count.has_one_scale);
}

TEST(TritCount, TellsBlocksOfOtherScalesFromThoseOfNone) {
  std::vector<std::byte> bytes(3 * 66, std::byte{0});  // codes 0: no trit is zero but by its scale
  const auto set_scale = [&](std::size_t block, std::uint16_t bits) {
    std::memcpy(bytes.data() + (block + 1) * 66 - sizeof bits, &bits, sizeof bits);
  };
  set_scale(1, 0x3C00);
  set_scale(2, 0x3C00);
  const BlockCount same = count_tq2(bytes);
  EXPECT_EQ(same.trits, (TritCount{256, 0}));
  EXPECT_EQ(same.scale_bits, 0x3C00);
  EXPECT_TRUE(same.has_one_scale);
  set_scale(2, 0x3C01);
  EXPECT_FALSE(count_tq2(bytes).has_one_scale);
}

}  // namespace
}  // namespace sterna
