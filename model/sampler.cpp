// SPDX-License-Identifier: Apache-2.0
#include "model/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <stdexcept>

#include "model/ops.hpp"

namespace sterna {
namespace {

// Refuses what cannot be compared; `logit_of` gives the logit of an element.
template <typename Elements, typename LogitOf>
void check(const Elements& elements, const LogitOf& logit_of) {
  if (elements.empty()) throw std::invalid_argument("no logits were given to choose a token from");
  if (!std::ranges::all_of(
          elements, [](float x) { return std::isfinite(x); }, logit_of)) {
    throw std::runtime_error("a logit is infinite or not a number: this model overflows float32");
  }
}

}  // namespace

void SamplerConfig::validate() const {
  const auto require = [](bool ok, const char* name, float value, const char* legal) {
    if (ok) return;
    std::ostringstream message;
    message << name << " is " << value << ": " << legal;
    throw std::invalid_argument(message.str());
  };
  require(temperature >= 0.0F && std::isfinite(temperature), "temperature", temperature,
          "must be 0 or above");
  require(top_p > 0.0F && top_p <= 1.0F, "top-p", top_p, "must be above 0 and at most 1");
}

TokenId argmax(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

Sampler::Sampler(const SamplerConfig& config) : config_(config), random_(config.seed) {
  config.validate();
}

TokenId Sampler::next(std::span<const float> logits) {
  check(logits, [](float logit) { return logit; });
  if (config_.temperature == 0.0F) return argmax(logits);

  choose_candidates(logits);
  probabilities_.resize(order_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) probabilities_[i] = logits[order_[i]];
  return draw_at_temperature(logits[argmax(logits)]);
}

std::size_t Sampler::candidates(std::size_t vocab) const {
  if (config_.temperature == 0.0F) return 1;
  // Without a limit by count the order of the tokens, and with it the draw, depends on top_p.
  return config_.top_k < vocab ? config_.top_k : 0;
}

TokenId Sampler::next_of(std::span<const Candidate> candidates) {
  check(candidates, [](const Candidate& candidate) { return candidate.logit; });
  if (config_.temperature == 0.0F) return candidates[0].token;

  order_.clear();
  probabilities_.clear();
  for (const Candidate& candidate : candidates) {
    order_.push_back(candidate.token);
    probabilities_.push_back(candidate.logit);
  }
  return draw_at_temperature(candidates[0].logit);
}

// Draws from order_, given their logits in probabilities_.
TokenId Sampler::draw_at_temperature(float largest) {
  for (float& logit : probabilities_) {
    // The difference first: a quotient of two large numbers could be infinite minus infinite.
    logit = (logit - largest) / config_.temperature;
  }
  softmax(probabilities_);
  return draw();
}

// order_ = the top_k most likely tokens, most likely first; all tokens by id when neither top_k nor
// top_p needs an order.
void Sampler::choose_candidates(std::span<const float> logits) {
  order_.resize(logits.size());
  std::iota(order_.begin(), order_.end(), TokenId{0});
  const bool limits_count = config_.top_k > 0 && config_.top_k < logits.size();
  if (!limits_count && config_.top_p == 1.0F) return;
  const std::size_t count = limits_count ? config_.top_k : logits.size();
  std::partial_sort(
      order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(count), order_.end(),
      [&](TokenId a, TokenId b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  order_.resize(count);
}

TokenId Sampler::draw() {
  double kept = 0.0;
  std::size_t count = 0;
  const auto reach = static_cast<double>(config_.top_p);
  while (count < order_.size() && (count == 0 || config_.top_p == 1.0F || kept < reach)) {
    kept += static_cast<double>(probabilities_[count++]);
  }
  const double target = random_.uniform() * kept;
  double sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += static_cast<double>(probabilities_[i]);
    if (sum > target) return order_[i];
  }
  return order_[count - 1];
}

}  // namespace sterna
