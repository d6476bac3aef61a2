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

  // Windows that do not overlap, and what they must give.
  Perplexity measure(const std::vector<TokenId>& text, std::size_t window,
                     const LogitsObserver& observe = {}) {
    return measure_perplexity(model_.transformer, model_.pool, plain_windows(text, window),
                              observe);
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
  const Perplexity result = measure(text, 4);
  EXPECT_EQ(result.scored_tokens, scored);
  EXPECT_EQ(result.scored_tokens, 8U);
  EXPECT_EQ(result.correct_tokens, correct);
  EXPECT_NEAR(result.nats, nats, 1e-9 * nats);
  EXPECT_NEAR(result.perplexity(), std::exp(nats / 8), 1e-9 * std::exp(nats / 8));
  EXPECT_EQ(result.accuracy(), static_cast<double>(correct) / 8);
}

TEST_F(PerplexityTest, LeavesOutALastWindowOfOneToken) {
  std::size_t windows = 0;
  const auto count = [&](const ScoredLogits&) { ++windows; };
  EXPECT_EQ(measure(tokens(9), 4, count).scored_tokens, 6U);
  EXPECT_EQ(windows, 2U);
  EXPECT_EQ(measure(tokens(10), 4).scored_tokens, 7U);
}

TEST_F(PerplexityTest, ShowsEveryLogitAndTheResultSoFar) {
  std::vector<std::size_t> sizes;
  std::vector<std::uint64_t> scored;
  (void)measure(tokens(7), 4, [&](const ScoredLogits& part) {
    sizes.push_back(part.logits.size());
    scored.push_back(part.so_far.scored_tokens);
    EXPECT_EQ(part.position, 0U);
    EXPECT_EQ(part.tokens_done, scored.size() == 1 ? 4U : 7U);
  });
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4 * 256, 3 * 256}));
  EXPECT_EQ(scored, (std::vector<std::uint64_t>{3, 5}));
}

// A window longer than a batch is scored in parts, of which no token may be lost or counted twice.
TEST_F(PerplexityTest, HasTheSameBitsForEveryNumberOfThreadsAndLongWindows) {
  const std::vector<TokenId> text = tokens(2 * TransformerLimits::kBatchTokens + 3);
  const std::vector<EvalWindow> windows = plain_windows(text, text.size());
  const Perplexity one = measure_perplexity(model_.transformer, model_.pool, windows);
  EXPECT_EQ(one.scored_tokens, text.size() - 1);
  const std::vector<float> logits = model_.logits(text, text.size());
  std::uint64_t correct = 0;
  for (std::size_t t = 0; t + 1 < text.size(); ++t) {
    const float* row = &logits[t * 256];
    correct += std::max_element(row, row + 256) - row == text[t + 1] ? 1 : 0;
  }
  EXPECT_EQ(one.correct_tokens, correct);
  for (const unsigned threads : {2U, 3U}) {
    ThreadPool pool(threads);
    const Perplexity many = measure_perplexity(model_.transformer, pool, windows);
    EXPECT_EQ(many.nats, one.nats);
    EXPECT_EQ(many.squared_nats, one.squared_nats);
  }
}

TEST_F(PerplexityTest, LeavesOutWhatComesBeforeTheFirstScoredToken) {
  const std::vector<TokenId> text = tokens(8);
  const std::vector<EvalWindow> half{{.tokens = text, .first_scored = 5}};
  const Perplexity result = measure_perplexity(model_.transformer, model_.pool, half);
  EXPECT_EQ(result.scored_tokens, 3U);
  const Perplexity all = measure(text, 8);
  const Perplexity start = measure({text.begin(), text.begin() + 5}, 8);
  EXPECT_NEAR(result.nats, all.nats - start.nats, 1e-9 * all.nats);
}

TEST_F(PerplexityTest, GivesTheStandardErrorOfTheMean) {
  const Perplexity two{.scored_tokens = 2, .correct_tokens = 0, .nats = 4.0, .squared_nats = 10.0};
  // Of 1 and 3 nats the mean is 2, the variance 1; the error of the mean of two is sqrt(1 / (2 - 1)).
  EXPECT_DOUBLE_EQ(two.standard_error(), std::exp(2.0));
  const Perplexity one{.scored_tokens = 1, .correct_tokens = 0, .nats = 4.0, .squared_nats = 16.0};
  EXPECT_EQ(one.standard_error(), 0.0);
}

// Twice the same token cannot be a surprise for a head that sees only it.
TEST_F(PerplexityTest, CountsCorrectPredictions) {
  for (const TokenId token : {TokenId{3}, TokenId{200}}) {
    const std::vector<float> logits = model_.logits({token}, 1);
    const auto best =
        static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    const std::vector<TokenId> text{token, best};
    EXPECT_EQ(measure(text, 2).accuracy(), 1.0);
    const std::vector<TokenId> other{token, best == 0 ? 1 : best - 1};
    EXPECT_EQ(measure(other, 2).accuracy(), 0.0);
  }
}

TEST_F(PerplexityTest, RefusesWhatCannotBeScored) {
  const auto error = [&](std::size_t count, std::size_t window) {
    return error_of([&] { (void)measure(tokens(count), window); });
  };
  EXPECT_THAT(error(1, 4), HasSubstr("a text of 1 tokens"));
  EXPECT_THAT(error(0, 4), HasSubstr("a text of 0 tokens"));
  EXPECT_THAT(error(9, 1), HasSubstr("a window of 1 tokens"));
  EXPECT_THAT(error(5000, 5000), HasSubstr("exceeds the context of 4096"));
  for (const std::size_t first : {0U, 3U}) {
    const std::vector<EvalWindow> bad{{.tokens = tokens(3), .first_scored = first}};
    EXPECT_THAT(error_of([&] { (void)measure_perplexity(model_.transformer, model_.pool, bad); }),
                HasSubstr("cannot be scored from token " + std::to_string(first)));
  }
}

}  // namespace
}  // namespace sterna
