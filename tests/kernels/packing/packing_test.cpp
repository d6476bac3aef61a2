// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/packing/packed_ternary.hpp"
#include "kernels/packing/trit_stream.hpp"

namespace sterna {
namespace {

Elements<std::uint8_t> as_view(std::span<const std::uint8_t> bytes) {
  return Elements<std::uint8_t>::view(bytes);
}

std::vector<Trit> random_trits(std::size_t count) {
  std::mt19937 rng(7);
  std::uniform_int_distribution<int> trit(-1, 1);
  std::vector<Trit> trits(count);
  for (Trit& t : trits) t = static_cast<Trit>(trit(rng));
  return trits;
}

TEST(PackedTernary, GivesBackWhatWasPackedForEveryWidthAroundABlock) {
  constexpr std::size_t kRows = 37;  // two panels of 16 and a part
  for (const std::size_t cols : {1U, 3U, 4U, 5U, 15U, 16U, 17U, 31U, 32U, 33U, 700U}) {
    const std::vector<Trit> trits = random_trits(kRows * cols);
    const PackedTernary packed(trits, kRows, cols);
    std::vector<Trit> back(cols);
    for (std::size_t r = 0; r < kRows; ++r) {
      packed.unpack_row(r, back);
      EXPECT_TRUE(std::equal(back.begin(), back.end(),
                             trits.begin() + static_cast<std::ptrdiff_t>(r * cols)))
          << cols << " columns, row " << r;
    }
  }
}

// The layout sentence of packed_ternary.hpp, byte by byte: kernels read these bytes directly.
TEST(PackedTernary, InterleavesRowsByQuadsOfColumns) {
  constexpr std::size_t kCols = 17;
  std::vector<Trit> trits(17 * kCols, 0);
  trits[0] = 1;               // row 0, column 0
  trits[4] = -1;              // row 0, column 4: same byte, next bit pair
  trits[15] = 1;              // row 0, column 15: byte 3, last bit pair
  trits[2 * kCols + 9] = -1;  // row 2, column 9: byte 1 of the row's four, third bit pair
  trits[kCols + 16] = 1;      // row 1, column 16: second block
  trits[16 * kCols] = -1;     // row 16: second panel
  const PackedTernary packed(trits, 17, kCols);
  ASSERT_EQ(packed.blocks(), 2U);
  ASSERT_EQ(packed.panels(), 2U);
  ASSERT_EQ(packed.bytes().size(), 256U);
  EXPECT_EQ(packed.bytes()[0], 0b01'01'00'10);
  EXPECT_EQ(packed.bytes()[3], 0b10'01'01'01);
  EXPECT_EQ(packed.bytes()[2 * 4 + 1], 0b01'00'01'01);
  EXPECT_EQ(packed.bytes()[64 + 4], 0b01'01'01'10);
  EXPECT_EQ(packed.bytes()[128], 0b01'01'01'00);
  EXPECT_EQ(packed.bytes()[255], kT2ZeroByte);
}

TEST(PackedTernary, ReadsAMatrixWhereItLies) {
  constexpr std::size_t kRows = 19;
  constexpr std::size_t kCols = 21;
  const std::vector<Trit> trits = random_trits(kRows * kCols);
  const PackedTernary own(trits, kRows, kCols);
  const PackedTernary view = PackedTernary::from_bytes(as_view(own.bytes()), kRows, kCols);
  EXPECT_EQ(view.bytes().data(), own.bytes().data());
  EXPECT_EQ(PackedTernary::packed_bytes(kRows, kCols), own.bytes().size());
  std::vector<Trit> row(kCols);
  view.unpack_row(18, row);
  EXPECT_TRUE(std::equal(row.begin(), row.end(), trits.end() - kCols));
}

TEST(PackedTernary, RefusesAViewOfAnotherSizeOrWithCode3InAnyField) {
  constexpr std::size_t kRows = 40;
  constexpr std::size_t kCols = 1000;
  const PackedTernary own(kRows, kCols);
  std::vector<std::uint8_t> bytes(own.bytes().begin(), own.bytes().end());
  EXPECT_THROW(
      PackedTernary::from_bytes(as_view(std::span(bytes).first(bytes.size() - 1)), kRows, kCols),
      std::invalid_argument);
  for (const std::size_t at : {std::size_t{0}, std::size_t{4095}, bytes.size() - 1}) {
    for (unsigned field = 0; field < 4; ++field) {
      const std::uint8_t before = bytes[at];
      bytes[at] = static_cast<std::uint8_t>(before | 3U << (2 * field));
      EXPECT_THROW(PackedTernary::from_bytes(as_view(bytes), kRows, kCols), std::invalid_argument)
          << at << " " << field;
      bytes[at] = before;
    }
  }
  EXPECT_NO_THROW(PackedTernary::from_bytes(as_view(bytes), kRows, kCols));
}

TEST(PackedTernary, RefusesWhatIsNotATrit) {
  EXPECT_THROW(PackedTernary(std::vector<Trit>{0, 2}, 1, 2), std::invalid_argument);
  EXPECT_THROW(PackedTernary(std::vector<Trit>{0, -2}, 1, 2), std::invalid_argument);
  EXPECT_THROW(PackedTernary(std::vector<Trit>{0, 1, 1}, 1, 2), std::invalid_argument);
  for (int value = -128; value < 128; ++value) {
    const std::vector<Trit> trits(16, static_cast<Trit>(value));
    if (value >= -1 && value <= 1) {
      EXPECT_NO_THROW(PackedTernary(trits, 1, 16)) << value;
    } else {
      EXPECT_THROW(PackedTernary(trits, 1, 16), std::invalid_argument) << value;
    }
  }
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
  for (const std::size_t count : {1U, 4U, 5U, 6U, 7U, 8U, 9U, 79U, 80U, 81U, 256U, 2041U, 5000U}) {
    const std::vector<Trit> trits = random_trits(count);
    std::vector<std::uint8_t> bytes(count + 3);
    std::vector<Trit> back(count + 8);
    EXPECT_EQ(count_nonzeros(trits),
              count - static_cast<std::size_t>(std::count(trits.begin(), trits.end(), 0)));

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

// A matrix of large pages that lands in a variable of its type must not leave them.
TEST(Elements, TakeTheirMemoryAlongWhenTheyAreAssigned) {
  std::pmr::monotonic_buffer_resource arena;
  Elements<float> made(std::pmr::vector<float>({1.0F, 2.0F}, &arena));
  const float* where = made.data();
  Elements<float> kept;
  kept = std::move(made);
  EXPECT_EQ(kept.data(), where);
  EXPECT_EQ(kept.own().get_allocator().resource(), &arena);
}

}  // namespace
}  // namespace sterna
