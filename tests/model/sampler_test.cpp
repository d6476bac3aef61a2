// SPDX-License-Identifier: Apache-2.0
#include "model/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/splitmix.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::HasSubstr;

std::vector<TokenId> draws(const SamplerConfig& config, const std::vector<float>& logits,
                           std::size_t count) {
  Sampler sampler(config);
  std::vector<TokenId> tokens(count);
  for (TokenId& token : tokens) token = sampler.next(logits);
  return tokens;
}

std::set<TokenId> seen(const SamplerConfig& config, const std::vector<float>& logits) {
  const std::vector<TokenId> tokens = draws(config, logits, 5000);
  return {tokens.begin(), tokens.end()};
}

TEST(SplitMix64, GivesThePublishedNumbers) {
  SplitMix64 random(1234567);  // the test vector that goes with the published C code
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(Sampler, GreedyTakesTheLargestAndOfEqualOnesTheFirst) {
  const auto greedy = SamplerConfig::greedy();
  EXPECT_EQ(draws(greedy, {0.0F, 3.0F, 1.0F, 3.0F}, 1).front(), 1U);
  EXPECT_EQ(draws(greedy, {-5.0F}, 1).front(), 0U);
}

TEST(Sampler, OneCandidateIsGreedyAtAnyTemperature) {
  const std::vector<float> logits{0.0F, 3.0F, 1.0F, 3.0F};
  EXPECT_EQ(seen({.temperature = 9.0F, .top_k = 1, .top_p = 1.0F, .seed = 1}, logits),
            (std::set<TokenId>{1}));
  EXPECT_EQ(seen({.temperature = 9.0F, .top_k = 0, .top_p = 1e-6F, .seed = 1}, logits),
            (std::set<TokenId>{1}));
  EXPECT_EQ(seen({.temperature = 1e-30F, .top_k = 0, .top_p = 1.0F, .seed = 1}, {2.0F, 3.0F}),
            (std::set<TokenId>{1}));
}

TEST(Sampler, TopKDrawsFromTheKLargestAndOfEqualOnesTheFirst) {
  const std::vector<float> logits{1.0F, 0.5F, 1.0F, 1.0F, 0.9F};
  EXPECT_EQ(seen({.temperature = 1.0F, .top_k = 2, .top_p = 1.0F, .seed = 3}, logits),
            (std::set<TokenId>{0, 2}));
  EXPECT_EQ(seen({.temperature = 1.0F, .top_k = 99, .top_p = 1.0F, .seed = 3}, logits),
            (std::set<TokenId>{0, 1, 2, 3, 4}));
}

TEST(Sampler, TopPDrawsFromTheFewestThatReachIt) {
  // Probabilities 0.5, 0.25, 0.125, 0.125.
  const std::vector<float> logits{std::log(4.0F), std::log(2.0F), 0.0F, 0.0F};
  const auto with = [](float top_p) {
    return SamplerConfig{.temperature = 1.0F, .top_k = 0, .top_p = top_p, .seed = 4};
  };
  EXPECT_EQ(seen(with(0.4F), logits), (std::set<TokenId>{0}));
  EXPECT_EQ(seen(with(0.6F), logits), (std::set<TokenId>{0, 1}));
  EXPECT_EQ(seen(with(0.8F), logits), (std::set<TokenId>{0, 1, 2}));
  EXPECT_EQ(seen(with(1.0F), logits), (std::set<TokenId>{0, 1, 2, 3}));
}

// 20000 draws: the standard deviation of a frequency is at most 0.0036.
TEST(Sampler, DrawsWithTheProbabilitiesOfTheSoftmax) {
  const std::vector<float> logits{1.0F, 2.0F, 3.0F, 0.0F};
  for (const float temperature : {0.7F, 1.0F, 2.5F}) {
    std::vector<double> frequency(4, 0.0);
    const SamplerConfig config{.temperature = temperature, .top_k = 0, .top_p = 1.0F, .seed = 5};
    for (const TokenId token : draws(config, logits, 20000)) frequency[token] += 1.0 / 20000;
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit / temperature));
    for (std::size_t i = 0; i < 4; ++i) {
      const double p = std::exp(static_cast<double>(logits[i] / temperature)) / sum;
      EXPECT_NEAR(frequency[i], p, 0.015) << i << " at " << temperature;
    }
  }
}

TEST(Sampler, RepeatsForASeedAndDiffersForAnother) {
  const std::vector<float> logits(50, 1.0F);
  const auto with = [&](std::uint64_t seed) {
    return draws({.temperature = 1.0F, .top_k = 20, .top_p = 0.9F, .seed = seed}, logits, 64);
  };
  EXPECT_EQ(with(1), with(1));
  EXPECT_NE(with(1), with(2));
}

// Written down once: a change of the numbers or of the exponential changes what users got.
TEST(Sampler, DrawsTheSameTokensOnEveryMachine) {
  std::vector<float> logits(100);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i % 13) * 0.3F;
  const SamplerConfig config{.temperature = 0.8F, .top_k = 40, .top_p = 0.95F, .seed = 2026};
  EXPECT_EQ(draws(config, logits, 8), (std::vector<TokenId>{48, 37, 23, 11, 88, 62, 47, 9}));
}

std::vector<Candidate> most_likely(const std::vector<float>& logits, std::size_t count) {
  std::vector<Candidate> all(logits.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = {static_cast<TokenId>(i), logits[i]};
  std::sort(all.begin(), all.end(), more_likely);
  all.resize(count);
  return all;
}

// Few values, so that every boundary of a top_k lies between equal logits.
TEST(Sampler, DrawsTheSameFromCandidatesAsFromAllLogits) {
  std::vector<float> logits(100);
  SplitMix64 random(8);
  for (float& logit : logits) logit = static_cast<float>(random.next() % 7) * 0.5F;
  for (const float temperature : {0.0F, 0.8F, 3.0F}) {
    for (const std::uint32_t top_k : {1U, 2U, 40U, 99U}) {
      for (const float top_p : {0.3F, 0.95F, 1.0F}) {
        const SamplerConfig config{temperature, top_k, top_p, 7};
        Sampler of_all(config);
        Sampler of_candidates(config);
        const std::size_t count = of_candidates.candidates(logits.size());
        ASSERT_EQ(count, temperature == 0.0F ? 1U : top_k);
        const std::vector<Candidate> candidates = most_likely(logits, count);
        for (int draw = 0; draw < 20; ++draw) {
          ASSERT_EQ(of_candidates.next_of(candidates), of_all.next(logits))
              << temperature << " " << top_k << " " << top_p;
        }
      }
    }
  }
}

TEST(Sampler, SaysWhereItNeedsAllLogits) {
  const auto candidates = [](float temperature, std::uint32_t top_k) {
    return Sampler({temperature, top_k, 0.9F, 0}).candidates(50);
  };
  EXPECT_EQ(candidates(1.0F, 0), 0U);
  EXPECT_EQ(candidates(1.0F, 49), 49U);
  EXPECT_EQ(candidates(1.0F, 50), 0U);
  EXPECT_EQ(candidates(0.0F, 0), 1U);
}

TEST(Sampler, RefusesAConfigOutsideItsRange) {
  const auto error = [](float temperature, float top_p) {
    return error_of([&] {
      const Sampler refused({.temperature = temperature, .top_k = 0, .top_p = top_p, .seed = 0});
    });
  };
  EXPECT_EQ(error(-1.0F, 1.0F), "temperature is -1: must be 0 or above");
  EXPECT_EQ(error(1.0F, 0.0F), "top-p is 0: must be above 0 and at most 1");
  EXPECT_THAT(error(1.0F, 1.5F), HasSubstr("top-p is 1.5"));
  EXPECT_THAT(error(std::numeric_limits<float>::quiet_NaN(), 1.0F), HasSubstr("temperature"));
  EXPECT_THAT(error(std::numeric_limits<float>::infinity(), 1.0F), HasSubstr("temperature"));
}

TEST(Sampler, RefusesLogitsItCannotCompare) {
  Sampler sampler(SamplerConfig::greedy());
  const std::vector<float> none;
  EXPECT_THROW((void)sampler.next(none), std::invalid_argument);
  const std::vector<float> bad{1.0F, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THROW((void)sampler.next(bad), std::runtime_error);
  EXPECT_THROW((void)sampler.next_of({}), std::invalid_argument);
  const std::vector<Candidate> infinite{{3, std::numeric_limits<float>::infinity()}};
  EXPECT_THROW((void)sampler.next_of(infinite), std::runtime_error);
}

}  // namespace
}  // namespace sterna
