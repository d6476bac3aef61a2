// SPDX-License-Identifier: Apache-2.0
#include "model/perplexity.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "model/sampler.hpp"

namespace sterna {
namespace {

// -ln p of a token, in float64 and in the order of the vocabulary.
double nats_of(std::span<const float> logits, TokenId token) {
  const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum) - static_cast<double>(logits[token]);
}

class Scorer {
 public:
  Scorer(Transformer& model, ThreadPool& pool, const LogitsObserver& observe)
      : model_(model), pool_(pool), observe_(observe) {}

  void score(const EvalWindow& window);

  [[nodiscard]] const Perplexity& result() const { return result_; }

 private:
  void score_rows(std::span<const TokenId> next);

  Transformer& model_;
  ThreadPool& pool_;
  const LogitsObserver& observe_;
  Perplexity result_{.scored_tokens = 0, .correct_tokens = 0, .nats = 0.0, .squared_nats = 0.0};
  std::size_t tokens_done_ = 0;
  std::vector<float> logits_;          // (tokens of a step, vocab)
  std::vector<double> nats_;           // (tokens of a step,)
  std::vector<std::uint8_t> correct_;  // (tokens of a step,)
};

// Logits of a whole window of a large vocabulary would be gigabytes: they come a batch at a time.
void Scorer::score(const EvalWindow& window) {
  const std::span<const TokenId> tokens = window.tokens;
  const std::size_t vocab = model_.config().vocab;
  const std::size_t unscored = window.first_scored - 1;
  model_.reset();
  if (unscored > 0) {
    logits_.resize(vocab);
    model_.forward(tokens.first(unscored), Logits::Last, logits_);
    tokens_done_ += unscored;
  }
  for (std::size_t at = unscored; at < tokens.size();) {
    const std::size_t count = std::min(TransformerLimits::kBatchTokens, tokens.size() - at);
    logits_.resize(count * vocab);
    model_.forward(tokens.subspan(at, count), Logits::All, logits_);
    score_rows(tokens.subspan(at + 1, std::min(count, tokens.size() - at - 1)));
    tokens_done_ += count;
    if (observe_) observe_({logits_, at, tokens_done_, result_});
    at += count;
  }
}

// Row t of the logits predicts token t of `next`.
void Scorer::score_rows(std::span<const TokenId> next) {
  const std::size_t vocab = model_.config().vocab;
  nats_.resize(next.size());
  correct_.resize(next.size());
  pool_.parallel_chunks(
      next.size(),
      [&](std::size_t begin, std::size_t end, unsigned) {
        for (std::size_t t = begin; t < end; ++t) {
          const auto row = std::span<const float>(logits_).subspan(t * vocab, vocab);
          nats_[t] = nats_of(row, next[t]);
          correct_[t] = argmax(row) == next[t] ? 1 : 0;
        }
      },
      ThreadPool::grain_of(16 * vocab));  // an exponential takes about 16 multiply-adds' time
  for (std::size_t t = 0; t < next.size(); ++t) {
    result_.nats += nats_[t];
    result_.squared_nats += nats_[t] * nats_[t];
    result_.correct_tokens += correct_[t];
    ++result_.scored_tokens;
  }
}

}  // namespace

double Perplexity::perplexity() const {
  return std::exp(nats / static_cast<double>(scored_tokens));
}

double Perplexity::standard_error() const {
  if (scored_tokens < 2) return 0.0;
  const auto n = static_cast<double>(scored_tokens);
  const double variance = squared_nats / n - (nats / n) * (nats / n);
  return std::sqrt(std::max(variance, 0.0) / (n - 1.0)) * perplexity();
}

double Perplexity::accuracy() const {
  return static_cast<double>(correct_tokens) / static_cast<double>(scored_tokens);
}

std::vector<EvalWindow> plain_windows(std::span<const TokenId> tokens, std::size_t window_tokens) {
  if (window_tokens < 2) {
    throw std::invalid_argument("a window of " + std::to_string(window_tokens) +
                                " tokens has none to score: it must have 2 or more");
  }
  if (tokens.size() < 2) {
    throw std::invalid_argument("a text of " + std::to_string(tokens.size()) +
                                " tokens has none to score: give a longer one");
  }
  std::vector<EvalWindow> windows;
  for (std::size_t begin = 0; begin + 1 < tokens.size(); begin += window_tokens) {
    const auto part = tokens.subspan(begin, std::min(window_tokens, tokens.size() - begin));
    windows.push_back({.tokens = {part.begin(), part.end()}, .first_scored = 1});
  }
  return windows;
}

Perplexity measure_perplexity(Transformer& model, ThreadPool& pool,
                              std::span<const EvalWindow> windows, const LogitsObserver& observe) {
  if (windows.empty()) throw std::invalid_argument("there is no window of tokens to score");
  for (const EvalWindow& window : windows) {
    const std::size_t tokens = window.tokens.size();
    if (tokens > model.context_tokens()) {
      throw std::invalid_argument("a window of " + std::to_string(tokens) +
                                  " tokens exceeds the context of " +
                                  std::to_string(model.context_tokens()));
    }
    if (window.first_scored < 1 || window.first_scored >= tokens) {
      throw std::invalid_argument("a window of " + std::to_string(tokens) +
                                  " tokens cannot be scored from token " +
                                  std::to_string(window.first_scored) + " on");
    }
  }
  Scorer scorer(model, pool, observe);
  for (const EvalWindow& window : windows) scorer.score(window);
  return scorer.result();
}

}  // namespace sterna
