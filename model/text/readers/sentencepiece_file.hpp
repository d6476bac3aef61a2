// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/formats/json_file.hpp"
#include "model/text/tokenizer/character_bpe.hpp"
#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {

/// What a tokenizer.model of SentencePiece holds; views into its bytes.
struct SentencePieceModel {
  std::vector<Piece> pieces;
  PieceRules rules;
  std::int64_t begin;  // the token before a text; below 0: none
};

/// Parses a ModelProto in protobuf's wire format with BPE and no normalization, as LLaMA-2 has it.
/// `source` is what sentences name.
///
/// Source  sentencepiece_model.proto of SentencePiece
/// Errors  std::runtime_error, one sentence: truncated, not a ModelProto, or of a kind that is not
///         supported (unigram models, normalization tables)
[[nodiscard]] SentencePieceModel parse_sentencepiece(std::string_view bytes,
                                                     const std::string& source);

/// The tokenizer of such bytes.
/// Errors  those of parse_sentencepiece()
[[nodiscard]] TokenizerParts read_sentencepiece(std::string_view bytes, const std::string& source);

/// Adds the tokens of an added_tokens.json: an object from texts to ids.
/// Errors  std::runtime_error, one sentence
void add_added_tokens(const JsonFile& added, TokenizerParts& parts);

}  // namespace sterna
