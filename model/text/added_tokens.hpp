// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "model/text/tokenizer_parts.hpp"

namespace sterna {

/// Added tokens that are looked for together; of those that begin at one place the longest wins.
class AddedTokens {
 public:
  void add(AddedToken token) {
    auto& same_start = by_first_byte_[static_cast<std::uint8_t>(token.text[0])];
    const auto shorter = std::find_if(same_start.begin(), same_start.end(), [&](const auto& other) {
      return other.text.size() < token.text.size();
    });
    same_start.insert(shorter, std::move(token));
  }

  /// Calls `between` with the text between added tokens and `token` with their ids, in order.
  template <typename Between, typename Token>
  void split(std::string_view text, const Between& between, const Token& token) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size();) {
      const AddedToken* found = at_start_of(text.substr(i));
      if (found == nullptr) {
        ++i;
        continue;
      }
      if (i > begin) between(text.substr(begin, i - begin));
      token(found->id);
      i += found->text.size();
      begin = i;
    }
    if (begin < text.size()) between(text.substr(begin));
  }

 private:
  const AddedToken* at_start_of(std::string_view text) const {
    for (const AddedToken& token : by_first_byte_[static_cast<std::uint8_t>(text[0])]) {
      if (text.starts_with(token.text)) return &token;
    }
    return nullptr;
  }

  std::array<std::vector<AddedToken>, 256> by_first_byte_;  // each longest first
};

}  // namespace sterna
