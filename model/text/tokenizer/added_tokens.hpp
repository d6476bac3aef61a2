// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {

/// Added tokens that are looked for together; of those that begin at one place the longest wins.
class AddedTokens {
 public:
  /// Of two with one text the first counts.
  void add(const AddedToken& token) {
    std::vector<std::size_t>& lengths = lengths_[static_cast<std::uint8_t>(token.text[0])];
    const auto at =
        std::lower_bound(lengths.begin(), lengths.end(), token.text.size(), std::greater<>());
    if (at == lengths.end() || *at != token.text.size()) lengths.insert(at, token.text.size());
    ids_.emplace(token.text, token.id);
  }

  /// Calls `between` with the text between added tokens and `token` with their ids, in order.
  template <typename Between, typename Token>
  void split(std::string_view text, const Between& between, const Token& token) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size();) {
      const TokenIds::value_type* found = at_start_of(text.substr(i));
      if (found == nullptr) {
        ++i;
        continue;
      }
      if (i > begin) between(text.substr(begin, i - begin));
      token(found->second);
      i += found->first.size();
      begin = i;
    }
    if (begin < text.size()) between(text.substr(begin));
  }

 private:
  const TokenIds::value_type* at_start_of(std::string_view text) const {
    for (const std::size_t length : lengths_[static_cast<std::uint8_t>(text[0])]) {
      if (length > text.size()) continue;
      const auto found = ids_.find(text.substr(0, length));
      if (found != ids_.end()) return &*found;
    }
    return nullptr;
  }

  TokenIds ids_;
  std::array<std::vector<std::size_t>, 256> lengths_;  // by first byte, longest first
};

}  // namespace sterna
