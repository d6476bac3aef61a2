// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string_view>

namespace sterna {
namespace {

// Multiply-adds that are worth another thread: it takes some microseconds to wake, in which one
// thread does about this many.
constexpr std::size_t kWorthWaking = 1U << 16;

// Items of a loop that one thread takes at least, given the operations of one item.
std::size_t grain_of(std::size_t operations) {
  return std::max<std::size_t>(1, kWorthWaking / operations);
}

// Operations an element of the loops over tokens: a square, a product, a rounding; a quotient.
constexpr std::size_t kOpsNormed = 4;
constexpr std::size_t kOpsRescaled = 4;

// Row `t` of a row-major buffer whose rows have `width` elements.
template <typename T>
std::span<T> row(std::vector<T>& buffer, std::size_t t, std::size_t width) {
  return {buffer.data() + t * width, width};
}

[[noreturn]] void refuse_infinite() {
  throw std::runtime_error(
      "an activation is infinite or not a number: the weights of this model overflow float32");
}

TransformerLimits checked(const TransformerLimits& limits, const ModelConfig& config) {
  if (limits.context_tokens == 0 || limits.context_tokens > config.max_tokens) {
    throw std::invalid_argument("context is " + std::to_string(limits.context_tokens) +
                                " tokens: this model takes 1 to " +
                                std::to_string(config.max_tokens));
  }
  if (limits.batch_tokens == 0) {
    throw std::invalid_argument("batch is 0 tokens: must be 1 or more");
  }
  TransformerLimits fitting = limits;
  fitting.batch_tokens = std::min(limits.batch_tokens, limits.context_tokens);
  return fitting;
}

}  // namespace

TransformerLimits TransformerLimits::of(const ModelConfig& config) {
  constexpr std::size_t kContext = 4096;
  constexpr std::size_t kBatch = 128;
  return {.context_tokens = std::min<std::size_t>(config.max_tokens, kContext),
          .batch_tokens = kBatch};
}

Transformer::Transformer(const ModelWeights& weights, MatmulBackend& backend, ThreadPool& pool,
                         const TransformerLimits& limits)
    : weights_(weights),
      backend_(backend),
      pool_(pool),
      limits_(checked(limits, weights.config)),
      rope_(weights.config.head_dim, weights.config.rope_theta, limits_.context_tokens),
      attention_(make_attention(limits_.kv, weights.config, limits_.context_tokens, pool)),
      head_(weights.head(), limits_.batch_tokens, pool) {
  const ModelConfig& config = weights.config;
  for (std::size_t i = 0; i < weights.layers.size(); ++i) layers_.push_back(register_layer(i));

  const std::size_t batch = limits_.batch_tokens;
  const std::size_t widest_input = std::max({config.hidden, config.q_width(), config.ffn});
  act_.x.resize(batch * config.hidden);
  act_.q.resize(batch * config.q_width());
  act_.k.resize(batch * config.kv_width());
  act_.v.resize(batch * config.kv_width());
  act_.attended.resize(batch * config.q_width());
  act_.inner.resize(batch * config.ffn);
  act_.up.resize(batch * config.ffn);
  act_.normed.resize(batch * widest_input);
  act_.quantized.resize(batch * widest_input);
  act_.scales.resize(batch);
  for (auto& sums : act_.sums) sums.resize(batch * widest_input);
}

Transformer::Layer Transformer::register_layer(std::size_t index) {
  const LayerWeights& w = weights_.layers[index];
  const auto add = [&](std::string_view name, const TernaryLinear& linear) {
    std::string full = "layers." + std::to_string(index) + ".";
    full.append(name);
    return Linear{.id = backend_.add_matrix(full, linear.trits),
                  .scale = linear.scale,
                  .rows = linear.trits.rows()};
  };
  return {.q = add("q_proj", w.q),
          .k = add("k_proj", w.k),
          .v = add("v_proj", w.v),
          .o = add("o_proj", w.o),
          .gate = add("gate_proj", w.gate),
          .up = add("up_proj", w.up),
          .down = add("down_proj", w.down)};
}

void Transformer::check_call(std::span<const TokenId> tokens, Logits which,
                             std::size_t logits_size) const {
  const auto str = [](std::size_t n) { return std::to_string(n); };
  if (tokens.empty()) throw std::invalid_argument("no tokens were given: give at least one");
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= config().vocab) {
      throw std::invalid_argument("token " + str(tokens[i]) + " at position " + str(position_ + i) +
                                  " is not in the vocabulary of " + str(config().vocab));
    }
  }
  if (tokens.size() > limits_.context_tokens - position_) {
    throw std::invalid_argument("the context of " + str(limits_.context_tokens) +
                                " tokens is too short for " + str(position_ + tokens.size()) +
                                ": give a shorter text or a longer context");
  }
  const std::size_t expected = (which == Logits::All ? tokens.size() : 1) * config().vocab;
  if (logits_size != expected) {
    throw std::invalid_argument("logits have " + str(logits_size) + " elements where " +
                                str(expected) + " are expected");
  }
}

void Transformer::forward(std::span<const TokenId> tokens, Logits which, std::span<float> logits) {
  check_call(tokens, which, logits.size());
  const std::size_t vocab = config().vocab;
  for (std::size_t done = 0; done < tokens.size(); done += limits_.batch_tokens) {
    const auto batch = tokens.subspan(done, std::min(limits_.batch_tokens, tokens.size() - done));
    embed(batch);
    for (std::size_t i = 0; i < layers_.size(); ++i) layer(i, batch.size(), position_ + done);
    if (which == Logits::All) {
      head(0, batch.size(), logits.subspan(done * vocab, batch.size() * vocab));
    } else if (done + batch.size() == tokens.size()) {
      head(batch.size() - 1, 1, logits);
    }
  }
  position_ += tokens.size();
}

void Transformer::embed(std::span<const TokenId> tokens) {
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    weights_.embedding.read_row(tokens[t], row(act_.x, t, config().hidden));
  }
}

// One decoder layer for `tokens` tokens of which the first sits at position `first`. Reads top to
// bottom like the architecture figure:
// x += Wo norm(attention(norm(x))), then x += Wdown norm(act(gate) * up).
void Transformer::layer(std::size_t index, std::size_t tokens, std::size_t first) {
  const LayerWeights& w = weights_.layers[index];
  const Layer& m = layers_[index];
  const Rows x{act_.x, config().hidden};

  quantize_normed(x, w.attention_norm, tokens);
  multiply({m.q, m.k, m.v}, tokens, config().hidden);
  place_qkv(index, tokens, first);
  attention_->attend(index, first, tokens, std::span(act_.q).first(tokens * config().q_width()),
                     act_.attended);
  quantize_normed({act_.attended, config().q_width()}, w.attention_sub_norm, tokens);
  multiply({m.o}, tokens, config().q_width());
  add_to_residual(m.o, tokens);

  quantize_normed(x, w.ffn_norm, tokens);
  multiply({m.gate, m.up}, tokens, config().hidden);
  gate(m, tokens);
  quantize_normed({act_.inner, config().ffn}, w.ffn_sub_norm, tokens);
  multiply({m.down}, tokens, config().ffn);
  add_to_residual(m.down, tokens);
}

// act_.quantized, act_.scales = int8 of norm(rows); without a norm (empty weight) of the rows.
void Transformer::quantize_normed(Rows rows, std::span<const float> weight, std::size_t tokens) {
  std::atomic<bool> finite{true};
  pool_.parallel_for(
      tokens,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t t = begin; t < end; ++t) {
          std::span<const float> input = row(rows.values, t, rows.width);
          if (!weight.empty()) {
            const auto normed = row(act_.normed, t, rows.width);
            rms_norm(input, weight, config().norm_eps, normed);
            input = normed;
          }
          act_.scales[t] = quantize(input, row(act_.quantized, t, rows.width));
          if (act_.scales[t] == 0.0F) finite = false;
        }
      },
      grain_of(kOpsNormed * rows.width));
  if (!finite) refuse_infinite();
}

// act_.sums[i] = exact products of the quantized rows, shape (tokens, width), with matrix i.
void Transformer::multiply(std::initializer_list<Linear> matrices, std::size_t tokens,
                           std::size_t width) {
  std::array<Product, 3> products{};
  std::size_t count = 0;
  for (const Linear& matrix : matrices) {
    products[count] = {.matrix = matrix.id,
                       .sums = std::span(act_.sums[count]).first(tokens * matrix.rows)};
    ++count;
  }
  backend_.multiply(
      {.values = std::span(act_.quantized).first(tokens * width), .tokens = tokens, .cols = width},
      std::span(products).first(count));
}

// Rescales q, k and v, turns q and k by their position, and places k and v in the cache.
void Transformer::place_qkv(std::size_t index, std::size_t tokens, std::size_t first) {
  const Layer& m = layers_[index];
  std::atomic<bool> finite{true};
  pool_.parallel_for(
      tokens,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t t = begin; t < end; ++t) {
          const auto q = row(act_.q, t, m.q.rows);
          const auto k = row(act_.k, t, m.k.rows);
          const auto v = row(act_.v, t, m.v.rows);
          rescale(row(act_.sums[0], t, m.q.rows), act_.scales[t], m.q.scale, q);
          rescale(row(act_.sums[1], t, m.k.rows), act_.scales[t], m.k.scale, k);
          rescale(row(act_.sums[2], t, m.v.rows), act_.scales[t], m.v.scale, v);
          rope_.rotate_heads(q, first + t);
          rope_.rotate_heads(k, first + t);
          if (!attention_->append(index, first + t, k, v)) finite = false;
        }
      },
      grain_of(kOpsRescaled * (m.q.rows + m.k.rows + m.v.rows)));
  if (!finite) refuse_infinite();
}

// act_.inner = activation(gate) * up.
void Transformer::gate(const Layer& m, std::size_t tokens) {
  pool_.parallel_for(
      tokens,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t t = begin; t < end; ++t) {
          const auto gate = row(act_.inner, t, m.gate.rows);
          const auto up = row(act_.up, t, m.up.rows);
          rescale(row(act_.sums[0], t, m.gate.rows), act_.scales[t], m.gate.scale, gate);
          rescale(row(act_.sums[1], t, m.up.rows), act_.scales[t], m.up.scale, up);
          gated(config().activation, gate, up, gate);
        }
      },
      grain_of(kOpsRescaled * 3 * m.gate.rows));
}

void Transformer::add_to_residual(const Linear& m, std::size_t tokens) {
  pool_.parallel_for(
      tokens,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t t = begin; t < end; ++t) {
          rescale_add(row(act_.sums[0], t, m.rows), act_.scales[t], m.scale,
                      row(act_.x, t, m.rows));
        }
      },
      grain_of(kOpsRescaled * m.rows));
}

// logits = head norm(x) of tokens [first, first + count) of the batch.
void Transformer::head(std::size_t first, std::size_t count, std::span<float> logits) {
  const std::size_t hidden = config().hidden;
  for (std::size_t t = 0; t < count; ++t) {
    rms_norm(row(act_.x, first + t, hidden), weights_.final_norm, config().norm_eps,
             row(act_.normed, t, hidden));
  }
  head_.multiply(std::span(act_.normed).first(count * hidden), count, logits);
}

}  // namespace sterna
