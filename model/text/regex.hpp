// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sterna {

/// A part of a text: [begin, end).
struct TextRange {
  std::size_t begin;
  std::size_t end;
};

/// A Unicode regular expression (PCRE2) for UTF-8 text, read as the tokenizers' engine reads it: ^
/// and $ match at lines.
class Regex {
 public:
  enum class Kind : unsigned char { Pattern, Literal };

  /// Errors  std::runtime_error with the reason when the pattern does not compile
  Regex(const std::string& pattern, Kind kind);

  /// Leftmost match that begins at `from` or later.
  /// Errors  std::runtime_error when the text needs more backtracking than PCRE2's limits allow
  [[nodiscard]] std::optional<TextRange> find(std::string_view text, std::size_t from) const;

 private:
  std::string pattern_;
  std::shared_ptr<void> code_;
};

}  // namespace sterna
