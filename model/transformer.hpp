// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/matmul_backend.hpp"
#include "kernels/thread_pool.hpp"
#include "model/attention/attention.hpp"
#include "model/head/output_head.hpp"
#include "model/ops.hpp"
#include "model/weights.hpp"

namespace sterna {

/// Sizes of the buffers of a Transformer, and what its cache keeps.
struct TransformerLimits {
  std::size_t context_tokens;  // tokens the cache holds; at most config.max_tokens
  std::size_t batch_tokens;    // tokens that go through a layer together
  KvFormat kv = KvFormat::Float32;

  /// Tokens of a batch where nothing else is asked: 22 whole tiles of the kernels. Fewer read and unpack
  /// the weights more often, more need larger buffers (docs/cpu.md).
  static constexpr std::size_t kBatchTokens = 264;

  /// The whole context, up to 4096 tokens, in batches of kBatchTokens.
  static TransformerLimits of(const ModelConfig& config);
};

/// Which positions of a call to forward() get logits.
enum class Logits : std::uint8_t { Last, All };

/// One BitNet decoder with its cache: token ids in, logits out.
///
/// The ternary products run on a MatmulBackend under the names "layers.N.q_proj", "k_proj",
/// "v_proj", "o_proj", "gate_proj", "up_proj" and "down_proj"; everything else runs here, in
/// float32 with one order of summation (ops.hpp). So logits have the same bits for every backend,
/// any number of threads, and however the tokens are cut into calls and batches.
class Transformer {
 public:
  /// Registers every matrix with `backend`. All three references must outlive the object.
  /// Errors  std::invalid_argument when `limits` or the weights' shapes do not fit the config;
  ///         std::runtime_error when the cache would not fit into memory
  Transformer(const ModelWeights& weights, MatmulBackend& backend, ThreadPool& pool,
              const TransformerLimits& limits);

  [[nodiscard]] const ModelConfig& config() const { return weights_.config; }
  [[nodiscard]] std::size_t context_tokens() const { return limits_.context_tokens; }

  /// Tokens in the cache; the position of the next token.
  [[nodiscard]] std::size_t position() const { return position_; }

  /// Forgets all tokens.
  void reset() { position_ = 0; }

  /// Appends `tokens` to the context and writes the logits that follow the last, or each, of them.
  ///
  /// Shape   logits (1 or tokens.size(), vocab), row-major
  /// Errors  std::invalid_argument: no tokens, a token outside the vocabulary, a context that would
  ///         overflow, logits of another size; std::runtime_error: an activation that is not
  ///         finite. The context is then as it was before the call.
  void forward(std::span<const TokenId> tokens, Logits which, std::span<float> logits);

  /// The same, but gives the `count` tokens only (all, when there are fewer) that are most likely to
  /// follow the last, most likely first: a head in two planes finds them without reading all its bits.
  ///
  /// Range   count > 0
  /// Errors  those of forward(); std::runtime_error when a logit is not finite
  void forward_top(std::span<const TokenId> tokens, std::size_t count, std::vector<Candidate>& out);

  /// What the head read for forward_top().
  [[nodiscard]] const RescoredRows& rescored() const { return head_.rescored(); }

 private:
  // A projection as the backend knows it.
  struct Linear {
    MatrixId id;
    float scale;
    std::size_t rows;
  };
  struct Layer {
    Linear q, k, v, o, gate, up, down;
  };
  // Buffers for batch_tokens tokens, named for what is in them.
  struct Buffers {
    std::vector<float> x;                           // (batch, hidden) residual stream
    std::vector<float> q;                           // (batch, q_width)
    std::vector<float> attended;                    // (batch, q_width)
    std::vector<float> normed;                      // (batch, hidden) input of the head
    std::vector<std::int8_t> quantized;             // (batch, widest input)
    std::vector<float> scales;                      // (batch,) of `quantized`
    std::array<std::vector<std::int32_t>, 3> sums;  // (batch, widest i-th output of a product)
  };
  // Rows that a thread needs while it works on one token, small enough to stay in its cache.
  struct Scratch {
    std::vector<float> normed;  // (widest input,)
    std::vector<float> gate;    // (ffn,)
    std::vector<float> up;      // (ffn,)
    std::vector<float> k;       // (kv_width,)
    std::vector<float> v;       // (kv_width,)
  };

  Layer register_layer(std::size_t index);
  void check_tokens(std::span<const TokenId> tokens) const;
  void check_logits(std::size_t positions, std::size_t size) const;
  [[nodiscard]] std::size_t next_batch(std::size_t left) const;
  template <typename After>
  void through_layers(std::span<const TokenId> tokens, const After& after);

  void embed(std::span<const TokenId> tokens);
  void layer(std::size_t index, std::size_t tokens, std::size_t first);
  template <typename Step>
  void for_each_token(std::size_t tokens, std::size_t operations, const Step& step);
  template <typename RowOf>
  void quantize_normed(std::span<const float> weight, std::size_t tokens, std::size_t width,
                       const RowOf& row_of);
  void multiply(std::initializer_list<Linear> matrices, std::size_t tokens, std::size_t width);
  void place_qkv(std::size_t index, std::size_t tokens, std::size_t first);
  std::span<const float> gate(const Layer& m, std::size_t t, Scratch& scratch);
  void add_to_residual(const Linear& m, std::size_t t);
  std::span<const float> normed(std::size_t first, std::size_t count);

  const ModelWeights& weights_;
  MatmulBackend& backend_;
  ThreadPool& pool_;
  TransformerLimits limits_;
  std::vector<Layer> layers_;
  RopeTable rope_;
  std::unique_ptr<Attention> attention_;
  OutputHead head_;
  Buffers act_;
  std::vector<Scratch> scratch_;  // (threads,)
  std::size_t position_ = 0;
};

}  // namespace sterna
