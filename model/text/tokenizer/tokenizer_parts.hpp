// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/text/tokenizer/bpe.hpp"
#include "model/text/tokenizer/normalizer.hpp"
#include "model/text/tokenizer/pre_tokenizer.hpp"

namespace sterna {

/// A token that is found in a text before anything else happens to it.
struct AddedToken {
  std::string text;
  TokenId id;
};

/// What a token is when it is decoded.
struct TokenText {
  enum class Kind : std::uint8_t {
    Ordinary,
    Special,  // stands for no text
    Byte,     // of a character without a token; a run of them is decoded together
  };
  std::string bytes;
  Kind kind = Kind::Ordinary;
};

/// What decoding drops from the start of a text, because encoding put it there.
enum class DroppedStart : std::uint8_t { Nothing, OneBlank, BlanksOfFirstToken };

/// What becomes of a run of byte tokens that is not UTF-8: each byte, or each longest ill-formed part,
/// is one U+FFFD.
enum class BadBytes : std::uint8_t { EachByte, EachPart };

/// A tokenizer, whatever file it was read from.
struct TokenizerParts {
  std::vector<AddedToken> added_raw = {};  // looked for first
  Normalizer normalizer = {};              // for what is left
  std::vector<AddedToken> added_normalized =
      {};  // looked for in what that gives, as they stand here
  PreTokenizer pre_tokenizer = {};
  Bpe bpe;
  std::unordered_map<TokenId, TokenText> texts = {};
  TokenIds written = {};             // ids by the text in the file
  std::vector<TokenId> prefix = {};  // put before a text when special tokens are asked for
  std::vector<TokenId> suffix = {};
  DroppedStart dropped_start = DroppedStart::Nothing;
  BadBytes bad_bytes = BadBytes::EachPart;
  std::optional<std::string> chat_template = std::nullopt;  // Jinja text, where the file holds one
};

/// The byte of a token written "<0x41>"; nothing for any other.
[[nodiscard]] std::optional<std::uint8_t> byte_of_written(std::string_view token);

}  // namespace sterna
