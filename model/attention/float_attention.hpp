// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model/attention/attention.hpp"

namespace sterna {

/// Attention over keys and values in float32, in the order of operations of ops.hpp.
///
/// Layout  layer after layer; in a layer head after head; in a head token after token, so that the
///         keys one query head reads are one run of memory
class FloatAttention : public Attention {
 public:
  FloatAttention(const ModelConfig& config, std::size_t context_tokens, ThreadPool& pool);

  bool append(std::size_t layer, std::size_t position, std::span<const float> key,
              std::span<const float> value) override;
  void attend(std::size_t layer, std::size_t first, std::size_t tokens, std::span<const float> q,
              std::span<float> out) override;
  [[nodiscard]] static std::size_t bytes_per_token(const ModelConfig& config);

 private:
  // Floats before token 0 of one head.
  [[nodiscard]] std::size_t offset(std::size_t layer, std::size_t head) const {
    return (layer * kv_heads_ + head) * context_tokens_ * dim_;
  }

  ThreadPool& pool_;
  std::size_t heads_;
  std::size_t kv_heads_;
  std::size_t dim_;
  std::size_t context_tokens_;
  std::vector<float> keys_;
  std::vector<float> values_;
  std::vector<float> scores_;  // (threads, context)
};

}  // namespace sterna
