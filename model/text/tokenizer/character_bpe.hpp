// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {

/// Kinds of pieces, numbered as SentencePiece and GGUF number them.
enum class PieceType : std::uint8_t {
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6,
};

/// An entry of a vocabulary of SentencePiece; its place is its id.
struct Piece {
  std::string_view text;
  float score;  // the highest merges first
  PieceType type;
};

/// What such a vocabulary does with a text.
struct PieceRules {
  bool adds_blank;     // before a text
  bool falls_back;     // to byte pieces for characters without a piece
  TokenId unknown;     // the piece for characters without any
  bool skips_unknown;  // there is none
};

/// A tokenizer of SentencePiece's BPE kind, as LLaMA-2 has it.
/// Errors  std::runtime_error "SOURCE: ..." in one sentence: a piece twice or too long, a score that is
///         not a number, a byte piece that names no byte
[[nodiscard]] TokenizerParts make_character_bpe(const std::vector<Piece>& pieces,
                                                const PieceRules& rules, const std::string& source);

}  // namespace sterna
