// SPDX-License-Identifier: Apache-2.0
#include "model/head/output_head.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "model/ops.hpp"

namespace sterna {
namespace {

std::vector<float> random_values(std::size_t count, std::uint32_t seed) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(rng);
  return values;
}

VocabMatrix rounded(const std::vector<float>& values, std::size_t rows, std::size_t cols) {
  ThreadPool pool(2);
  const RowReader read_row = [&](std::size_t r, std::span<float> out) {
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(r * cols), cols, out.begin());
  };
  return {.rows = rows,
          .cols = cols,
          .values = round_to_int8(rows, cols, read_row, std::pmr::get_default_resource(), pool)};
}

std::vector<float> logits(const VocabMatrix& head, const std::vector<float>& x, std::size_t tokens,
                          unsigned threads) {
  ThreadPool pool(threads);
  OutputHead output(head, tokens, pool);
  std::vector<float> out(tokens * head.rows);
  output.multiply(x, tokens, out);
  return out;
}

// The bound: x has 16 bits, so it is off by at most max |x| / (2 * 127 * 256) an element; the float sum
// of the reference and the two roundings of a logit are smaller by far.
TEST(OutputHead, MultipliesTheRoundedWeightsByTheActivations) {
  constexpr std::size_t kCols = 131;
  const std::vector<float> weights = random_values(700 * kCols, 1);
  for (const std::size_t rows : {1U, 16U, 255U, 256U, 257U, 700U}) {
    const VocabMatrix head = rounded(weights, rows, kCols);
    for (const std::size_t tokens : {1U, 2U, 6U, 7U, 20U}) {
      const std::vector<float> x = random_values(tokens * kCols, 2);
      const std::vector<float> got = logits(head, x, tokens, 2);
      std::vector<float> row(kCols);
      for (std::size_t r = 0; r < rows; ++r) {
        head.read_row(r, row);
        for (std::size_t t = 0; t < tokens; ++t) {
          double expected = 0.0;
          double magnitude = 0.0;
          for (std::size_t c = 0; c < kCols; ++c) {
            expected += double{row[c]} * x[t * kCols + c];
            magnitude += std::abs(row[c]);
          }
          ASSERT_NEAR(got[t * rows + r], expected, magnitude * 5.0 / (2 * 127 * 256) + 1e-4)
              << rows << " rows, token " << t << " of " << tokens << ", row " << r;
        }
      }
    }
  }
}

TEST(OutputHead, GivesTheSameBitsForAnyThreadsAndTokensAtATime) {
  constexpr std::size_t kCols = 64;
  const VocabMatrix head = rounded(random_values(1000 * kCols, 3), 1000, kCols);
  const std::vector<float> x = random_values(9 * kCols, 4);
  const std::vector<float> reference = logits(head, x, 9, 1);
  EXPECT_EQ(logits(head, x, 9, 3), reference);
  for (std::size_t t = 0; t < 9; ++t) {
    const std::vector<float> one(x.begin() + static_cast<std::ptrdiff_t>(t * kCols),
                                 x.begin() + static_cast<std::ptrdiff_t>((t + 1) * kCols));
    const std::vector<float> got = logits(head, one, 1, 2);
    EXPECT_TRUE(std::equal(got.begin(), got.end(),
                           reference.begin() + static_cast<std::ptrdiff_t>(t * 1000)));
  }
}

// Chunks of 64 rows are unpacked at a time: a row before, at and after their edges, shared by threads.
TEST(OutputHead, MultipliesRowsThatStayInTheirFileAsThoseInMemory) {
  constexpr std::size_t kCols = 37;
  const std::vector<float> weights = random_values(200 * kCols, 6);
  for (const std::size_t rows : {1U, 63U, 64U, 65U, 200U}) {
    std::pmr::vector<float> copy(weights.begin(),
                                 weights.begin() + static_cast<std::ptrdiff_t>(rows * kCols));
    const RowReader read_row = [&](std::size_t r, std::span<float> out) {
      std::copy_n(weights.begin() + static_cast<std::ptrdiff_t>(r * kCols), kCols, out.begin());
    };
    const VocabMatrix in_memory{.rows = rows, .cols = kCols, .values = Elements(std::move(copy))};
    const VocabMatrix in_place{
        .rows = rows, .cols = kCols, .values = RowsInPlace{.read_row = read_row, .bytes = 0}};
    for (const std::size_t tokens : {1U, 5U}) {
      const std::vector<float> x = random_values(tokens * kCols, 7);
      EXPECT_EQ(logits(in_place, x, tokens, 3), logits(in_memory, x, tokens, 1)) << rows;
    }
  }
}

TEST(OutputHead, SaysWhenAnActivationIsNotFinite) {
  const VocabMatrix head = rounded(random_values(16 * 4, 5), 16, 4);
  EXPECT_THROW((void)logits(head, {1, 2, std::numeric_limits<float>::quiet_NaN(), 4}, 1, 1),
               std::runtime_error);
}

TEST(RoundToInt8, RoundsEveryRowToItsLargestValue) {
  const VocabMatrix head = rounded({1.0F, -2.0F, 0.5F, 0.0F, 0.0F, 0.0F}, 2, 3);
  std::vector<float> row(3);
  head.read_row(0, row);
  EXPECT_FLOAT_EQ(row[0], 64.0F * 2.0F / 127.0F);  // 63.5 rounds half to even
  EXPECT_FLOAT_EQ(row[1], -2.0F);
  EXPECT_FLOAT_EQ(row[2], 32.0F * 2.0F / 127.0F);
  head.read_row(1, row);
  EXPECT_EQ(row, (std::vector<float>{0.0F, 0.0F, 0.0F}));
}

TEST(SplitDigits, ReadsBackWithin16Bits) {
  const std::vector<float> x = random_values(1000, 6);
  std::vector<std::int8_t> high(1000);
  std::vector<std::int8_t> low(1000);
  const float scale = split_digits(x, high, low);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(256 * high[i] + low[i], x[i] * scale, 0.51);
  }
}

}  // namespace
}  // namespace sterna
