// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sterna {

/// Offset of the first byte that does not begin or continue a UTF-8 character; nothing when the
/// whole text is UTF-8. Overlong forms, surrogates and values above U+10FFFF are not UTF-8.
[[nodiscard]] std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// The text with each longest ill-formed part replaced by U+FFFD (Unicode's recommended practice).
[[nodiscard]] std::string replace_invalid_utf8(std::string_view text);

/// Bytes of the first character of `text`, which is UTF-8 and not empty; of other bytes at least one and
/// at most all.
[[nodiscard]] std::size_t character_bytes(std::string_view text);

/// The UTF-8 form of a code point; U+FFFD for one that is not a character.
[[nodiscard]] std::string utf8_of(char32_t code_point);

/// Turns bytes that arrive in any cut, a token at a time, into text: push() returns what is
/// complete and keeps the beginning of a character for later.
class Utf8Stream {
 public:
  /// Complete characters so far; ill-formed parts become U+FFFD.
  [[nodiscard]] std::string push(std::string_view bytes);

  /// What is left at the end of the stream: nothing, or one U+FFFD.
  [[nodiscard]] std::string finish();

 private:
  std::string pending_;  // at most three bytes, the beginning of a character
};

}  // namespace sterna
