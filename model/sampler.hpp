// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/config.hpp"
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

 private:
  void choose_candidates(std::span<const float> logits);
  TokenId draw();

  SamplerConfig config_;
  SplitMix64 random_;
  std::vector<TokenId> order_;        // candidates, most likely first
  std::vector<float> probabilities_;  // of order_
};

/// The most likely token; of equal logits the lowest id.
[[nodiscard]] TokenId argmax(std::span<const float> logits);

}  // namespace sterna
