// SPDX-License-Identifier: Apache-2.0
#include "model/perplexity.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/synthetic.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::HasSubstr;

class PerplexityTest : public testing::Test {
 protected:
  static std::vector<TokenId> tokens(std::size_t count) {
    std::vector<TokenId> out(count);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<TokenId>(i * 37 % 256);
    return out;
  }

  ModelWeights weights_ = make_synthetic(named_shape("tiny"), 9);
  CpuModel model_{weights_};
};

TEST_F(PerplexityTest, IsTheMeanLogProbabilityOfTheNextTokens) {
  const std::vector<TokenId> text = tokens(11);
  double nats = 0.0;
  std::uint64_t correct = 0;
  std::size_t scored = 0;
  // Windows of 4 by hand: 4, 4 and 3 tokens score 3, 3 and 2.
  for (const std::size_t begin : {0U, 4U, 8U}) {
    const std::vector<TokenId> window(
        text.begin() + static_cast<std::ptrdiff_t>(begin),
        text.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(begin + 4, 11)));
    const std::vector<float> logits = model_.logits(window, window.size());
    for (std::size_t t = 0; t + 1 < window.size(); ++t, ++scored) {
      const float* row = &logits[t * 256];
      double sum = 0.0;
      for (std::size_t i = 0; i < 256; ++i) sum += std::exp(static_cast<double>(row[i]));
      nats += std::log(sum) - static_cast<double>(row[window[t + 1]]);
      correct += std::max_element(row, row + 256) - row == window[t + 1] ? 1 : 0;
    }
  }
  const Perplexity result = measure_perplexity(model_.transformer, text, 4);
  EXPECT_EQ(result.scored_tokens, scored);
  EXPECT_EQ(result.scored_tokens, 8U);
  EXPECT_EQ(result.correct_tokens, correct);
  EXPECT_NEAR(result.nats, nats, 1e-9 * nats);
  EXPECT_NEAR(result.perplexity(), std::exp(nats / 8), 1e-9 * std::exp(nats / 8));
  EXPECT_EQ(result.accuracy(), static_cast<double>(correct) / 8);
}

TEST_F(PerplexityTest, LeavesOutALastWindowOfOneToken) {
  std::size_t windows = 0;
  const auto count = [&](std::span<const float>) { ++windows; };
  EXPECT_EQ(measure_perplexity(model_.transformer, tokens(9), 4, count).scored_tokens, 6U);
  EXPECT_EQ(windows, 2U);
  EXPECT_EQ(measure_perplexity(model_.transformer, tokens(10), 4).scored_tokens, 7U);
}

TEST_F(PerplexityTest, ShowsEveryLogit) {
  std::vector<std::size_t> sizes;
  (void)measure_perplexity(model_.transformer, tokens(7), 4,
                           [&](std::span<const float> logits) { sizes.push_back(logits.size()); });
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4 * 256, 3 * 256}));
}

// Twice the same token cannot be a surprise for a head that sees only it.
TEST_F(PerplexityTest, CountsCorrectPredictions) {
  for (const TokenId token : {TokenId{3}, TokenId{200}}) {
    const std::vector<float> logits = model_.logits({token}, 1);
    const auto best =
        static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    const std::vector<TokenId> text{token, best};
    EXPECT_EQ(measure_perplexity(model_.transformer, text, 2).accuracy(), 1.0);
    const std::vector<TokenId> other{token, best == 0 ? 1 : best - 1};
    EXPECT_EQ(measure_perplexity(model_.transformer, other, 2).accuracy(), 0.0);
  }
}

TEST_F(PerplexityTest, RefusesWhatCannotBeScored) {
  const auto error = [&](std::size_t count, std::size_t window) {
    return error_of([&] { (void)measure_perplexity(model_.transformer, tokens(count), window); });
  };
  EXPECT_THAT(error(1, 4), HasSubstr("a text of 1 tokens"));
  EXPECT_THAT(error(0, 4), HasSubstr("a text of 0 tokens"));
  EXPECT_THAT(error(9, 1), HasSubstr("a window of 1 tokens"));
  EXPECT_THAT(error(9, 5000), HasSubstr("it must have 2 to 4096"));
}

}  // namespace
}  // namespace sterna
