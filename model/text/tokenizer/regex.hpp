// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "model/formats/json_file.hpp"

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

  /// Leftmost match that begins at `from` or later and is not empty.
  /// Errors  std::runtime_error when the text needs more backtracking than PCRE2's limits allow
  [[nodiscard]] std::optional<TextRange> find(std::string_view text, std::size_t from) const;

 private:
  std::string pattern_;
  std::shared_ptr<void> code_;
};

/// A "pattern" of a tokenizer.json: an object with Regex or String.
/// Errors  std::runtime_error naming the file
[[nodiscard]] Regex read_regex(const JsonFile& pattern);

}  // namespace sterna
