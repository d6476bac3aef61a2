// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace sterna {

/// Number of an entry of the vocabulary.
using TokenId = std::uint32_t;

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

/// How a checkpoint stores its ternary matrices.
///
/// Source  facts of the Hugging Face integration: linear_class and quantization_mode
enum class WeightForm : std::uint8_t {
  PackedDivide,    // four rows a byte; the product is divided by weight_scale ("bitlinear")
  PackedMultiply,  // four rows a byte; the product is multiplied by it ("autobitlinear")
  Master,          // floats, ternarised at load
};

/// Tokens with a meaning for the driver of a generation.
struct SpecialTokens {
  std::optional<TokenId> begin;  // of a text
  std::vector<TokenId> end;      // any of them ends a generation

  friend bool operator==(const SpecialTokens&, const SpecialTokens&) = default;
};

/// What a config.json says.
struct CheckpointConfig {
  ModelConfig model;
  WeightForm form;
  SpecialTokens special;
};

/// Reads a Hugging Face config.json; a field it lacks has the default of BitNetConfig there.
///
/// Errors  std::runtime_error, one sentence with file, field, value and fix: the file is missing or
///         not JSON, a field has the wrong type or a value that is not supported
[[nodiscard]] CheckpointConfig read_config(const std::filesystem::path& file);

}  // namespace sterna
