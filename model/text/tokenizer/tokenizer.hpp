// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"

namespace sterna {

struct TokenizerParts;

/// Whether encode() adds the tokens that the tokenizer puts around a text (a BOS).
enum class AddSpecial : std::uint8_t { No, Yes };

/// Text to token ids and back, by byte-pair encoding of one kind or another; load_tokenizer()
/// (tokenizer_file.hpp) makes one from a file.
///
/// Trust  ids and texts equal those of the `tokenizers` and `sentencepiece` libraries
///        (tests/model/text/golden_tokenizer) and llama.cpp's published cases for LLaMA-2 and LLaMA-3
class Tokenizer {
 public:
  explicit Tokenizer(TokenizerParts parts);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// One more than the largest id.
  [[nodiscard]] std::size_t vocab() const;

  /// Token ids of a text, in which special tokens are found by their names. Takes time n log n in its
  /// length n.
  /// Errors  std::invalid_argument naming the first byte that is not UTF-8
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text,
                                            AddSpecial add = AddSpecial::No) const;

  /// The same of a text that somebody else wrote: names of special tokens in it are plain text.
  [[nodiscard]] std::vector<TokenId> encode_plain(std::string_view text) const;

  /// The tokens that AddSpecial::Yes puts before a text.
  [[nodiscard]] std::span<const TokenId> prefix() const;

  /// Whether the vocabulary has the id; a model's may have more than its tokenizer's.
  [[nodiscard]] bool has(TokenId id) const;

  /// Bytes of one token, which need not be whole characters; empty for a special token when
  /// `skip_special`.
  /// Errors  std::invalid_argument for an id that is not in the vocabulary
  [[nodiscard]] std::string_view token_bytes(TokenId id, bool skip_special = true) const;

  /// Text of a list of tokens; bytes that are not UTF-8 become U+FFFD, as the library does it.
  [[nodiscard]] std::string decode(std::span<const TokenId> ids, bool skip_special = true) const;

  /// The id of an added or ordinary token by its text in the file, for example "<|eot_id|>".
  [[nodiscard]] std::optional<TokenId> id_of(std::string_view token) const;

  /// The chat template (Jinja) that came with the tokenizer.
  [[nodiscard]] const std::optional<std::string>& chat_template() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sterna
