// SPDX-License-Identifier: Apache-2.0
#include "model/text/tokenizer/character_bpe.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

#include <fmt/format.h>

#include "model/formats/json_file.hpp"
#include "model/text/tokenizer/replace.hpp"

namespace sterna {
namespace {

using Kind = TokenText::Kind;

constexpr std::size_t kLongestPiece = 1024;  // bytes; LLaMA-2's longest has 48

class Maker {
 public:
  Maker(const std::vector<Piece>& pieces, const PieceRules& rules, const std::string& source)
      : pieces_(pieces), rules_(rules), source_(source) {}

  TokenizerParts make();

 private:
  void add(TokenId id);
  void add_byte(TokenId id);
  [[nodiscard]] std::vector<RankedToken> ranked() const;
  [[noreturn]] void refuse(TokenId id, std::string_view why) const;

  const std::vector<Piece>& pieces_;
  const PieceRules& rules_;
  const std::string& source_;
  TokenizerParts parts_{.bpe = Bpe(Bpe::Unit::Character),
                        .dropped_start = DroppedStart::Nothing,
                        .bad_bytes = BadBytes::EachByte};
};

void Maker::refuse(TokenId id, std::string_view why) const {
  throw std::runtime_error(
      fmt::format("{}: token {} is \"{}\": {}", source_, id, printable(pieces_[id].text), why));
}

// Ranks for scores: the highest is 0, equal scores are equal ranks.
std::vector<RankedToken> Maker::ranked() const {
  std::vector<float> scores;
  for (const Piece& piece : pieces_) {
    if (piece.type == PieceType::Normal) scores.push_back(piece.score);
  }
  std::sort(scores.begin(), scores.end(), std::greater<>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  std::vector<RankedToken> ranked;
  for (TokenId id = 0; id < pieces_.size(); ++id) {
    if (pieces_[id].type != PieceType::Normal) continue;
    const auto rank =
        std::lower_bound(scores.begin(), scores.end(), pieces_[id].score, std::greater<>()) -
        scores.begin();
    ranked.push_back({pieces_[id].text, id, static_cast<std::uint32_t>(rank)});
  }
  return ranked;
}

void Maker::add_byte(TokenId id) {
  const std::optional<std::uint8_t> byte = byte_of_written(pieces_[id].text);
  if (!byte) refuse(id, "the name of a byte, such as <0x41>, is expected of a byte token");
  if (rules_.falls_back) parts_.bpe.add_byte_fallback(*byte, id);
  parts_.texts.emplace(id, TokenText{std::string(1, static_cast<char>(*byte)), Kind::Byte});
}

void Maker::add(TokenId id) {
  const Piece& piece = pieces_[id];
  const std::string text(piece.text);
  if (text.empty()) refuse(id, "a text is expected");
  if (text.size() > kLongestPiece && piece.type == PieceType::Normal) {
    refuse(id, "at most 1024 bytes are expected");
  }
  if (std::isnan(piece.score)) refuse(id, "its score is not a number");
  if (!parts_.written.emplace(text, id).second) refuse(id, "another token has this text");
  if (piece.type == PieceType::Byte) return add_byte(id);
  const std::string plain = replace_all(text, kWordMark, " ");
  const bool is_special = piece.type == PieceType::Control || piece.type == PieceType::Unknown;
  if (is_special) parts_.added_raw.push_back({.text = text, .id = id});
  // SentencePiece finds these in the middle of a text: what follows gets no blank before it.
  if (piece.type == PieceType::UserDefined) {
    parts_.added_normalized.push_back({.text = text, .id = id});
  }
  parts_.texts.emplace(id, TokenText{plain, is_special ? Kind::Special : Kind::Ordinary});
}

TokenizerParts Maker::make() {
  for (TokenId id = 0; id < pieces_.size(); ++id) add(id);
  parts_.bpe.add_ranked_tokens(ranked());
  if (!rules_.skips_unknown) parts_.bpe.set_unknown(rules_.unknown, true);
  if (rules_.adds_blank) {
    parts_.normalizer.add_prepend(std::string(kWordMark));
    parts_.dropped_start = DroppedStart::OneBlank;
  }
  parts_.normalizer.add_replace(Regex(" ", Regex::Kind::Literal), std::string(kWordMark));
  return std::move(parts_);
}

}  // namespace

TokenizerParts make_character_bpe(const std::vector<Piece>& pieces, const PieceRules& rules,
                                  const std::string& source) {
  return Maker(pieces, rules, source).make();
}

}  // namespace sterna
