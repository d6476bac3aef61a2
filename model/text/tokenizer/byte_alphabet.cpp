// SPDX-License-Identifier: Apache-2.0
#include "model/text/tokenizer/byte_alphabet.hpp"

#include <cstdint>
#include <unordered_map>

#include "model/text/tokenizer/utf8.hpp"

namespace sterna {
namespace {

bool is_written_as_itself(unsigned byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

// From the UTF-8 form of a character of the alphabet to its byte.
std::unordered_map<std::string, char> make_alphabet() {
  std::unordered_map<std::string, char> alphabet;
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t character = is_written_as_itself(byte) ? byte : next++;
    alphabet.emplace(utf8_of(character), static_cast<char>(byte));
  }
  return alphabet;
}

}  // namespace

std::optional<std::string> alphabet_bytes(std::string_view token) {
  static const std::unordered_map<std::string, char> alphabet = make_alphabet();
  std::string bytes;
  for (std::size_t i = 0; i < token.size();) {
    // Every character of the alphabet takes one byte of UTF-8 or two.
    const std::size_t length = static_cast<std::uint8_t>(token[i]) < 0x80 ? 1 : 2;
    const auto found = alphabet.find(std::string(token.substr(i, length)));
    if (found == alphabet.end()) return std::nullopt;
    bytes += found->second;
    i += length;
  }
  return bytes;
}

}  // namespace sterna
