// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/huge_pages.hpp"
#include "kernels/packing/activation_tiles.hpp"
#include "kernels/packing/int8_panels.hpp"
#include "kernels/panel/panel_kernels.hpp"
#include "model/attention/attention.hpp"

namespace sterna {

/// Attention over keys and values in int8, in integers: both products are those of the panel kernels.
///
/// A key and a value have a float32 scale a token and head. Queries and attention weights are split
/// into two int8 digits (ops.hpp), so that only the cache is coarse:
///   score[j]  = (256 * high + low) / (scale of q * sqrt(head_dim)) * scale of key j
///   weight[j] = exp(score[j] - largest) * scale of value j, split into digits over all tokens j
///   out[d]    = (256 * high + low) / scale of the weights / sum of exp
/// The integer sums are exact, so any thread may compute any part of them.
///
/// Layout  keys of a head: an int8 matrix (tokens, head_dim) in panels of 16 tokens; values: the matrix
///         (head_dim, tokens) in panels of 16 dimensions with room for the whole context (packed_int8.hpp)
class Int8Attention : public Attention {
 public:
  Int8Attention(const ModelConfig& config, std::size_t context_tokens, ThreadPool& pool);

  bool append(std::size_t layer, std::size_t position, std::span<const float> key,
              std::span<const float> value) override;
  void attend(std::size_t layer, std::size_t first, std::size_t tokens, std::span<const float> q,
              std::span<float> out) override;
  [[nodiscard]] static std::size_t bytes_per_token(const ModelConfig& config);

 private:
  // What the query heads that share one key-value head need while they attend.
  struct Scratch {
    ActivationTiles query;             // (2 * sharers, head_dim) digits
    ActivationTiles weights;           // (2 * sharers, tokens) digits
    std::vector<float> query_scales;   // (sharers,)
    std::vector<float> weight_scales;  // (sharers,) scale of the digits times sum of exp
    std::vector<float> scores;         // (sharers, context)
    std::vector<std::int32_t> sums;    // (2 * sharers, context or head_dim)
    std::vector<std::int8_t> digits;   // (2, context or head_dim)
  };
  // One key-value head of one layer.
  struct Head {
    std::uint8_t* keys;
    std::uint8_t* values;
    float* key_scales;    // (context,)
    float* value_scales;  // (context,)
  };

  [[nodiscard]] Head head(std::size_t layer, std::size_t kv_head) const;
  void attend_one_token(std::size_t layer, std::size_t seen, std::span<const float> q,
                        std::span<float> out);
  void attend_each_token(std::size_t layer, std::size_t first, std::size_t tokens,
                         std::span<const float> q, std::span<float> out);

  // The steps of one token and key-value head: `seen` tokens of context.
  void split_query(std::span<const float> q, Scratch& scratch) const;
  void score(const Head& head, std::size_t begin, std::size_t end, Scratch& scratch) const;
  void weigh(const Head& head, std::size_t sharer, std::size_t seen, Scratch& scratch) const;
  void mix(const Head& head, std::size_t first_panel, std::size_t panels, Scratch& scratch,
           std::span<float> out) const;

  ThreadPool& pool_;
  const PanelKernels& kernels_;
  std::size_t kv_heads_;
  std::size_t sharers_;  // query heads of a key-value head
  std::size_t dim_;
  std::size_t context_;  // tokens, rounded up to whole panels
  HugePages memory_;
  std::span<std::uint8_t> keys_;
  std::span<std::uint8_t> values_;
  std::span<float> key_scales_;
  std::span<float> value_scales_;
  std::vector<Scratch> scratch_;  // one a key-value head or thread
};

}  // namespace sterna
