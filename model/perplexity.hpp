// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "model/transformer.hpp"

namespace sterna {

/// How well a model predicts a text.
struct Perplexity {
  std::uint64_t scored_tokens;   // tokens with a prediction: all but the first of each window
  std::uint64_t correct_tokens;  // of which the most likely prediction was right
  double nats;                   // sum of -ln p over the scored tokens

  /// exp(mean nats a scored token).
  [[nodiscard]] double perplexity() const;
  /// correct / scored.
  [[nodiscard]] double accuracy() const;
};

/// Sees the logits of each window, shape (tokens of the window, vocab).
using LogitsObserver = std::function<void(std::span<const float>)>;

/// Scores `tokens` in windows of `window_tokens` that do not overlap, each from an empty context;
/// the first token of a window is not scored, and a last window of one token is left out.
///
/// Errors  std::invalid_argument when there is nothing to score or a window exceeds the context
[[nodiscard]] Perplexity measure_perplexity(Transformer& model, std::span<const TokenId> tokens,
                                            std::size_t window_tokens,
                                            const LogitsObserver& observe = {});

}  // namespace sterna
