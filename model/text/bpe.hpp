// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/config.hpp"
#include "model/formats/json_file.hpp"

namespace sterna {

/// Hash of strings and views alike, so that a lookup needs no copy.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

/// Text to token id.
using TokenIds = std::unordered_map<std::string, TokenId, TextHash, std::equal_to<>>;

/// Byte-pair encoding of one piece of text: merge the adjacent pair of lowest rank, the leftmost of
/// equal ones, until no pair is in the list of merges.
class Bpe {
 public:
  /// Reads the "model" of a tokenizer.json.
  /// Errors  std::runtime_error: not BPE, an option that is not supported, a merge of or into a
  ///         token that the vocabulary lacks
  explicit Bpe(const JsonFile& model);

  /// Appends the tokens of `piece`. Takes time n log n in its length.
  /// Errors  std::runtime_error for a byte that has no token
  void encode(std::string_view piece, std::vector<TokenId>& ids) const;

  /// The vocabulary: tokens as the file writes them, and by the bytes they stand for.
  [[nodiscard]] const TokenIds& written() const { return written_; }
  [[nodiscard]] const TokenIds& by_bytes() const { return by_bytes_; }

 private:
  struct Merge {
    std::uint32_t rank;
    TokenId merged;
  };

  void read_vocabulary(const JsonFile& model);
  void read_merges(const JsonFile& model);
  void add_merge(const JsonFile& model, const std::string& left, const std::string& right);
  [[nodiscard]] const Merge* find_merge(TokenId left, TokenId right) const;
  void merge_all(std::vector<TokenId>& ids, std::size_t first) const;

  TokenIds written_;
  TokenIds by_bytes_;
  std::array<std::optional<TokenId>, 256> byte_tokens_;
  std::unordered_map<std::uint64_t, Merge> merges_;  // by left << 32 | right
  bool ignore_merges_;  // a piece that is a token is that token, whatever the merges give
};

}  // namespace sterna
