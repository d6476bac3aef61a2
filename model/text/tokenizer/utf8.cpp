// SPDX-License-Identifier: Apache-2.0
#include "model/text/tokenizer/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace sterna {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// What begins at a place in a text.
struct Scan {
  std::size_t bytes;  // of the character, or of the longest part that could have begun one
  bool is_character;
  bool is_cut;  // no character yet, but more bytes could complete it
};

// Ranges of the second byte by the first: they exclude overlong forms, surrogates and what lies
// above U+10FFFF. Source: Unicode 15, table 3-7.
bool is_second(std::uint8_t first, std::uint8_t second) {
  switch (first) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return second >= 0x80 && second <= 0xBF;
  }
}

Scan scan(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {1, true, false};
  if (first < 0xC2 || first > 0xF4) return {1, false, false};
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {i, false, true};
    const bool fits = i == 1 ? is_second(first, byte(1)) : (byte(i) & 0xC0U) == 0x80;
    if (!fits) return {i, false, false};
  }
  return {length, true, false};
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Scan next = scan(text.substr(i));
    if (!next.is_character) return i;
    i += next.bytes;
  }
  return std::nullopt;
}

std::string replace_invalid_utf8(std::string_view text) {
  Utf8Stream stream;
  std::string out = stream.push(text);
  return out + stream.finish();
}

std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text[0]);
  const std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(length, text.size());
}

std::string utf8_of(char32_t code_point) {
  const auto c = static_cast<std::uint32_t>(code_point);
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80U | ((c >> shift) & 0x3FU));
  };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0U | (c >> 6)), tail(0)};
  if (c >= 0xD800 && c <= 0xDFFF) return std::string(kReplacement);
  if (c < 0x10000) return {static_cast<char>(0xE0U | (c >> 12)), tail(6), tail(0)};
  if (c <= 0x10FFFF) return {static_cast<char>(0xF0U | (c >> 18)), tail(12), tail(6), tail(0)};
  return std::string(kReplacement);
}

std::string Utf8Stream::push(std::string_view bytes) {
  pending_.append(bytes);
  std::string out;
  std::size_t i = 0;
  while (i < pending_.size()) {
    const std::string_view rest = std::string_view(pending_).substr(i);
    const Scan next = scan(rest);
    if (next.is_cut) break;
    out.append(next.is_character ? rest.substr(0, next.bytes) : kReplacement);
    i += next.bytes;
  }
  pending_.erase(0, i);
  return out;
}

std::string Utf8Stream::finish() {
  const bool is_cut = !pending_.empty();
  pending_.clear();
  return is_cut ? std::string(kReplacement) : std::string();
}

}  // namespace sterna
