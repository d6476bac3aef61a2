// SPDX-License-Identifier: Apache-2.0
#include "model/perplexity.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

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

}  // namespace

double Perplexity::perplexity() const {
  return std::exp(nats / static_cast<double>(scored_tokens));
}

double Perplexity::accuracy() const {
  return static_cast<double>(correct_tokens) / static_cast<double>(scored_tokens);
}

Perplexity measure_perplexity(Transformer& model, std::span<const TokenId> tokens,
                              std::size_t window_tokens, const LogitsObserver& observe) {
  if (window_tokens < 2 || window_tokens > model.context_tokens()) {
    throw std::invalid_argument("a window of " + std::to_string(window_tokens) +
                                " tokens cannot be scored: it must have 2 to " +
                                std::to_string(model.context_tokens()));
  }
  if (tokens.size() < 2) {
    throw std::invalid_argument("a text of " + std::to_string(tokens.size()) +
                                " tokens has none to score: give a longer one");
  }
  const std::size_t vocab = model.config().vocab;
  std::vector<float> logits;
  Perplexity result{.scored_tokens = 0, .correct_tokens = 0, .nats = 0.0};
  for (std::size_t begin = 0; begin + 1 < tokens.size(); begin += window_tokens) {
    const auto window = tokens.subspan(begin, std::min(window_tokens, tokens.size() - begin));
    model.reset();
    logits.resize(window.size() * vocab);
    model.forward(window, Logits::All, logits);
    if (observe) observe(logits);
    for (std::size_t t = 0; t + 1 < window.size(); ++t) {
      const auto row = std::span<const float>(logits).subspan(t * vocab, vocab);
      result.nats += nats_of(row, window[t + 1]);
      result.correct_tokens += argmax(row) == window[t + 1] ? 1 : 0;
      ++result.scored_tokens;
    }
  }
  return result;
}

}  // namespace sterna
