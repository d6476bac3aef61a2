// SPDX-License-Identifier: Apache-2.0
#include "kernels/packing/two_plane_int8.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/packing/packed_int8.hpp"

namespace sterna {
namespace {

Elements<std::uint8_t> as_view(std::span<const std::uint8_t> bytes) {
  return Elements<std::uint8_t>::view(bytes);
}

std::vector<std::int8_t> random_bytes(std::size_t count) {
  static std::mt19937 rng(20261122);
  std::uniform_int_distribution<int> value(-128, 127);
  std::vector<std::int8_t> bytes(count);
  for (std::int8_t& byte : bytes) byte = static_cast<std::int8_t>(value(rng));
  return bytes;
}

std::span<const std::int8_t> row_of(const std::vector<std::int8_t>& w, std::size_t row,
                                    std::size_t cols) {
  return std::span(w).subspan(row * cols, cols);
}

TEST(TwoPlaneInt8, GivesBackEveryRowInAnyOrderOfSetting) {
  for (const std::size_t rows : {1U, 15U, 16U, 17U, 33U}) {
    for (const std::size_t cols : {1U, 4U, 15U, 16U, 17U, 63U, 64U, 65U, 200U}) {
      const std::vector<std::int8_t> w = random_bytes(rows * cols);
      TwoPlaneInt8 planes(rows, cols);
      for (std::size_t r = rows; r-- > 0;) planes.set_row(r, random_bytes(cols));
      for (std::size_t r = 0; r < rows; ++r) planes.set_row(r, row_of(w, r, cols));
      std::vector<std::int8_t> back(cols);
      for (std::size_t r = 0; r < rows; ++r) {
        planes.unpack_row(r, back);
        ASSERT_TRUE(std::ranges::equal(back, row_of(w, r, cols))) << rows << " x " << cols;
      }
    }
  }
}

TEST(TwoPlaneInt8, StartsWithZeroWeights) {
  const TwoPlaneInt8 planes(17, 33);
  std::vector<std::int8_t> row(33);
  for (const std::size_t r : {0U, 15U, 16U}) {
    planes.unpack_row(r, row);
    EXPECT_EQ(row, std::vector<std::int8_t>(33)) << r;
  }
}

TEST(TwoPlaneInt8, UnpacksPanelsAsPackedInt8LaysThemOut) {
  for (const std::size_t cols : {1U, 16U, 17U, 80U}) {
    constexpr std::size_t kRows = 35;
    const std::vector<std::int8_t> w = random_bytes(kRows * cols);
    TwoPlaneInt8 planes(kRows, cols);
    PackedInt8 packed(kRows, planes.padded_cols());
    std::vector<std::int8_t> padded(planes.padded_cols());
    for (std::size_t r = 0; r < kRows; ++r) {
      planes.set_row(r, row_of(w, r, cols));
      std::ranges::copy(row_of(w, r, cols), padded.begin());
      packed.set_row(r, padded);
    }
    const std::size_t panel_codes = planes.padded_cols() * kPanelRows;
    for (std::size_t first = 0; first < 3; ++first) {
      const std::size_t count = 3 - first;
      std::vector<std::uint8_t> codes(count * panel_codes);
      planes.unpack_panels(first, count, codes);
      EXPECT_TRUE(std::ranges::equal(codes, packed.bytes().subspan(first * panel_codes)))
          << cols << " columns from panel " << first;
    }
  }
}

TEST(TwoPlaneInt8, LowerSumsMakeTheProductWhole) {
  for (const std::size_t cols : {1U, 15U, 16U, 17U, 48U, 129U, 2560U}) {
    const std::vector<std::int8_t> w = random_bytes(cols);
    const std::vector<std::int8_t> x = random_bytes(2 * cols);
    TwoPlaneInt8 planes(1, cols);
    planes.set_row(0, w);
    ThreadPool pool(1);
    ActivationTiles tiles;
    tiles.fill(x, 2, cols, planes.padded_cols(), pool);
    std::vector<std::int32_t> upper(2);
    planes.multiply_upper(panel_kernels("scalar"), 0, 1, tiles, upper, 1);
    std::vector<std::int16_t> wide(2 * planes.padded_cols());
    const auto first = std::span(wide).first(planes.padded_cols());
    const auto second = std::span(wide).last(planes.padded_cols());
    std::ranges::copy(row_of(x, 0, cols), first.begin());
    std::ranges::copy(row_of(x, 1, cols), second.begin());
    const TwoPlaneInt8::LowerSums lower = planes.multiply_lower(0, first, second);
    std::vector<std::int32_t> expected(2);
    for (std::size_t c = 0; c < cols; ++c) {
      expected[0] += w[c] * x[c];
      expected[1] += w[c] * x[cols + c];
    }
    EXPECT_EQ(4 * upper[0] + lower.first, expected[0]) << cols;
    EXPECT_EQ(4 * upper[1] + lower.second, expected[1]) << cols;
  }
}

TEST(TwoPlaneInt8, LowerSumsDoNotOverflowAtTheExtreme) {
  constexpr auto kCols = PackedInt8::kMaxCols;
  TwoPlaneInt8 planes(1, kCols);
  planes.set_row(0, std::vector<std::int8_t>(kCols, 127));  // 127 = 4 * 31 + 3
  const std::vector<std::int16_t> lowest(kCols, -128);
  const std::vector<std::int16_t> highest(kCols, 127);
  const TwoPlaneInt8::LowerSums sums = planes.multiply_lower(0, lowest, highest);
  EXPECT_EQ(sums.first, -128 * 3 * static_cast<std::int32_t>(kCols));
  EXPECT_EQ(sums.second, 127 * 3 * static_cast<std::int32_t>(kCols));
}

TEST(TwoPlaneInt8, NormsAreThoseOfTheCenteredLowerBitsRoundedUp) {
  constexpr std::size_t kCols = 77;
  const std::vector<std::int8_t> w = random_bytes(kCols);
  TwoPlaneInt8 planes(2, kCols);
  planes.set_row(1, w);
  double squares = 0.0;
  for (const std::int8_t v : w) squares += std::pow((v + 128) % 4 - 1.5, 2);
  for (const auto& [row, norm] :
       {std::pair{0U, std::sqrt(2.25 * kCols)}, {1U, std::sqrt(squares)}}) {
    EXPECT_GE(double{planes.lower_norms()[row]}, norm);
    EXPECT_LE(double{planes.lower_norms()[row]}, norm * (1 + 0x1p-22));
  }
}

TEST(TwoPlaneInt8, RefusesRowsOfAnotherLengthAndMoreColumnsThanSumsHold) {
  TwoPlaneInt8 planes(1, 5);
  EXPECT_THROW(planes.set_row(0, std::vector<std::int8_t>(6)), std::invalid_argument);
  EXPECT_THROW(TwoPlaneInt8(1, PackedInt8::kMaxCols + 1), std::invalid_argument);
}

TEST(TwoPlaneInt8, IsReadWhereItLiesWithTheSameNorms) {
  for (const std::size_t cols : {1U, 15U, 16U, 17U, 64U, 65U}) {
    constexpr std::size_t kRows = 18;
    const std::vector<std::int8_t> w = random_bytes(kRows * cols);
    TwoPlaneInt8 own(kRows, cols);
    for (std::size_t r = 0; r < kRows; ++r) own.set_row(r, row_of(w, r, cols));
    const TwoPlaneInt8 view =
        TwoPlaneInt8::from_bytes(as_view(own.upper()), as_view(own.lower()), kRows, cols);
    EXPECT_TRUE(std::ranges::equal(view.lower_norms(), own.lower_norms())) << cols;
    std::vector<std::int8_t> back(cols);
    view.unpack_row(kRows - 1, back);
    EXPECT_TRUE(std::ranges::equal(back, row_of(w, kRows - 1, cols)));
    EXPECT_THROW(TwoPlaneInt8::from_bytes(as_view(own.upper().subspan(1)), as_view(own.lower()),
                                          kRows, cols),
                 std::invalid_argument);
    EXPECT_THROW(TwoPlaneInt8::from_bytes(as_view(own.upper()), as_view(own.lower().subspan(1)),
                                          kRows, cols),
                 std::invalid_argument);
  }
}

TEST(PackedInt8, IsReadWhereItLies) {
  PackedInt8 own(17, 5);
  own.set_row(16, random_bytes(5));
  const PackedInt8 view = PackedInt8::from_bytes(as_view(own.bytes()), 17, 5);
  std::vector<std::int8_t> expected(5);
  std::vector<std::int8_t> back(5);
  own.unpack_row(16, expected);
  view.unpack_row(16, back);
  EXPECT_EQ(back, expected);
  EXPECT_THROW(PackedInt8::from_bytes(as_view(own.bytes()), 33, 5), std::invalid_argument);
}

}  // namespace
}  // namespace sterna
