// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "kernels/thread_pool.hpp"
#include "model/config.hpp"

namespace sterna {

/// How a cache keeps keys and values.
enum class KvFormat : std::uint8_t {
  Float32,  // as computed: what a checkpoint's logits are compared with
  Int8,     // int8 with a float32 scale a token and head: a quarter of the memory
};

/// "f32" or "int8".
[[nodiscard]] std::string_view name_of(KvFormat format);

/// The format called `name`.
/// Errors  std::invalid_argument listing the names
[[nodiscard]] KvFormat parse_kv_format(std::string_view name);

/// Keys and values of every token of the context, and the attention over them. Every implementation
/// gives the same bits for any number of threads and any cut of the tokens into calls.
class Attention {
 public:
  virtual ~Attention() = default;

  /// Keeps key and value of the token at `position`, the key turned by its position already. Different
  /// positions may be appended at the same time.
  ///
  /// Shapes  key, value (kv_heads * head_dim,)
  /// Errors  returns false when a number is infinite or NaN
  [[nodiscard]] virtual bool append(std::size_t layer, std::size_t position,
                                    std::span<const float> key, std::span<const float> value) = 0;

  /// For every query head of tokens at positions first .. first + tokens - 1, over itself and all tokens
  /// before it: out = softmax(q k^T / sqrt(head_dim)) v.
  ///
  /// Shapes  q, out (tokens, heads * head_dim)
  virtual void attend(std::size_t layer, std::size_t first, std::size_t tokens,
                      std::span<const float> q, std::span<float> out) = 0;
};

/// Bytes that one token more in the context adds to what a decode step reads, all layers together.
[[nodiscard]] std::size_t kv_bytes_per_token(KvFormat format, const ModelConfig& config);

/// A cache for `context_tokens` tokens. `pool` outlives it.
/// Errors  std::runtime_error when the machine has less memory than it takes
[[nodiscard]] std::unique_ptr<Attention> make_attention(KvFormat format, const ModelConfig& config,
                                                        std::size_t context_tokens,
                                                        ThreadPool& pool);

}  // namespace sterna
