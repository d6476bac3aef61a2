// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/config.hpp"
#include "model/head/head_screen.hpp"
#include "model/splitmix.hpp"

namespace sterna {

/// How the next token is drawn.
struct SamplerConfig {
  float temperature;    // logits are divided by it; 0: always the most likely token
  std::uint32_t top_k;  // draw from this many of the most likely tokens; 0: all
  float top_p;          // and from the fewest whose probability reaches this; 1: all
  std::uint64_t seed;

  /// Always the most likely token.
  static constexpr SamplerConfig greedy() {
    return {.temperature = 0.0F, .top_k = 0, .top_p = 1.0F, .seed = 0};
  }

  /// Errors  std::invalid_argument naming the field, its value and what is legal
  void validate() const;

  friend bool operator==(const SamplerConfig&, const SamplerConfig&) = default;
};

/// Draws tokens. The same seed and logits give the same tokens on every machine: the random numbers
/// are SplitMix64, the exponential is ours (ops.hpp), and of equal logits the lowest id comes
/// first.
class Sampler {
 public:
  /// Errors  those of SamplerConfig::validate()
  explicit Sampler(const SamplerConfig& config);

  /// The next token, given logits, shape (vocab,).
  /// Errors  std::invalid_argument without logits, std::runtime_error when one is NaN or infinite
  [[nodiscard]] TokenId next(std::span<const float> logits);

  /// How many of the most likely tokens of a vocabulary of `vocab` next() can look at; 0: it needs the
  /// logits of all.
  [[nodiscard]] std::size_t candidates(std::size_t vocab) const;

  /// The next token, given the candidates(vocab) most likely ones, most likely first: the same as from
  /// the logits of all.
  /// Errors  those of next()
  [[nodiscard]] TokenId next_of(std::span<const Candidate> candidates);

 private:
  void choose_candidates(std::span<const float> logits);
  TokenId draw_at_temperature(float largest);
  TokenId draw();

  SamplerConfig config_;
  SplitMix64 random_;
  std::vector<TokenId> order_;        // candidates, most likely first
  std::vector<float> probabilities_;  // of order_; at first their logits
};

/// The most likely token; of equal logits the lowest id.
[[nodiscard]] TokenId argmax(std::span<const float> logits);

}  // namespace sterna
