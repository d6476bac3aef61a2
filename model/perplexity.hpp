// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/thread_pool.hpp"
#include "model/transformer.hpp"

namespace sterna {

/// How well a model predicts a text.
struct Perplexity {
  std::uint64_t scored_tokens;   // tokens whose prediction counts
  std::uint64_t correct_tokens;  // of which the most likely prediction was right
  double nats;                   // sum of -ln p over the scored tokens
  double squared_nats;           // sum of their squares

  /// exp(mean nats a scored token).
  [[nodiscard]] double perplexity() const;
  /// Standard error of perplexity(): of the mean, times the slope of exp there; 0 for fewer than two
  /// tokens.
  /// Source  llama.cpp's perplexity prints the same
  [[nodiscard]] double standard_error() const;
  /// correct / scored.
  [[nodiscard]] double accuracy() const;
};

/// Tokens that go through the model together, from an empty context.
struct EvalWindow {
  std::vector<TokenId> tokens;
  std::size_t first_scored;  // index of the first token that counts, at least 1; so do all after it
};

/// Windows of `window_tokens` that do not overlap, of which all but the first token count; a last
/// window of one token is left out.
/// Errors  std::invalid_argument when there is nothing to score
[[nodiscard]] std::vector<EvalWindow> plain_windows(std::span<const TokenId> tokens,
                                                    std::size_t window_tokens);

/// Logits of some tokens of a window, as they are scored.
struct ScoredLogits {
  std::span<const float> logits;  // (tokens, vocab)
  std::size_t position;           // of the first of these tokens in its window
  std::size_t tokens_done;        // of all windows, unscored ones included
  const Perplexity& so_far;
};
using LogitsObserver = std::function<void(const ScoredLogits&)>;

/// Scores windows one after the other. The result has the same bits for every number of threads: a
/// token's sum over the vocabulary is one thread's, and sums over tokens go in the order of the text.
///
/// Errors  std::invalid_argument when there is no window, or one has nothing to score or exceeds the
///         context
[[nodiscard]] Perplexity measure_perplexity(Transformer& model, ThreadPool& pool,
                                            std::span<const EvalWindow> windows,
                                            const LogitsObserver& observe = {});

}  // namespace sterna
