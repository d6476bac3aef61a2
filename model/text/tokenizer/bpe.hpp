// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/config.hpp"

namespace sterna {

/// Hash of strings and views alike, so that a lookup needs no copy.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

/// U+2581, which stands for a blank in tokens of characters.
inline constexpr std::string_view kWordMark = "\xE2\x96\x81";

/// Text to token id.
using TokenIds = std::unordered_map<std::string, TokenId, TextHash, std::equal_to<>>;

/// A token of a file without merges: any two neighbours that spell it may merge into it.
struct RankedToken {
  std::string_view text;
  TokenId id;
  std::uint32_t rank;  // lower merges first; equal ranks merge from the left
};

/// Byte-pair encoding of one piece of text: merge the adjacent pair of lowest rank, the leftmost of
/// equal ones, until no pair is in the table of merges.
class Bpe {
 public:
  /// What a piece is cut into before anything merges.
  enum class Unit : std::uint8_t { Byte, Character };

  /// Ids of tokens lie below; the symbols above are characters that are part of tokens but none
  /// themselves.
  static constexpr TokenId kMaxToken = (1U << 24) - 1;

  explicit Bpe(Unit unit) : unit_(unit) {}

  /// The token that stands for `text`; of two with one text the first counts.
  void add_token(std::string_view text, TokenId id);

  /// `left` followed by `right` may become `merged`; of two for one pair the first counts.
  void add_merge(TokenId left, TokenId right, TokenId merged, std::uint32_t rank);

  /// Adds tokens, and a merge for each way to cut one into two others (or characters of others).
  /// Cost  the sum of the squared lengths of the texts
  void add_ranked_tokens(std::span<const RankedToken> tokens);

  /// A piece that is a token as a whole is that token, whatever the merges give.
  void take_whole_tokens() { takes_whole_tokens_ = true; }

  /// The token for a byte of a character that has none.
  void add_byte_fallback(std::uint8_t byte, TokenId id) { byte_tokens_[byte] = id; }

  /// The token for what has none, not even by its bytes; `fuse`: one for a run of them.
  void set_unknown(TokenId id, bool fuse);

  /// Appends the tokens of `piece`. Takes time n log n in its length.
  /// Errors  std::runtime_error for a byte or a character that has no token
  void encode(std::string_view piece, std::vector<TokenId>& ids) const;

 private:
  struct Merge {
    std::uint32_t rank;
    TokenId merged;
  };

  void encode_word(std::string_view word, std::vector<TokenId>& ids) const;
  TokenId symbol_of(std::string_view text);
  [[nodiscard]] const Merge* find_merge(TokenId left, TokenId right) const;
  void push_bytes(std::string_view piece, std::vector<TokenId>& ids) const;
  void push_characters(std::string_view piece, std::vector<TokenId>& ids) const;
  void push_unknown(std::string_view character, std::vector<TokenId>& ids) const;
  void merge_all(std::vector<TokenId>& ids, std::size_t first) const;
  void replace_virtual(std::vector<TokenId>& ids, std::size_t first) const;

  Unit unit_;
  bool takes_whole_tokens_ = false;
  bool fuses_unknown_ = false;
  bool joins_words_ = false;  // a token goes on behind a blank; else a text may be cut at blanks
  std::optional<TokenId> unknown_;
  TokenIds by_text_;
  TokenIds virtual_;                        // characters that are no tokens, to ids above kMaxToken
  std::vector<std::string> virtual_texts_;  // of those ids, in order
  std::array<std::optional<TokenId>, 256> byte_tokens_;
  std::unordered_map<std::uint64_t, Merge> merges_;  // by left << 32 | right
};

}  // namespace sterna
