// SPDX-License-Identifier: Apache-2.0
#include "model/attention/int8_attention.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "kernels/packing/packed_int8.hpp"
#include "model/attention/float_kernels.hpp"
#include "model/memory_check.hpp"
#include "model/ops.hpp"

namespace sterna {
namespace {

std::size_t round_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

std::size_t padded_dim(std::size_t dim) { return round_up(dim, kPanelRows); }

// Tokens of context from which on one token's attention is worth sharing out among threads.
constexpr std::size_t kWorthSharing = 256;

// Tokens that one thread scores at a time then.
constexpr std::size_t kScoreTokens = 512;

template <typename T>
std::span<T> allocate(HugePages& memory, std::size_t count) {
  return {static_cast<T*>(memory.allocate(count * sizeof(T))), count};
}

std::size_t checked_context(const ModelConfig& config, std::size_t tokens) {
  if (tokens > PackedInt8::kMaxCols) {
    throw std::invalid_argument("a context of " + std::to_string(tokens) +
                                " tokens is too long for a cache in int8: give at most " +
                                std::to_string(PackedInt8::kMaxCols) + " or keep it in f32");
  }
  const std::size_t padded = round_up(tokens, kPanelRows);
  require_memory(
      static_cast<double>(padded) * static_cast<double>(Int8Attention::bytes_per_token(config)),
      "the cache of keys and values", "choose a shorter context");
  return padded;
}

// Rounds one head's key or value to int8; returns what a code is worth, NaN when it cannot.
float round_head(std::span<const float> x, std::span<std::int8_t> codes) {
  const float scale = quantize(x, codes);
  return scale == 0.0F ? std::nanf("") : 1.0F / scale;
}

}  // namespace

Int8Attention::Int8Attention(const ModelConfig& config, std::size_t context_tokens,
                             ThreadPool& pool)
    : pool_(pool),
      kernels_(panel_kernels()),
      kv_heads_(config.kv_heads),
      sharers_(config.heads / config.kv_heads),
      dim_(config.head_dim),
      context_(checked_context(config, context_tokens)),
      scratch_(std::max<std::size_t>(config.kv_heads, pool.threads())) {
  const std::size_t tokens = config.layers * kv_heads_ * context_;
  // Not initialised: rows past the last token are not computed, and columns past it meet zeros.
  keys_ = allocate<std::uint8_t>(memory_, tokens * round_up(dim_, kQuadCols));
  values_ = allocate<std::uint8_t>(memory_, tokens * padded_dim(dim_));
  key_scales_ = allocate<float>(memory_, tokens);
  value_scales_ = allocate<float>(memory_, tokens);
  const std::size_t widest = std::max(context_, padded_dim(dim_));
  for (Scratch& s : scratch_) {
    s.query.resize(2 * sharers_, round_up(dim_, kQuadCols));
    s.weights.resize(2 * sharers_, context_);
    s.query_scales.resize(sharers_);
    s.weight_scales.resize(sharers_);
    s.scores.resize(sharers_ * context_);
    s.sums.resize(2 * sharers_ * widest);
    s.digits.resize(2 * sharers_ * widest);
  }
}

std::size_t Int8Attention::bytes_per_token(const ModelConfig& config) {
  return std::size_t{config.layers} * config.kv_heads *
         (round_up(config.head_dim, kQuadCols) + padded_dim(config.head_dim) + 2 * sizeof(float));
}

Int8Attention::Head Int8Attention::head(std::size_t layer, std::size_t kv_head) const {
  const std::size_t first = (layer * kv_heads_ + kv_head) * context_;
  return {.keys = keys_.data() + first * round_up(dim_, kQuadCols),
          .values = values_.data() + first * padded_dim(dim_),
          .key_scales = key_scales_.data() + first,
          .value_scales = value_scales_.data() + first};
}

bool Int8Attention::append(std::size_t layer, std::size_t position, std::span<const float> key,
                           std::span<const float> value) {
  const std::size_t quads = (dim_ + kQuadCols - 1) / kQuadCols;
  std::vector<std::int8_t> codes(dim_);
  bool finite = true;
  for (std::size_t h = 0; h < kv_heads_; ++h) {
    const Head to = head(layer, h);
    to.key_scales[position] = round_head(key.subspan(h * dim_, dim_), codes);
    std::uint8_t* row =
        to.keys + position / kPanelRows * quads * kBlockBytes + position % kPanelRows * kQuadCols;
    for (std::size_t d = 0; d < dim_; ++d) {
      row[d / kQuadCols * kBlockBytes + d % kQuadCols] =
          static_cast<std::uint8_t>(codes[d] + kInt8Zero);
    }
    to.value_scales[position] = round_head(value.subspan(h * dim_, dim_), codes);
    std::uint8_t* column = to.values + position / kQuadCols * kBlockBytes + position % kQuadCols;
    for (std::size_t d = 0; d < dim_; ++d) {
      column[d / kPanelRows * context_ * kPanelRows + d % kPanelRows * kQuadCols] =
          static_cast<std::uint8_t>(codes[d] + kInt8Zero);
    }
    finite = finite && !std::isnan(to.key_scales[position] + to.value_scales[position]);
  }
  return finite;
}

void Int8Attention::attend(std::size_t layer, std::size_t first, std::size_t tokens,
                           std::span<const float> q, std::span<float> out) {
  if (tokens == 1 && first + 1 >= kWorthSharing) {
    attend_one_token(layer, first + 1, q, out);
  } else {
    attend_each_token(layer, first, tokens, q, out);
  }
}

// Three loops: all scores, all weights, all outputs; each shared out finer than by heads.
void Int8Attention::attend_one_token(std::size_t layer, std::size_t seen, std::span<const float> q,
                                     std::span<float> out) {
  const std::size_t width = sharers_ * dim_;
  for (std::size_t h = 0; h < kv_heads_; ++h) {
    split_query(q.subspan(h * width, width), scratch_[h]);
    scratch_[h].weights.resize(2 * sharers_, round_up(seen, kQuadCols));
  }
  const std::size_t parts = (seen + kScoreTokens - 1) / kScoreTokens;
  pool_.parallel_for(kv_heads_ * parts, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t token = i % parts * kScoreTokens;
      score(head(layer, i / parts), token, std::min(seen, token + kScoreTokens),
            scratch_[i / parts]);
    }
  });
  pool_.parallel_for(kv_heads_ * sharers_, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      weigh(head(layer, i / sharers_), i % sharers_, seen, scratch_[i / sharers_]);
    }
  });
  const std::size_t panels = padded_dim(dim_) / kPanelRows;
  pool_.parallel_for(kv_heads_ * panels, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end;) {
      const std::size_t h = i / panels;
      const std::size_t count = std::min(end, (h + 1) * panels) - i;
      mix(head(layer, h), i % panels, count, scratch_[h], out.subspan(h * width, width));
      i += count;
    }
  });
}

// Every token and key-value head on its own.
void Int8Attention::attend_each_token(std::size_t layer, std::size_t first, std::size_t tokens,
                                      std::span<const float> q, std::span<float> out) {
  const std::size_t width = sharers_ * dim_;
  constexpr std::size_t kWorthWaking = 16384;  // dot products of a key or value with a query head
  const std::size_t grain = std::max<std::size_t>(1, kWorthWaking / (sharers_ * (first + tokens)));
  pool_.parallel_chunks(
      tokens * kv_heads_,
      [&](std::size_t begin, std::size_t end, unsigned thread) {
        Scratch& scratch = scratch_[thread];
        for (std::size_t i = begin; i < end; ++i) {
          const std::size_t seen = first + i / kv_heads_ + 1;
          const Head from = head(layer, i % kv_heads_);
          split_query(q.subspan(i * width, width), scratch);
          scratch.weights.resize(2 * sharers_, round_up(seen, kQuadCols));
          score(from, 0, seen, scratch);
          for (std::size_t s = 0; s < sharers_; ++s) weigh(from, s, seen, scratch);
          mix(from, 0, padded_dim(dim_) / kPanelRows, scratch, out.subspan(i * width, width));
        }
      },
      grain);
}

// scratch.query, query_scales = digits of the query heads that share a key-value head.
void Int8Attention::split_query(std::span<const float> q, Scratch& scratch) const {
  const auto high = std::span(scratch.digits).first(dim_);
  const auto low = std::span(scratch.digits).subspan(dim_, dim_);
  for (std::size_t s = 0; s < sharers_; ++s) {
    scratch.query_scales[s] = split_digits(q.subspan(s * dim_, dim_), high, low);
    scratch.query.set(2 * s, high);
    scratch.query.set(2 * s + 1, low);
  }
}

// scratch.scores of tokens [begin, end); begin is a multiple of a panel.
void Int8Attention::score(const Head& head, std::size_t begin, std::size_t end,
                          Scratch& scratch) const {
  const std::size_t quads = (dim_ + kQuadCols - 1) / kQuadCols;
  const Int8Panels keys{.bytes = head.keys + begin / kPanelRows * quads * kBlockBytes,
                        .panel_bytes = quads * kBlockBytes,
                        .rows = end - begin,
                        .quads = quads};
  const auto sums = std::span(scratch.sums).subspan(begin);
  multiply_int8(kernels_, keys, scratch.query, sums, context_);
  for (std::size_t s = 0; s < sharers_; ++s) {
    const float divisor = scratch.query_scales[s] * std::sqrt(static_cast<float>(dim_));
    const std::int32_t* high = sums.data() + 2 * s * context_;
    active_float_kernels().join_digits(high, high + context_, end - begin, divisor,
                                       head.key_scales + begin,
                                       scratch.scores.data() + s * context_ + begin);
  }
}

// scratch.weights, weight_scales of one query head, from its scores.
void Int8Attention::weigh(const Head& head, std::size_t sharer, std::size_t seen,
                          Scratch& scratch) const {
  const FloatKernels& kernels = active_float_kernels();
  float* scores = scratch.scores.data() + sharer * context_;
  kernels.exp_shifted(scores, seen, kernels.largest(scores, seen));
  const float sum = kernels.sum(scores, seen);
  kernels.multiply(scores, head.value_scales, seen, scores);
  const auto high = std::span(scratch.digits).subspan(2 * sharer * context_, seen);
  const auto low = std::span(scratch.digits).subspan((2 * sharer + 1) * context_, seen);
  scratch.weight_scales[sharer] = split_digits(std::span(scores, seen), high, low) * sum;
  scratch.weights.set(2 * sharer, high);
  scratch.weights.set(2 * sharer + 1, low);
}

// out of the dimensions of `panels` panels, for every query head.
void Int8Attention::mix(const Head& head, std::size_t first_panel, std::size_t panels,
                        Scratch& scratch, std::span<float> out) const {
  const std::size_t begin = first_panel * kPanelRows;
  const std::size_t rows = std::min(dim_, begin + panels * kPanelRows) - begin;
  const Int8Panels values{.bytes = head.values + first_panel * context_ * kPanelRows,
                          .panel_bytes = context_ * kPanelRows,
                          .rows = rows,
                          .quads = scratch.weights.padded_cols() / kQuadCols};
  const std::size_t stride = padded_dim(dim_);
  const auto sums = std::span(scratch.sums).subspan(begin);
  multiply_int8(kernels_, values, scratch.weights, sums, stride);
  for (std::size_t s = 0; s < sharers_; ++s) {
    const std::int32_t* high = sums.data() + 2 * s * stride;
    for (std::size_t d = 0; d < rows; ++d) {
      out[s * dim_ + begin + d] =
          (static_cast<float>(high[d]) * 256.0F + static_cast<float>(high[stride + d])) /
          scratch.weight_scales[s];
    }
  }
}

}  // namespace sterna
