// SPDX-License-Identifier: Apache-2.0
#include "model/attention/attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/synthetic.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::HasSubstr;

ModelConfig config_of(std::uint32_t heads, std::uint32_t kv_heads, std::uint32_t dim) {
  ModelConfig config = named_shape("tiny");
  config.layers = 2;
  config.heads = heads;
  config.kv_heads = kv_heads;
  config.head_dim = dim;
  return config;
}

/// Queries, keys and values of a context, and what attention makes of them.
class Context {
 public:
  Context(const ModelConfig& config, std::size_t tokens) : config_(config), tokens_(tokens) {
    q_ = random_values(tokens * config.q_width());
    k_ = random_values(tokens * config.kv_width());
    v_ = random_values(tokens * config.kv_width());
  }

  /// Output of all tokens, given `step` at a time, from layer 1 (layer 0 holds something else).
  std::vector<float> attend(KvFormat format, unsigned threads, std::size_t step) const {
    ThreadPool pool(threads);
    const auto attention = make_attention(format, config_, tokens_, pool);
    const std::vector<float> others(config_.kv_width(), 100.0F);
    std::vector<float> out(q_.size());
    for (std::size_t first = 0; first < tokens_; first += step) {
      const std::size_t count = std::min(step, tokens_ - first);
      for (std::size_t t = first; t < first + count; ++t) {
        EXPECT_TRUE(attention->append(0, t, others, others));
        EXPECT_TRUE(attention->append(1, t, row(k_, t), row(v_, t)));
      }
      const std::size_t width = config_.q_width();
      attention->attend(1, first, count, std::span(q_).subspan(first * width, count * width),
                        std::span(out).subspan(first * width, count * width));
    }
    return out;
  }

  /// The definition, in float64.
  [[nodiscard]] std::vector<double> expected() const {
    const std::size_t dim = config_.head_dim;
    const std::size_t sharers = config_.heads / config_.kv_heads;
    std::vector<double> out(q_.size());
    for (std::size_t i = 0; i < tokens_ * config_.heads; ++i) {
      const std::size_t t = i / config_.heads;
      const std::size_t h = i % config_.heads / sharers;
      double total = 0.0;
      for (std::size_t j = 0; j <= t; ++j) {
        double score = 0.0;
        for (std::size_t d = 0; d < dim; ++d)
          score += double{q_[i * dim + d]} * row(k_, j)[h * dim + d];
        const double weight = std::exp(score / std::sqrt(static_cast<double>(dim)));
        total += weight;
        for (std::size_t d = 0; d < dim; ++d) out[i * dim + d] += weight * row(v_, j)[h * dim + d];
      }
      for (std::size_t d = 0; d < dim; ++d) out[i * dim + d] /= total;
    }
    return out;
  }

 private:
  std::vector<float> random_values(std::size_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& value : values) value = normal(rng_);
    return values;
  }
  [[nodiscard]] std::span<const float> row(const std::vector<float>& values, std::size_t t) const {
    return std::span(values).subspan(t * config_.kv_width(), config_.kv_width());
  }

  ModelConfig config_;
  std::size_t tokens_;
  std::mt19937 rng_{5};
  std::vector<float> q_, k_, v_;
};

double largest_error(const std::vector<float>& got, const std::vector<double>& expected) {
  double largest = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    largest = std::max(largest, std::abs(got[i] - expected[i]));
  }
  return largest;
}

class AttentionTest : public testing::TestWithParam<KvFormat> {
 protected:
  // float32: sums of some hundred terms near 1, each rounded to 2^-24: well below 1e-5.
  // int8: a value of a normal distribution is at most 5 here, so a code is worth 5 / 127 and a stored
  // value is off by half of it, 0.02; a score, a sum of dim products with errors of 0.02 at random, by
  // about 0.02 after division by sqrt(dim), which moves the weights by 2 %, 5 standard deviations by 10 %,
  // of values of which the weighted mean stays below 3.
  [[nodiscard]] double tolerance() const { return GetParam() == KvFormat::Float32 ? 1e-5 : 0.2; }
};

// Widths off every block and panel; as many query heads a key head as fit a tile of digits, and more.
TEST_P(AttentionTest, IsTheDefinition) {
  for (const ModelConfig& config : {config_of(4, 2, 16), config_of(3, 3, 10), config_of(8, 1, 6),
                                    config_of(5, 5, 34), config_of(4, 1, 128)}) {
    const Context context(config, 37);
    EXPECT_LT(largest_error(context.attend(GetParam(), 1, 37), context.expected()), tolerance())
        << config.heads << " heads of " << config.head_dim;
  }
}

// Around the context from which one token's attention is shared out: 256, and 512 tokens a part.
TEST_P(AttentionTest, GivesTheSameBitsForAnyThreadsAndAnyCut) {
  const Context context(config_of(6, 2, 20), 530);
  const std::vector<float> reference = context.attend(GetParam(), 1, 530);
  EXPECT_EQ(context.attend(GetParam(), 1, 1), reference);
  EXPECT_EQ(context.attend(GetParam(), 3, 1), reference);
  EXPECT_EQ(context.attend(GetParam(), 2, 100), reference);
  EXPECT_LT(largest_error(reference, context.expected()), tolerance());
}

TEST_P(AttentionTest, RefusesAContextBeyondTheMemory) {
  ModelConfig config = config_of(32, 32, 128);
  config.layers = 1U << 20;
  ThreadPool pool(1);
  EXPECT_THAT(error_of([&] { (void)make_attention(GetParam(), config, 60000, pool); }),
              HasSubstr("choose a shorter context"));
}

INSTANTIATE_TEST_SUITE_P(EveryFormat, AttentionTest,
                         testing::Values(KvFormat::Float32, KvFormat::Int8),
                         [](const auto& format) { return std::string(name_of(format.param)); });

TEST(Int8Attention, KeepsAQuarterOfTheBytes) {
  const ModelConfig config = named_shape("2b4t");
  EXPECT_EQ(kv_bytes_per_token(KvFormat::Float32, config), 30U * 5 * 2 * 128 * 4);
  EXPECT_EQ(kv_bytes_per_token(KvFormat::Int8, config), 30U * 5 * (2 * 128 + 8));
}

TEST(Int8Attention, SaysWhenANumberIsNotFinite) {
  ThreadPool pool(1);
  const ModelConfig config = config_of(2, 1, 4);
  const auto attention = make_attention(KvFormat::Int8, config, 4, pool);
  const std::vector<float> good{1, 2, 3, 4};
  std::vector<float> bad = good;
  bad[2] = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(attention->append(0, 0, good, good));
  EXPECT_FALSE(attention->append(0, 1, bad, good));
  EXPECT_FALSE(attention->append(0, 1, good, bad));
}

TEST(Int8Attention, RefusesAContextWhoseSumsWouldNotBeExact) {
  ThreadPool pool(1);
  EXPECT_THROW((void)make_attention(KvFormat::Int8, config_of(2, 1, 4), 65537, pool),
               std::invalid_argument);
}

TEST(KvFormat, HasANameForEveryFormat) {
  EXPECT_EQ(parse_kv_format("f32"), KvFormat::Float32);
  EXPECT_EQ(parse_kv_format(name_of(KvFormat::Int8)), KvFormat::Int8);
  EXPECT_THROW((void)parse_kv_format("fp8"), std::invalid_argument);
}

}  // namespace
}  // namespace sterna
