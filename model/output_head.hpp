// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/activation_tiles.hpp"
#include "kernels/panel_kernels.hpp"
#include "kernels/thread_pool.hpp"
#include "model/weights.hpp"

namespace sterna {

/// The matrix that turns a normed hidden row into logits.
///
/// A matrix of floats is multiplied in float32 (ops.hpp). An int8 matrix is multiplied in integers: the
/// hidden row is split into two int8 digits (16 bits, so that only the weights are coarse), both
/// products are exact, and logit r = (256 * high + low) / scale of the row * scale of r.
class OutputHead {
 public:
  /// `matrix` and `pool` outlive the object; `max_tokens` are given at a time at most.
  OutputHead(const VocabMatrix& matrix, std::size_t max_tokens, ThreadPool& pool);

  /// Shapes  normed (tokens, hidden), logits (tokens, vocab)
  /// Errors  std::runtime_error when `normed` holds a NaN or an infinity and the head is int8
  void multiply(std::span<const float> normed, std::size_t tokens, std::span<float> logits);

 private:
  void multiply_floats(std::span<const float> normed, std::size_t tokens, std::span<float> logits);
  void multiply_int8(const ScaledInt8& head, std::span<const float> normed, std::size_t tokens,
                     std::span<float> logits);
  void split(std::span<const float> normed, std::size_t tokens);

  const VocabMatrix& matrix_;
  ThreadPool& pool_;
  const PanelKernels& kernels_;
  ActivationTiles digits_;     // (2 * tokens, hidden): high and low of token 0, of token 1, ...
  std::vector<float> scales_;  // (tokens,)
  std::vector<std::int32_t> sums_;  // (threads, 2 * tokens, rows of a chunk)
};

}  // namespace sterna
