// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"

namespace sterna {

/// Whether encode() adds the tokens that the file's post-processor puts around a text (a BOS).
enum class AddSpecial : std::uint8_t { No, Yes };

/// A byte-level BPE tokenizer as Hugging Face's tokenizer.json describes it.
///
/// Supports  pre-tokenizers ByteLevel, Split (Isolated or Removed, by regex or string), Digits and
///           Sequence; added tokens without lstrip, rstrip and single_word; ignore_merges; a
///           TemplateProcessing or ByteLevel post-processor. Anything else in the file that would
///           change the ids is refused.
/// Trust     ids and texts equal those of the `tokenizers` library (tests/model/text/golden_tokenizer)
class Tokenizer {
 public:
  /// Reads a tokenizer.json.
  /// Errors  std::runtime_error, one sentence: the file is missing, is not JSON, or needs something
  ///         that is not supported
  explicit Tokenizer(const std::filesystem::path& file);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// One more than the largest id.
  [[nodiscard]] std::size_t vocab() const;

  /// Token ids of a text. Takes time n log n in its length n.
  /// Errors  std::invalid_argument naming the first byte that is not UTF-8
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text,
                                            AddSpecial add = AddSpecial::No) const;

  /// Bytes of one token, which need not be whole characters; empty for a special token when
  /// `skip_special`.
  /// Errors  std::invalid_argument for an id that is not in the vocabulary
  [[nodiscard]] std::string_view token_bytes(TokenId id, bool skip_special = true) const;

  /// Text of a list of tokens; bytes that are not UTF-8 become U+FFFD, as the library does it.
  [[nodiscard]] std::string decode(std::span<const TokenId> ids, bool skip_special = true) const;

  /// The id of an added or ordinary token by its text in the file, for example "<|eot_id|>".
  [[nodiscard]] std::optional<TokenId> id_of(std::string_view token) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sterna
