// SPDX-License-Identifier: Apache-2.0
#include "model/attention/float_attention.hpp"

#include <algorithm>

#include "model/memory_check.hpp"
#include "model/ops.hpp"

namespace sterna {
namespace {

std::size_t checked_floats(const ModelConfig& config, std::size_t tokens) {
  const double floats =
      static_cast<double>(config.layers) * config.kv_width() * static_cast<double>(tokens);
  require_memory(2.0 * sizeof(float) * floats, "the cache of keys and values",
                 "choose a shorter context");
  return std::size_t{config.layers} * config.kv_width() * tokens;
}

}  // namespace

FloatAttention::FloatAttention(const ModelConfig& config, std::size_t context_tokens,
                               ThreadPool& pool)
    : pool_(pool),
      heads_(config.heads),
      kv_heads_(config.kv_heads),
      dim_(config.head_dim),
      context_tokens_(context_tokens),
      keys_(checked_floats(config, context_tokens)),
      values_(keys_.size()),
      scores_(pool.threads() * context_tokens) {}

bool FloatAttention::append(std::size_t layer, std::size_t position, std::span<const float> key,
                            std::span<const float> value) {
  for (std::size_t h = 0; h < kv_heads_; ++h) {
    const std::size_t to = offset(layer, h) + position * dim_;
    std::copy_n(key.data() + h * dim_, dim_, keys_.data() + to);
    std::copy_n(value.data() + h * dim_, dim_, values_.data() + to);
  }
  return true;  // an infinity shows in the output, which is quantised next
}

void FloatAttention::attend(std::size_t layer, std::size_t first, std::size_t tokens,
                            std::span<const float> q, std::span<float> out) {
  const std::size_t sharers = heads_ / kv_heads_;
  pool_.parallel_chunks(
      tokens * heads_,
      [&](std::size_t begin, std::size_t end, unsigned thread) {
        const auto scratch = std::span(scores_).subspan(thread * context_tokens_, context_tokens_);
        for (std::size_t i = begin; i < end; ++i) {
          const std::size_t seen = first + i / heads_ + 1;
          const std::size_t from = offset(layer, i % heads_ / sharers);
          sterna::attend(q.subspan(i * dim_, dim_), std::span(keys_).subspan(from, seen * dim_),
                         std::span(values_).subspan(from, seen * dim_), scratch.first(seen),
                         out.subspan(i * dim_, dim_));
        }
      },
      ThreadPool::grain_of(2 * dim_ * (first + tokens)));
}

std::size_t FloatAttention::bytes_per_token(const ModelConfig& config) {
  return 2 * std::size_t{config.layers} * config.kv_width() * sizeof(float);
}

}  // namespace sterna
