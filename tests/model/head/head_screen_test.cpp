// SPDX-License-Identifier: Apache-2.0
#include "model/head/head_screen.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/panel/panel_kernels.hpp"
#include "model/head/output_head.hpp"
#include "model/ops.hpp"

namespace sterna {
namespace {

// The same int8 weights as one matrix and in two planes.
struct Heads {
  VocabMatrix int8;
  VocabMatrix planes;
};

using WeightOf = std::function<int(std::size_t row, std::size_t col)>;

Heads heads_of(std::size_t rows, std::size_t cols, const WeightOf& weight,
               const std::function<float(std::size_t)>& scale) {
  ScaledInt8 int8{.codes = PackedInt8(rows, cols), .scales = std::vector<float>(rows)};
  PlanedInt8 planes{.codes = TwoPlaneInt8(rows, cols), .scales = std::vector<float>(rows)};
  std::vector<std::int8_t> row(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) row[c] = static_cast<std::int8_t>(weight(r, c));
    int8.codes.set_row(r, row);
    planes.codes.set_row(r, row);
    int8.scales[r] = planes.scales[r] = scale(r);
  }
  return {{.rows = rows, .cols = cols, .values = std::move(int8)},
          {.rows = rows, .cols = cols, .values = std::move(planes)}};
}

class HeadScreen : public testing::Test {
 protected:
  WeightOf random_weights() {
    return [this](std::size_t, std::size_t) { return weight_(rng_); };
  }
  std::function<float(std::size_t)> random_scales() {
    return [this](std::size_t) { return std::abs(normal_(rng_)); };
  }
  std::vector<float> random_row(std::size_t cols) {
    std::vector<float> x(cols);
    for (float& value : x) value = normal_(rng_);
    return x;
  }

  std::mt19937 rng_{20261122};
  std::uniform_int_distribution<int> weight_{-128, 127};
  std::normal_distribution<float> normal_;
};

constexpr auto unit_scale = [](std::size_t) { return 1.0F; };

std::vector<float> all_logits(const VocabMatrix& matrix, const std::vector<float>& x,
                              unsigned threads) {
  ThreadPool pool(threads);
  OutputHead head(matrix, x.size() / matrix.cols, pool);
  std::vector<float> logits(x.size() / matrix.cols * matrix.rows);
  head.multiply(x, x.size() / matrix.cols, logits);
  return logits;
}

std::vector<Candidate> sorted_of(const std::vector<float>& logits, std::size_t count) {
  std::vector<Candidate> all(logits.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = {static_cast<TokenId>(i), logits[i]};
  std::sort(all.begin(), all.end(), more_likely);
  all.resize(std::min(count, all.size()));
  return all;
}

// Every count around the edges, against the sorted logits of the int8 head.
void expect_equal_top(const Heads& heads, const std::vector<float>& x, const std::string& what) {
  const std::size_t vocab = heads.int8.rows;
  const std::vector<float> logits = all_logits(heads.int8, x, 1);
  for (const unsigned threads : {1U, 2U, 5U}) {
    ThreadPool pool(threads);
    OutputHead head(heads.planes, 1, pool);
    for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{40}, vocab - 1,
                                    vocab, vocab + 1, std::size_t{1} << 40}) {
      if (count == 0) continue;
      std::vector<Candidate> got;
      head.top(x, count, got);
      ASSERT_EQ(got, sorted_of(logits, count))
          << what << ", " << count << " of " << vocab << ", " << threads << " threads";
    }
  }
}

TEST_F(HeadScreen, FindsTheTokensAndLogitsOfTheInt8HeadAroundEveryBlockBoundary) {
  for (const std::size_t rows : {1U, 15U, 17U, 255U, 256U, 257U, 1000U}) {
    for (const std::size_t cols : {1U, 15U, 16U, 17U, 130U}) {
      const Heads heads = heads_of(rows, cols, random_weights(), random_scales());
      expect_equal_top(heads, random_row(cols), std::to_string(cols) + " columns");
    }
  }
}

TEST_F(HeadScreen, OfEqualLogitsFindsTheLowestIds) {
  const auto alternating = [](std::size_t, std::size_t c) { return c % 2 == 0 ? 127 : -128; };
  expect_equal_top(heads_of(700, 64, alternating, unit_scale), random_row(64), "equal rows");
  const auto zero = [](std::size_t, std::size_t) { return 0; };
  expect_equal_top(heads_of(700, 64, zero, unit_scale), random_row(64), "rows of zeros");
  expect_equal_top(heads_of(700, 64, random_weights(), [](std::size_t) { return 0.0F; }),
                   random_row(64), "scales of zero");
  expect_equal_top(heads_of(700, 64, random_weights(), unit_scale), std::vector<float>(64, 0.0F),
                   "a hidden row of zeros");
}

// The upper bits are the same in every row, so all that tells rows apart are the lower ones.
TEST_F(HeadScreen, TellsApartRowsThatDifferInTheirLowerBitsOnly) {
  std::uniform_int_distribution<int> low(0, 3);
  const auto near_ties = [&](std::size_t, std::size_t c) {
    return static_cast<int>(c * 37 % 60) * 4 - 120 + low(rng_);
  };
  expect_equal_top(heads_of(900, 96, near_ties, unit_scale), random_row(96), "near ties");
  const auto one_apart = [](std::size_t r, std::size_t c) { return c == r % 96 ? 65 : 64; };
  expect_equal_top(heads_of(900, 96, one_apart, unit_scale), random_row(96), "one apart");
}

TEST_F(HeadScreen, FindsTheSameWithEveryKernel) {
  const Heads heads = heads_of(600, 100, random_weights(), random_scales());
  const std::vector<float> x = random_row(100);
  for (const PanelKernels& kernels : all_panel_kernels()) {
    if (!kernels.supported()) continue;
    setenv("STERNA_ISA", std::string(kernels.name).c_str(), 1);
    expect_equal_top(heads, x, std::string(kernels.name));
  }
  unsetenv("STERNA_ISA");
}

TEST_F(HeadScreen, GivesAllLogitsOfTheInt8Head) {
  for (const std::size_t rows : {1U, 17U, 64U, 65U, 300U}) {
    for (const std::size_t cols : {1U, 16U, 75U}) {
      const Heads heads = heads_of(rows, cols, random_weights(), random_scales());
      for (const std::size_t tokens : {1U, 2U, 7U}) {
        const std::vector<float> x = random_row(tokens * cols);
        EXPECT_EQ(all_logits(heads.planes, x, 3), all_logits(heads.int8, x, 1))
            << rows << " x " << cols << ", " << tokens << " tokens";
      }
    }
  }
}

TEST_F(HeadScreen, ReadsTheLowerBitsOfFewRows) {
  const Heads heads = heads_of(20000, 256, random_weights(), unit_scale);
  const std::vector<float> x = random_row(256);
  std::vector<std::uint64_t> rescored;
  for (const unsigned threads : {1U, 4U}) {
    ThreadPool pool(threads);
    OutputHead head(heads.planes, 1, pool);
    std::vector<Candidate> top;
    head.top(x, 40, top);
    EXPECT_EQ(head.rescored().of, 20000U);
    EXPECT_GE(head.rescored().rescored, 40U);
    EXPECT_LT(head.rescored().share(), 0.05);
    rescored.push_back(head.rescored().rescored);
  }
  EXPECT_EQ(rescored[0], rescored[1]) << "threads do not change which rows are read";
}

// Digits of a row at its extremes: all in one column, all alike, random.
std::vector<std::vector<float>> hidden_rows(std::size_t cols, std::mt19937& rng) {
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> rows(4, std::vector<float>(cols));
  rows[0][cols / 2] = -3.0F;
  for (std::size_t c = 0; c < cols; ++c) {
    rows[1][c] = 1.0F;
    rows[2][c] = c % 2 == 0 ? 1.0F : -1.0F;
    rows[3][c] = normal(rng);
  }
  return rows;
}

// Lower bits that pull the logit as far as they can, up and down, and every bit pattern between.
TEST_F(HeadScreen, BoundsHoldForTheFloatsThatTheInt8HeadComputes) {
  for (const std::size_t cols : {1U, 4U, 33U, 400U}) {
    for (const std::vector<float>& x : hidden_rows(cols, rng_)) {
      std::vector<std::int8_t> high(cols);
      std::vector<std::int8_t> low(cols);
      const float divisor = split_digits(x, high, low);
      const std::vector<std::int16_t> wide_high(high.begin(), high.end());
      const std::vector<std::int16_t> wide_low(low.begin(), low.end());
      const RowBounds bounds(wide_high, wide_low, divisor);
      const auto pulled = [&](std::size_t r, std::size_t c) {
        const int upper = static_cast<int>(r / 8) % 64 - 32;
        const bool with = x[c] > 0.0F;
        const int low_bits = r % 8 == 0   ? (with ? 3 : 0)
                             : r % 8 == 1 ? (with ? 0 : 3)
                                          : weight_(rng_) & 3;
        return 4 * (r % 3 == 0 ? weight_(rng_) >> 2 : upper) + low_bits;
      };
      const Heads heads = heads_of(512, cols, pulled, random_scales());
      const std::vector<float> logits = all_logits(heads.int8, x, 1);
      const auto& planes = std::get<PlanedInt8>(heads.planes.values);
      ThreadPool pool(1);
      ActivationTiles digits;
      digits.resize(2, planes.codes.padded_cols());
      digits.set(0, high);
      digits.set(1, low);
      std::vector<std::int32_t> sums(2 * 512);
      planes.codes.multiply_upper(panel_kernels("scalar"), 0, 32, digits, sums, 512);
      const UpperSums known{.high = std::span(sums).first(512),
                            .low = std::span(sums).last(512),
                            .norms = planes.codes.lower_norms(),
                            .scales = planes.scales};
      std::vector<float> upper(512);
      bounds.upper(known, upper);
      for (std::size_t r = 0; r < 512; ++r) {
        ASSERT_LE(bounds.lower(known, r), logits[r]) << cols << " columns, row " << r;
        ASSERT_GE(upper[r], logits[r]) << cols << " columns, row " << r;
        ASSERT_LE(std::abs(upper[r]), bounds.largest_logit(planes.scales[r]));
      }
    }
  }
}

TEST_F(HeadScreen, SaysWhenALogitIsNotFinite) {
  const Heads heads = heads_of(100, 16, random_weights(), [](std::size_t r) {
    return r == 50 ? std::numeric_limits<float>::infinity() : 1.0F;
  });
  ThreadPool pool(1);
  OutputHead head(heads.planes, 1, pool);
  std::vector<Candidate> top;
  EXPECT_THROW(head.top(random_row(16), 3, top), std::runtime_error);
  std::vector<float> x = random_row(16);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(head.top(x, 3, top), std::runtime_error);
}

TEST(OutputHeadTop, SortsTheLogitsOfFloatsToo) {
  const VocabMatrix matrix{
      .rows = 3, .cols = 1, .values = Elements(std::pmr::vector<float>{1.0F, 5.0F, 5.0F})};
  ThreadPool pool(1);
  OutputHead head(matrix, 1, pool);
  std::vector<Candidate> top;
  head.top(std::vector<float>{1.0F}, 2, top);
  EXPECT_EQ(top, (std::vector<Candidate>{{1, 5.0F}, {2, 5.0F}}));
}

}  // namespace
}  // namespace sterna
