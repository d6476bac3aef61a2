// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace sterna {

/// Number of an entry of the vocabulary.
using TokenId = std::uint32_t;

/// Bounds of every model: ones that no model comes near and that keep every product of two sizes far below 2^64, and
/// 128 * width, the largest sum of a row, far below 2^31.
inline constexpr std::uint32_t kMaxWidth = 1U << 20;
inline constexpr std::uint32_t kMaxLayers = 4096;
inline constexpr std::uint32_t kMaxHeads = 4096;
inline constexpr std::uint32_t kMaxVocab = 1U << 24;
inline constexpr std::uint32_t kMaxTokens = 1U << 24;
inline constexpr float kMaxTheta = 1e12F;

/// What the feed-forward gate applies: relu(x)^2, or x * sigmoid(x).
enum class Activation : std::uint8_t { Relu2, Silu };

/// Dimensions of one BitNet model. Plain data with no defaults: a missing field is a compile error
/// under -Wmissing-field-initializers, not a silent zero.
struct ModelConfig {
  std::uint32_t hidden;  // residual width
  std::uint32_t layers;
  std::uint32_t heads;       // query heads
  std::uint32_t kv_heads;    // key and value heads, each shared by heads / kv_heads query heads
  std::uint32_t head_dim;    // width of a head; even, because rope turns pairs
  std::uint32_t ffn;         // feed-forward width
  std::uint32_t vocab;       // entries of the vocabulary
  std::uint32_t max_tokens;  // longest context the model was made for
  float rope_theta;          // base of the rotary wavelengths
  float norm_eps;            // added to the mean square, in activation units squared
  Activation activation;
  bool tied_head;  // the output head is the embedding

  [[nodiscard]] std::uint32_t q_width() const { return heads * head_dim; }
  [[nodiscard]] std::uint32_t kv_width() const { return kv_heads * head_dim; }

  /// Weights in the ternary matrices of all layers; also ternary multiply-adds of one token.
  [[nodiscard]] std::uint64_t ternary_weights() const;

  /// Errors  std::invalid_argument naming the first rule broken and the values that broke it
  void validate() const;

  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};

/// Tokens with a meaning for the driver of a generation.
struct SpecialTokens {
  std::optional<TokenId> begin;  // of a text
  std::vector<TokenId> end;      // any of them ends a generation

  friend bool operator==(const SpecialTokens&, const SpecialTokens&) = default;
};

/// The end of a turn in the vocabulary of LLaMA-3, <|eot_id|>. Checkpoints that name only the end of a
/// text (BitNet b1.58 2B4T) answer with it all the same.
inline constexpr TokenId kLlama3EndOfTurn = 128009;

/// Whether the vocabulary is that of LLaMA-3: it has the size, and a text ends as there.
[[nodiscard]] bool is_llama3(const SpecialTokens& special, std::uint32_t vocab);

}  // namespace sterna
