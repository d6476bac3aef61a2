// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"

namespace sterna {

/// Projections of a layer, in the order of a token's way.
inline constexpr std::array<std::string_view, 7> kProjectionKinds = {"q",    "k",  "v",   "o",
                                                                     "gate", "up", "down"};

/// A ternary matrix of a file.
struct MatrixInfo {
  std::string name;
  std::size_t kind;  // index into kProjectionKinds
  std::uint64_t rows;
  std::uint64_t cols;
  std::string format;
  std::uint64_t bytes;                 // in the file
  std::optional<std::uint64_t> zeros;  // trits of 0; unknown for floats that are not ternary yet
  std::optional<float> scale;          // that multiplies the product

  [[nodiscard]] std::uint64_t weights() const { return rows * cols; }
};

/// The embedding or the head of a file.
struct VocabInfo {
  std::string format;
  std::uint64_t bytes;
};

/// What is in a checkpoint, without building the model.
struct Inventory {
  std::string container;  // "Hugging Face folder", "GGUF version 3", ...
  ModelConfig model;
  SpecialTokens special;
  VocabInfo embedding;
  std::optional<VocabInfo> head;  // when it is not the embedding
  std::vector<MatrixInfo> matrices;
  std::uint64_t norm_count;          // tensors of norms
  std::string tokenizer;             // what kind, in words
  std::vector<std::string> unusual;  // sentences

  /// Bytes that the engine reads for one token: the matrices in panels of two bits, and the head.
  [[nodiscard]] std::uint64_t token_bytes() const;
  /// Share of zeros in all matrices (of one kind): unknown when that of one of them is.
  [[nodiscard]] std::optional<double> zero_fraction(std::optional<std::size_t> kind = {}) const;
};

/// Reads what is in a Hugging Face folder, a GGUF file or a file of Sterna's own. Zeros are counted where
/// they lie packed, on all cores: about as fast as memory gives the bytes.
/// Errors  those of open_checkpoint(), but for what only the values of matrices show
[[nodiscard]] Inventory take_inventory(std::string_view source);

}  // namespace sterna
