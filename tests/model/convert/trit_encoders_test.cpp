// SPDX-License-Identifier: Apache-2.0
#include "model/convert/trit_encoders.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/formats/float_formats.hpp"
#include "model/formats/trit_count.hpp"

namespace sterna {
namespace {

// One row of codes (i * i + i / 7) mod 3, whose bytes are known in every format.
TernaryLinear known_row() {
  std::vector<Trit> trits(256);
  for (std::size_t i = 0; i < trits.size(); ++i) {
    trits[i] = static_cast<Trit>(static_cast<int>((i * i + i / 7) % 3) - 1);
  }
  return {.trits = PackedTernary(trits, 1, 256), .scale = 1.5F};
}

std::string hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

TEST(TritEncoders, WriteTheKnownBytesOfTq1) {
  ThreadPool pool(1);
  const auto bytes = encode_trits(known_row(), TritForm::Tq1, pool);
  ASSERT_EQ(bytes.size(), 54U);
  EXPECT_EQ(hex(std::span(bytes).first(52)),
            "4782901198581cf8b76bc2d685b033c80953e723414782901198581cf8b76bc2"
            "e429ee3d35f70d501567a805705c22e38fc1e756");
  EXPECT_EQ(hex(std::span(bytes).last(2)), "003e");  // 1.5 in float16
}

TEST(TritEncoders, WriteTheKnownBytesOfTq2) {
  ThreadPool pool(1);
  const auto bytes = encode_trits(known_row(), TritForm::Tq2, pool);
  ASSERT_EQ(bytes.size(), 66U);
  EXPECT_EQ(hex(std::span(bytes).first(64)),
            "589509901901a02a122162562542640680a84a8488589509901901a02a122162"
            "09901901a02a122162562542640680a84a8488589509901901a02a1221625625");
}

TEST(TritEncoders, WriteTheKnownBytesOfI2sAndTheScaleAfterThem) {
  ThreadPool pool(1);
  const auto bytes = encode_trits(known_row(), TritForm::I2s, pool);
  ASSERT_EQ(bytes.size(), 64U + 32U);
  EXPECT_EQ(hex(std::span(bytes).first(64)),
            "2556600664400aa88448899558811990022aa112222556600664400aa8844889"
            "600664400aa88448899558811990022aa112222556600664400aa88448899558");
  float scale;
  std::memcpy(&scale, bytes.data() + 64, sizeof scale);
  EXPECT_EQ(scale, 1.5F);
}

TEST(TritEncoders, WriteTheKnownQuartersAndPadRowsThatAreNoWholeQuarter) {
  // Codes of 8 rows of 4 columns.
  const std::vector<int> codes = {0, 1, 1, 0, 1, 1, 0, 2, 2, 1, 2, 2, 1, 2, 0, 2,
                                  0, 0, 2, 0, 0, 0, 1, 1, 0, 1, 1, 0, 2, 2, 1, 2};
  std::vector<Trit> trits;
  for (const int code : codes) trits.push_back(static_cast<Trit>(code - 1));
  ThreadPool pool(2);
  const TernaryLinear whole{.trits = PackedTernary(trits, 8, 4), .scale = 1.0F};
  EXPECT_EQ(hex(encode_trits(whole, TritForm::Quarters, pool)), "084569088589509a");
  trits.resize(5 * 4);
  const TernaryLinear part{.trits = PackedTernary(trits, 5, 4), .scale = 1.0F};
  EXPECT_EQ(encode_trits(part, TritForm::Quarters, pool).size(), 2U * 4U);
}

TEST(TritEncoders, ZeroWeightsHaveTheBytesOfTheReference) {
  ThreadPool pool(1);
  const TernaryLinear zeros{.trits = PackedTernary(1, 256), .scale = 1.0F};
  const auto tq1 = encode_trits(zeros, TritForm::Tq1, pool);
  const auto tq2 = encode_trits(zeros, TritForm::Tq2, pool);
  const auto i2s = encode_trits(zeros, TritForm::I2s, pool);
  EXPECT_EQ(hex(std::span(tq1).subspan(47, 3)), "807f7f");
  EXPECT_EQ(hex(std::span(tq2).first(2)), "5555");
  EXPECT_EQ(hex(std::span(i2s).first(2)), "5555");
}

TEST(TritCount, CountsZerosOfEveryFormAndCodesThatAreNone) {
  ThreadPool pool(1);
  const TernaryLinear row = known_row();
  std::vector<Trit> trits(256);
  row.trits.unpack_row(0, trits);
  const auto want = static_cast<std::uint64_t>(std::count(trits.begin(), trits.end(), 0));
  const auto i2s = encode_trits(row, TritForm::I2s, pool);
  EXPECT_EQ(count_two_bit(std::span(i2s).first(64)), (TritCount{want, 0}));
  const BlockCount tq2 = count_tq2(encode_trits(row, TritForm::Tq2, pool));
  EXPECT_EQ(tq2.trits, (TritCount{want, 0}));
  EXPECT_EQ(tq2.scale_bits, to_float16(1.5F));
  EXPECT_EQ(count_tq1(encode_trits(row, TritForm::Tq1, pool)).trits, (TritCount{want, 0}));

  // Longer than the counters of a step hold, and no whole number of words.
  const std::vector<std::byte> ones(63 * 8 * 3 + 5, std::byte{0x55});
  EXPECT_EQ(count_two_bit(ones), (TritCount{ones.size() * 4, 0}));
  const std::vector<std::byte> bad(63 * 8 + 7, std::byte{0xFF});
  EXPECT_EQ(count_two_bit(bad), (TritCount{0, bad.size() * 4}));
}

TEST(TritCount, ABlockWithScale0IsAllZerosAndScalesAreCompared) {
  ThreadPool pool(1);
  auto bytes = encode_trits(known_row(), TritForm::Tq2, pool);
  const auto one = bytes;
  bytes.insert(bytes.end(), one.begin(), one.end());
  EXPECT_TRUE(count_tq2(bytes).has_one_scale);
  bytes[65] = std::byte{0x3C};
  EXPECT_FALSE(count_tq2(bytes).has_one_scale);
  bytes[64] = bytes[65] = std::byte{0};
  EXPECT_TRUE(count_tq2(bytes).has_one_scale);
  EXPECT_EQ(count_tq2(bytes).trits.zeros, 256 + count_tq2(one).trits.zeros);
}

TEST(FloatFormats, RoundToNearestEvenAndBack) {
  for (std::uint32_t bits = 0; bits < 0x7C00; ++bits) {
    const float value = from_float16(static_cast<std::uint16_t>(bits));
    ASSERT_EQ(to_float16(value), bits);
    ASSERT_EQ(to_float16(-value), bits | 0x8000U);
    // Half-way to the next: the even one of the two.
    const float next = from_float16(static_cast<std::uint16_t>(bits + 1));
    if (bits + 1 < 0x7C00) {
      ASSERT_EQ(to_float16((value + next) / 2), bits + (bits & 1U));
    }
  }
  EXPECT_EQ(to_float16(65519.9F), 0x7BFFU);
  EXPECT_EQ(to_float16(65520.0F), 0x7C00U);
  EXPECT_EQ(to_bfloat16(1.00390625F), 0x3F80U);  // 1 + 2^-8: a tie, down to even
  EXPECT_EQ(to_bfloat16(1.01171875F), 0x3F82U);  // 1 + 3 * 2^-8: a tie, up to even
  EXPECT_FALSE(is_bfloat16(1.00390625F));
  EXPECT_TRUE(is_float16(1.0009765625F));
}

}  // namespace
}  // namespace sterna
