// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/packing/activation_tiles.hpp"
#include "kernels/panel/panel_kernels.hpp"
#include "kernels/thread_pool.hpp"
#include "model/head/head_screen.hpp"
#include "model/weights.hpp"

namespace sterna {

/// Rows that OutputHead::top() looked at since the head was made.
struct RescoredRows {
  std::uint64_t of;        // rows there were, added up over the calls
  std::uint64_t rescored;  // of which all eight bits were read
  [[nodiscard]] double share() const {
    return of == 0 ? 0.0 : static_cast<double>(rescored) / static_cast<double>(of);
  }
};

/// The matrix that turns a normed hidden row into logits.
///
/// A matrix of floats is multiplied in float32 (ops.hpp). An int8 matrix is multiplied in integers: the
/// hidden row is split into two int8 digits (16 bits, so that only the weights are coarse), both
/// products are exact, and logit r = (256 * high + low) / scale of the row * scale of r. An int8 matrix
/// in two planes has the same logits, bit for bit; top() reads six bits of each weight of it, and the
/// other two of those rows only that can be among the most likely.
class OutputHead {
 public:
  /// `matrix` and `pool` outlive the object; `max_tokens` are given at a time at most.
  OutputHead(const VocabMatrix& matrix, std::size_t max_tokens, ThreadPool& pool);

  /// Shapes  normed (tokens, hidden), logits (tokens, vocab)
  /// Errors  std::runtime_error when `normed` holds a NaN or an infinity and the head is int8
  void multiply(std::span<const float> normed, std::size_t tokens, std::span<float> logits);

  /// The `count` most likely tokens (all, when there are fewer), most likely first: the same tokens and
  /// logits, bit for bit, as by sorting those of multiply().
  /// Shape   normed (hidden,)   Range  count > 0
  /// Errors  those of multiply(); std::runtime_error when a logit is NaN or infinite
  void top(std::span<const float> normed, std::size_t count, std::vector<Candidate>& out);

  [[nodiscard]] const RescoredRows& rescored() const { return rescored_; }

 private:
  void multiply_floats(std::span<const float> normed, std::size_t tokens, std::span<float> logits);
  template <typename PanelsOf>
  void multiply_codes(std::span<const float> scales, std::size_t chunk_panels, std::size_t tokens,
                      std::span<float> logits, const PanelsOf& panels_of);
  void multiply_planes(const PlanedInt8& head, std::size_t tokens, std::span<float> logits);
  void split(std::span<const float> normed, std::size_t tokens);

  [[nodiscard]] RowBounds widen_digits();
  float screen(const PlanedInt8& head, const RowBounds& bounds, std::size_t count);
  float gather_rows(std::size_t count);
  void rescore(const PlanedInt8& head, std::span<const ScreenedRow> rows,
               std::span<Candidate> candidates);
  void top_by_planes(const PlanedInt8& head, std::size_t count, float least,
                     std::vector<Candidate>& out);
  void top_of_all(std::span<const float> normed, std::size_t count, std::vector<Candidate>& out);

  const VocabMatrix& matrix_;
  ThreadPool& pool_;
  const PanelKernels& kernels_;
  ActivationTiles digits_;     // (2 * tokens, hidden): high and low of token 0, of token 1, ...
  std::vector<float> scales_;  // (tokens,)
  std::vector<std::int32_t> sums_;                // (threads, 2 * tokens, rows of a chunk)
  std::vector<std::vector<std::uint8_t>> codes_;  // (threads,) a chunk of two planes as int8 codes

  std::vector<std::int16_t> wide_digits_;  // (2, padded columns) of the row in top()
  std::vector<RowSieve> sieves_;           // (threads,)
  std::vector<ScreenedRow> rows_;          // of all sieves
  std::vector<float> best_;                // lower bounds of all sieves
  std::vector<float> all_logits_;          // (vocab,) where top() needs them
  float largest_scale_ = 0.0F;             // of the rows of a head in two planes
  RescoredRows rescored_{0, 0};
};

}  // namespace sterna
