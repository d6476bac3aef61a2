// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string_view>

#include "kernels/panel/panel_layout.hpp"

namespace sterna {
namespace {

// Operations an element of the loops over tokens: a square, a product, a rounding; a quotient.
constexpr std::size_t kOpsNormed = 4;
constexpr std::size_t kOpsRescaled = 4;

// Row `t` of a row-major buffer whose rows have `width` elements.
template <typename T>
std::span<T> row(std::vector<T>& buffer, std::size_t t, std::size_t width) {
  return {buffer.data() + t * width, width};
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
  return {.context_tokens = std::min<std::size_t>(config.max_tokens, kContext),
          .batch_tokens = kBatchTokens};
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
  act_.attended.resize(batch * config.q_width());
  act_.normed.resize(batch * config.hidden);
  act_.quantized.resize(batch * widest_input);
  act_.scales.resize(batch);
  act_.sums[0].resize(batch * widest_input);  // the outputs are as wide as the inputs
  act_.sums[1].resize(batch * std::max(config.kv_width(), config.ffn));
  act_.sums[2].resize(batch * config.kv_width());
  scratch_.resize(pool.threads());
  for (Scratch& scratch : scratch_) {
    scratch.normed.resize(widest_input);
    scratch.gate.resize(config.ffn);
    scratch.up.resize(config.ffn);
    scratch.k.resize(config.kv_width());
    scratch.v.resize(config.kv_width());
  }
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

void Transformer::check_tokens(std::span<const TokenId> tokens) const {
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
}

void Transformer::check_logits(std::size_t positions, std::size_t size) const {
  const std::size_t expected = positions * config().vocab;
  if (size != expected) {
    throw std::invalid_argument("logits have " + std::to_string(size) + " elements where " +
                                std::to_string(expected) + " are expected");
  }
}

// Tokens of the next batch: all batches of a call are about as long.
std::size_t Transformer::next_batch(std::size_t left) const {
  const std::size_t batches = (left + limits_.batch_tokens - 1) / limits_.batch_tokens;
  return (left + batches - 1) / batches;
}

// Appends `tokens`, batch by batch; after(done, count) is called when the `count` tokens of a batch, with
// `done` before it, have left the last layer.
template <typename After>
void Transformer::through_layers(std::span<const TokenId> tokens, const After& after) {
  for (std::size_t done = 0; done < tokens.size();) {
    const auto batch = tokens.subspan(done, next_batch(tokens.size() - done));
    embed(batch);
    for (std::size_t i = 0; i < layers_.size(); ++i) layer(i, batch.size(), position_ + done);
    after(done, batch.size());
    done += batch.size();
  }
  position_ += tokens.size();
}

void Transformer::forward(std::span<const TokenId> tokens, Logits which, std::span<float> logits) {
  check_tokens(tokens);
  check_logits(which == Logits::All ? tokens.size() : 1, logits.size());
  const std::size_t vocab = config().vocab;
  through_layers(tokens, [&](std::size_t done, std::size_t count) {
    if (which == Logits::All) {
      head_.multiply(normed(0, count), count, logits.subspan(done * vocab, count * vocab));
    } else if (done + count == tokens.size()) {
      head_.multiply(normed(count - 1, 1), 1, logits);
    }
  });
}

void Transformer::forward_top(std::span<const TokenId> tokens, std::size_t count,
                              std::vector<Candidate>& out) {
  check_tokens(tokens);
  if (count == 0) throw std::invalid_argument("0 tokens were asked for: must be 1 or more");
  through_layers(tokens, [&](std::size_t done, std::size_t in_batch) {
    if (done + in_batch == tokens.size()) head_.top(normed(in_batch - 1, 1), count, out);
  });
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
  const std::size_t hidden = config().hidden;
  const std::size_t q_width = config().q_width();
  const std::size_t ffn = config().ffn;

  quantize_normed(w.attention_norm, tokens, hidden,
                  [&](std::size_t t, Scratch&) { return row(act_.x, t, hidden); });
  multiply({m.q, m.k, m.v}, tokens, hidden);
  place_qkv(index, tokens, first);
  attention_->attend(index, first, tokens, std::span(act_.q).first(tokens * q_width),
                     act_.attended);
  quantize_normed(w.attention_sub_norm, tokens, q_width,
                  [&](std::size_t t, Scratch&) { return row(act_.attended, t, q_width); });
  multiply({m.o}, tokens, q_width);

  quantize_normed(w.ffn_norm, tokens, hidden, [&](std::size_t t, Scratch&) {
    add_to_residual(m.o, t);
    return row(act_.x, t, hidden);
  });
  multiply({m.gate, m.up}, tokens, hidden);
  quantize_normed(w.ffn_sub_norm, tokens, ffn,
                  [&](std::size_t t, Scratch& scratch) { return gate(m, t, scratch); });
  multiply({m.down}, tokens, ffn);
  for_each_token(tokens, kOpsRescaled * hidden,
                 [&](std::size_t t, Scratch&) { add_to_residual(m.down, t); });
}

// Calls step(t, scratch of the thread) for every token, `operations` for each.
template <typename Step>
void Transformer::for_each_token(std::size_t tokens, std::size_t operations, const Step& step) {
  pool_.parallel_chunks(
      tokens,
      [&](std::size_t begin, std::size_t end, unsigned thread) {
        Scratch& scratch = scratch_[thread];
        for (std::size_t t = begin; t < end; ++t) step(t, scratch);
      },
      ThreadPool::grain_of(operations));
}

// act_.quantized, act_.scales = int8 of norm(row_of(t, scratch)), shape (width,), of every token;
// without a norm (empty weight) of the row itself.
template <typename RowOf>
void Transformer::quantize_normed(std::span<const float> weight, std::size_t tokens,
                                  std::size_t width, const RowOf& row_of) {
  std::atomic<bool> finite{true};
  for_each_token(tokens, kOpsNormed * width, [&](std::size_t t, Scratch& scratch) {
    std::span<const float> input = row_of(t, scratch);
    if (!weight.empty()) {
      const auto normed = std::span(scratch.normed).first(width);
      rms_norm(input, weight, config().norm_eps, normed);
      input = normed;
    }
    act_.scales[t] = quantize(input, row(act_.quantized, t, width));
    if (act_.scales[t] == 0.0F) finite = false;
  });
  if (!finite) refuse_infinite_activation();
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
  const std::size_t width = m.q.rows + m.k.rows + m.v.rows;
  for_each_token(tokens, kOpsRescaled * width, [&](std::size_t t, Scratch& scratch) {
    const auto q = row(act_.q, t, m.q.rows);
    const auto k = std::span(scratch.k).first(m.k.rows);
    const auto v = std::span(scratch.v).first(m.v.rows);
    rescale(row(act_.sums[0], t, m.q.rows), act_.scales[t], m.q.scale, q);
    rescale(row(act_.sums[1], t, m.k.rows), act_.scales[t], m.k.scale, k);
    rescale(row(act_.sums[2], t, m.v.rows), act_.scales[t], m.v.scale, v);
    rope_.rotate_heads(q, first + t);
    rope_.rotate_heads(k, first + t);
    if (!attention_->append(index, first + t, k, v)) finite = false;
  });
  if (!finite) refuse_infinite_activation();
}

// activation(gate) * up of one token, in the thread's scratch.
std::span<const float> Transformer::gate(const Layer& m, std::size_t t, Scratch& scratch) {
  const auto gate = std::span(scratch.gate).first(m.gate.rows);
  const auto up = std::span(scratch.up).first(m.up.rows);
  rescale(row(act_.sums[0], t, m.gate.rows), act_.scales[t], m.gate.scale, gate);
  rescale(row(act_.sums[1], t, m.up.rows), act_.scales[t], m.up.scale, up);
  gated(config().activation, gate, up, gate);
  return gate;
}

void Transformer::add_to_residual(const Linear& m, std::size_t t) {
  rescale_add(row(act_.sums[0], t, m.rows), act_.scales[t], m.scale, row(act_.x, t, m.rows));
}

// What the head takes of tokens [first, first + count) of the batch.
std::span<const float> Transformer::normed(std::size_t first, std::size_t count) {
  const std::size_t hidden = config().hidden;
  for (std::size_t t = 0; t < count; ++t) {
    rms_norm(row(act_.x, first + t, hidden), weights_.final_norm, config().norm_eps,
             row(act_.normed, t, hidden));
  }
  return std::span(act_.normed).first(count * hidden);
}

}  // namespace sterna
