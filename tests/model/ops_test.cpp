// SPDX-License-Identifier: Apache-2.0

// The order of operations is the contract, so results are compared with == against the definition
// in ops.hpp written as plain loops, for every instruction set.

#include "model/ops.hpp"

#include <bit>
#include <cfenv>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "model/attention/float_kernels.hpp"

namespace sterna {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Below, at and above the 16 partial sums and the vectors of each instruction set.
constexpr std::size_t kSizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 257};

std::vector<float> random_floats(std::size_t n, unsigned seed, float spread = 4.0F) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-spread, spread);
  std::vector<float> out(n);
  for (float& x : out) x = value(random);
  return out;
}

float defined_dot(const float* a, const float* b, std::size_t n) {
  float partial[16] = {};
  for (std::size_t i = 0; i < n; ++i) partial[i % 16] += a[i] * b[i];
  for (std::size_t half : {8U, 4U, 2U, 1U}) {
    for (std::size_t j = 0; j < half; ++j) partial[j] += partial[j + half];
  }
  return partial[0];
}

class FloatKernelsTest : public testing::TestWithParam<const FloatKernels*> {
 protected:
  void SetUp() override {
    if (!kernels().supported()) GTEST_SKIP() << kernels().name << " is not on this CPU";
  }
  static const FloatKernels& kernels() { return *GetParam(); }
};

TEST_P(FloatKernelsTest, DotHasTheDefinedOrder) {
  for (const std::size_t cols : kSizes) {
    for (const std::size_t count : {1U, 2U, 3U, 4U, 5U, 9U}) {
      const std::vector<float> rows = random_floats(count * cols, 1);
      const std::vector<float> x = random_floats(cols, 2);
      std::vector<float> y(count);
      kernels().dot_rows(rows.data(), count, cols, x.data(), y.data());
      for (std::size_t r = 0; r < count; ++r) {
        EXPECT_EQ(y[r], defined_dot(&rows[r * cols], x.data(), cols)) << cols << ", row " << r;
      }
    }
  }
}

TEST_P(FloatKernelsTest, DotOfBfloat16IsThatOfTheWidenedRow) {
  for (const std::size_t cols : kSizes) {
    constexpr std::size_t kCount = 6;
    std::vector<std::uint16_t> narrow(kCount * cols);
    std::vector<float> wide = random_floats(kCount * cols, 3);
    for (std::size_t i = 0; i < wide.size(); ++i) {
      narrow[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(wide[i]) >> 16);
      wide[i] = std::bit_cast<float>(static_cast<std::uint32_t>(narrow[i]) << 16);
    }
    const std::vector<float> x = random_floats(cols, 4);
    std::vector<float> y(kCount);
    kernels().dot_rows_bf16(narrow.data(), kCount, cols, x.data(), y.data());
    for (std::size_t r = 0; r < kCount; ++r) {
      EXPECT_EQ(y[r], defined_dot(&wide[r * cols], x.data(), cols)) << cols << ", row " << r;
    }
  }
}

TEST_P(FloatKernelsTest, ElementwiseLoopsEqualThePlainExpression) {
  for (const std::size_t n : kSizes) {
    const std::vector<float> a = random_floats(n, 5);
    const std::vector<float> b = random_floats(n, 6);
    std::vector<std::int32_t> sums(n);
    for (std::size_t i = 0; i < n; ++i) sums[i] = static_cast<std::int32_t>(a[i] * 1e6F);
    std::vector<float> scaled(n), rescaled(n), added = b, weighted = b, gated(n);
    kernels().scale_by(a.data(), b.data(), n, 0.3F, scaled.data());
    kernels().rescale(sums.data(), n, 13.7F, 0.031F, rescaled.data());
    kernels().rescale_add(sums.data(), n, 13.7F, 0.031F, added.data());
    kernels().add_weighted_rows(a.data(), 1, n, &b[0], weighted.data());
    kernels().gate_relu2(a.data(), b.data(), n, gated.data());
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(scaled[i], a[i] * 0.3F * b[i]);
      EXPECT_EQ(rescaled[i], static_cast<float>(sums[i]) / 13.7F * 0.031F);
      EXPECT_EQ(added[i], b[i] + static_cast<float>(sums[i]) / 13.7F * 0.031F);
      EXPECT_EQ(weighted[i], b[i] + b[0] * a[i]);
      EXPECT_EQ(gated[i], a[i] <= 0.0F ? 0.0F : a[i] * a[i] * b[i]);
    }
  }
}

TEST_P(FloatKernelsTest, ExponentialAndSiluHaveTheBitsOfThePortableOnes) {
  for (const std::size_t n : kSizes) {
    const std::vector<float> x = random_floats(n, 7, 100.0F);
    std::vector<float> exponential = x, portable = x, silu(n), portable_silu(n);
    kernels().exp_shifted(exponential.data(), n, 1.5F);
    kFloatPortable.exp_shifted(portable.data(), n, 1.5F);
    EXPECT_EQ(exponential, portable);
    kernels().gate_silu(x.data(), x.data(), n, silu.data());
    kFloatPortable.gate_silu(x.data(), x.data(), n, portable_silu.data());
    EXPECT_EQ(silu, portable_silu);
  }
}

TEST_P(FloatKernelsTest, QuantizesToTheNearestEvenCode) {
  ASSERT_EQ(std::fegetround(), FE_TONEAREST);
  std::vector<float> x;
  for (float code = -130.0F; code <= 130.0F; code += 0.25F) x.push_back(code);
  for (const float code : {0.49999997F, -0.49999997F, 126.50001F, 127.00001F, -0.0F, 1e-40F}) {
    x.push_back(code);
  }
  std::vector<std::int8_t> q(x.size());
  kernels().quantize(x.data(), x.size(), 1.0F, q.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float rounded = std::min(127.0F, std::max(-128.0F, std::nearbyint(x[i])));
    EXPECT_EQ(q[i], static_cast<std::int8_t>(rounded)) << x[i];
  }
}

TEST_P(FloatKernelsTest, LargestBitsSeesEveryPosition) {
  for (const std::size_t n : kSizes) {
    for (std::size_t at = 0; at < n; ++at) {
      std::vector<float> x(n, 0.5F);
      x[at] = -3.0F;
      EXPECT_EQ(std::bit_cast<float>(kernels().largest_bits(x.data(), n)), 3.0F);
      x[at] = -std::numeric_limits<float>::quiet_NaN();
      EXPECT_GT(kernels().largest_bits(x.data(), n), std::bit_cast<std::uint32_t>(kInfinity));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, FloatKernelsTest,
                         testing::ValuesIn(float_kernels().begin(), float_kernels().end()),
                         [](const auto& variant) { return std::string(variant.param->name); });

TEST(Quantize, ScalesByTheLargestMagnitude) {
  const std::vector<float> x{0.5F, -2.0F, 1.0F, 0.0F, -0.0F};
  std::vector<std::int8_t> q(x.size());
  EXPECT_EQ(quantize(x, q), 63.5F);
  // 0.5 * 63.5 = 31.75; 1.0 * 63.5 = 63.5, halfway, goes to the even 64.
  EXPECT_EQ(q, (std::vector<std::int8_t>{32, -127, 64, 0, 0}));
}

TEST(Quantize, GivesZerosAFiniteScale) {
  std::vector<std::int8_t> q(3, 5);
  EXPECT_EQ(quantize(std::vector<float>{0.0F, -0.0F, 0.0F}, q), 127.0F / 1e-5F);
  EXPECT_EQ(q, (std::vector<std::int8_t>{0, 0, 0}));
  EXPECT_EQ(quantize(std::vector<float>{1e-6F, -1e-38F, 1e-45F}, q), 127.0F / 1e-5F);
  EXPECT_EQ(q, (std::vector<std::int8_t>{13, 0, 0}));
}

TEST(Quantize, HoldsTheLargestFloat) {
  const float largest = std::numeric_limits<float>::max();
  std::vector<std::int8_t> q(3);
  EXPECT_GT(quantize(std::vector<float>{largest, -largest, 1.0F}, q), 0.0F);
  EXPECT_EQ(q, (std::vector<std::int8_t>{127, -127, 0}));
}

TEST(Quantize, ReturnsZeroForWhatIsNotFinite) {
  std::vector<std::int8_t> q(2);
  for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_EQ(quantize(std::vector<float>{1.0F, bad}, q), 0.0F) << bad;
  }
}

TEST(Exponential, IsWithinTwoUnitsInTheLastPlace) {
  for (float x = -64.0F; x <= 88.0F; x += 0.0137F) {
    const double exact = std::exp(static_cast<double>(x));
    const auto rounded = static_cast<float>(exact);
    const double unit = static_cast<double>(std::nextafter(rounded, kInfinity) - rounded);
    EXPECT_NEAR(static_cast<double>(exp_fixed(x)), exact, 2.0 * unit) << x;
  }
  EXPECT_EQ(exp_fixed(0.0F), 1.0F);
  EXPECT_EQ(exp_fixed(-1e9F), 0.0F);
  EXPECT_EQ(exp_fixed(std::nextafter(-64.0F, -65.0F)), 0.0F);
  EXPECT_GT(exp_fixed(-64.0F), 0.0F);
  EXPECT_EQ(exp_fixed(1e9F), exp_fixed(88.0F));
  EXPECT_TRUE(std::isnan(exp_fixed(std::numeric_limits<float>::quiet_NaN())));
}

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  const std::vector<float> x{3.0F, -4.0F};
  std::vector<float> out(2);
  rms_norm(x, std::vector<float>{1.0F, 2.0F}, 1e-5F, out);
  const float scale = 1.0F / std::sqrt(25.0F / 2.0F + 1e-5F);
  EXPECT_EQ(out, (std::vector<float>{3.0F * scale, -4.0F * scale * 2.0F}));
}

TEST(Softmax, SumsToOneAndKeepsOrder) {
  for (const std::size_t n : kSizes) {
    std::vector<float> x = random_floats(n, 8, 50.0F);
    const std::vector<float> before = x;
    softmax(x);
    double sum = 0.0;
    for (const float p : x) sum += static_cast<double>(p);
    EXPECT_NEAR(sum, 1.0, 1e-6 * static_cast<double>(n));
    for (std::size_t i = 1; i < n; ++i) EXPECT_EQ(x[i] >= x[0], before[i] >= before[0]);
  }
}

// float64 and the formula, no shared code. 64 products of numbers up to 2 add rounding of at most
// 64 * 4 * 2^-24 to a score of the exponent, and as much to the average.
TEST(Attention, EqualsTheFormula) {
  constexpr std::size_t kDim = 64, kTokens = 37;
  const std::vector<float> q = random_floats(kDim, 9, 2.0F);
  const std::vector<float> keys = random_floats(kTokens * kDim, 10, 2.0F);
  const std::vector<float> values = random_floats(kTokens * kDim, 11, 2.0F);
  std::vector<float> scores(kTokens), out(kDim);
  attend(q, keys, values, scores, out);
  std::vector<double> weight(kTokens, 0.0);
  double sum = 0.0;
  for (std::size_t t = 0; t < kTokens; ++t) {
    double score = 0.0;
    for (std::size_t i = 0; i < kDim; ++i) score += double{q[i]} * double{keys[t * kDim + i]};
    sum += weight[t] = std::exp(score / 8.0);
  }
  for (std::size_t i = 0; i < kDim; ++i) {
    double expected = 0.0;
    for (std::size_t t = 0; t < kTokens; ++t)
      expected += weight[t] / sum * double{values[t * kDim + i]};
    EXPECT_NEAR(out[i], expected, 64 * 4 * 0x1p-24 * 4);
  }
}

TEST(Rope, TurnsPairsOfHalves) {
  const RopeTable rope(4, 10000.0F, 8);
  std::vector<float> head{1.0F, 2.0F, 3.0F, 4.0F};
  rope.rotate(head, 0);
  EXPECT_EQ(head, (std::vector<float>{1.0F, 2.0F, 3.0F, 4.0F}));
  rope.rotate(head, 7);
  const double slow = 7.0 / 100.0;  // the second pair turns by theta^(-2/4) a token
  EXPECT_NEAR(head[0], std::cos(7.0) - 3.0 * std::sin(7.0), 1e-6);
  EXPECT_NEAR(head[2], 3.0 * std::cos(7.0) + std::sin(7.0), 1e-6);
  EXPECT_NEAR(head[1], 2.0 * std::cos(slow) - 4.0 * std::sin(slow), 1e-6);
  EXPECT_NEAR(head[3], 4.0 * std::cos(slow) + 2.0 * std::sin(slow), 1e-6);
}

TEST(Gate, AppliesReluSquaredOrSilu) {
  const std::vector<float> gate{-1.0F, 2.0F, -0.0F, -100.0F};
  const std::vector<float> up{5.0F, 3.0F, 1.0F, 1.0F};
  std::vector<float> out(4);
  gated(Activation::Relu2, gate, up, out);
  EXPECT_EQ(out, (std::vector<float>{0.0F, 12.0F, 0.0F, 0.0F}));
  gated(Activation::Silu, gate, up, out);
  for (std::size_t i = 0; i < 4; ++i) {
    const double g = double{gate[i]};
    EXPECT_NEAR(out[i], g / (1.0 + std::exp(-g)) * double{up[i]}, 2e-6);
  }
}

TEST(Gate, KeepsNotANumber) {
  const std::vector<float> bad(1, std::numeric_limits<float>::quiet_NaN());
  std::vector<float> out(1);
  for (const Activation activation : {Activation::Relu2, Activation::Silu}) {
    gated(activation, bad, std::vector<float>{1.0F}, out);
    EXPECT_TRUE(std::isnan(out[0]));
  }
}

}  // namespace
}  // namespace sterna
