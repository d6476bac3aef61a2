// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/packed_ternary.hpp"
#include "kernels/trit_stream.hpp"

namespace sterna {
namespace {

std::vector<Trit> random_trits(std::size_t count) {
  std::mt19937 rng(7);
  std::uniform_int_distribution<int> trit(-1, 1);
  std::vector<Trit> trits(count);
  for (Trit& t : trits) t = static_cast<Trit>(trit(rng));
  return trits;
}

TEST(PackedTernary, GivesBackWhatWasPackedForEveryWidthAroundABlock) {
  for (const std::size_t cols : {1U, 63U, 64U, 65U, 255U, 256U, 257U, 700U}) {
    const std::vector<Trit> trits = random_trits(3 * cols);
    const PackedTernary packed(trits, 3, cols);
    std::vector<Trit> back(cols);
    for (std::size_t r = 0; r < 3; ++r) {
      packed.unpack_row(r, back);
      EXPECT_TRUE(std::equal(back.begin(), back.end(),
                             trits.begin() + static_cast<std::ptrdiff_t>(r * cols)))
          << cols << " columns, row " << r;
    }
  }
}

// The layout sentence of packed_ternary.hpp, byte by byte: kernels read these bytes directly.
TEST(PackedTernary, PutsColumnCInByteCMod64AtBitTwiceCOver64) {
  std::vector<Trit> trits(300, 0);
  trits[0] = 1;
  trits[64] = -1;
  trits[255] = 1;
  trits[257] = -1;
  const PackedTernary packed(trits, 1, 300);
  ASSERT_EQ(packed.row_bytes(), 128U);
  EXPECT_EQ(packed.bytes()[0], 0b01'01'00'10);
  EXPECT_EQ(packed.bytes()[63], 0b10'01'01'01);
  EXPECT_EQ(packed.bytes()[64 + 1], 0b01'01'01'00);
  EXPECT_EQ(packed.bytes()[127], kT2ZeroByte);
}

TEST(PackedTernary, RefusesWhatIsNotATrit) {
  EXPECT_THROW(PackedTernary(std::vector<Trit>{0, 2}, 1, 2), std::invalid_argument);
  EXPECT_THROW(PackedTernary(std::vector<Trit>{0, -2}, 1, 2), std::invalid_argument);
  EXPECT_THROW(PackedTernary(std::vector<Trit>{0, 1, 1}, 1, 2), std::invalid_argument);
}

TEST(TritStream, T5CoversAll243CodesAndIllegalBytesDecodeToZero) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::vector<std::uint8_t> bytes = {static_cast<std::uint8_t>(byte)};
    std::vector<Trit> trits(5);
    decode_t5(bytes, trits);
    int value = 0;
    for (std::size_t j = 5; j-- > 0;) value = value * 3 + trits[j] + 1;
    EXPECT_EQ(value, byte < 243 ? static_cast<int>(byte) : kT5ZeroByte);
  }
}

TEST(TritStream, GivesBackWhatWasEncodedAndPadsWithZeros) {
  for (const std::size_t count : {1U, 4U, 5U, 6U, 79U, 80U, 81U, 256U}) {
    const std::vector<Trit> trits = random_trits(count);
    std::vector<std::uint8_t> bytes(count + 3);
    std::vector<Trit> back(count + 8);

    encode_t5(trits, bytes);
    decode_t5(std::span(bytes).first(t5_bytes(back.size())), back);
    EXPECT_TRUE(std::equal(trits.begin(), trits.end(), back.begin()));
    EXPECT_EQ(std::count(back.begin() + static_cast<std::ptrdiff_t>(count), back.end(), 0), 8);
    EXPECT_EQ(bytes.back(), kT5ZeroByte);

    encode_t2(trits, bytes);
    decode_t2(std::span(bytes).first(t2_bytes(back.size())), back);
    EXPECT_TRUE(std::equal(trits.begin(), trits.end(), back.begin()));
    EXPECT_EQ(std::count(back.begin() + static_cast<std::ptrdiff_t>(count), back.end(), 0), 8);
    EXPECT_EQ(bytes.back(), kT2ZeroByte);
  }
}

TEST(TritStream, T2PutsTheFirstTritInTheLowestBits) {
  const std::vector<Trit> trits = {1, -1, 0, 1};
  std::vector<std::uint8_t> bytes(1);
  encode_t2(trits, bytes);
  EXPECT_EQ(bytes[0], 0b10'01'00'10);
}

}  // namespace
}  // namespace sterna
