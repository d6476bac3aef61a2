// SPDX-License-Identifier: Apache-2.0
#include "model/text/readers/rank_file.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "model/formats/json_file.hpp"

namespace sterna {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kLongestToken = 1024;  // bytes; LLaMA-3's longest has 128
constexpr std::uint32_t kMaxTokens = 1U << 20;

// A line "base64 rank".
struct Line {
  std::string bytes;
  std::uint32_t rank;
};

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFFU;
    count += 6;
    if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 0xFFU);
  }
  return bytes;
}

std::optional<Line> parse_line(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  std::optional<std::string> bytes = from_base64(line.substr(0, blank));
  const std::string_view number = line.substr(blank + 1);
  std::uint32_t rank = 0;
  const auto result = std::from_chars(number.data(), number.data() + number.size(), rank);
  const bool is_number = result.ec == std::errc() && result.ptr == number.data() + number.size();
  if (!bytes || !is_number) return std::nullopt;
  return Line{std::move(*bytes), rank};
}

// Takes the first line off a text.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::vector<std::string> read_tokens(std::string_view rest, const std::string& source) {
  std::vector<std::string> tokens;
  while (!rest.empty()) {
    const std::string_view written = take_line(rest);
    if (written.empty() && rest.empty()) break;
    const auto refuse = [&](std::string_view why) {
      throw std::runtime_error(fmt::format("{}: line {} is \"{}\": {}", source, tokens.size() + 1,
                                           printable(written), why));
    };
    std::optional<Line> line = parse_line(written);
    if (!line) refuse("a token in base64, a blank and its rank are expected");
    if (line->rank != tokens.size()) refuse("ranks are expected to count from 0 without gaps");
    if (line->bytes.size() > kLongestToken) refuse("a token of at most 1024 bytes is expected");
    if (tokens.size() == kMaxTokens) refuse("at most 1048576 tokens are expected");
    tokens.push_back(std::move(line->bytes));
  }
  return tokens;
}

// The names of the 256 special tokens, in order.
// Source  facts/bitnet.md 3.1
std::vector<std::string> special_names() {
  std::vector<std::string> names{"<|begin_of_text|>", "<|end_of_text|>"};
  const auto reserve = [&](int first, int last) {
    for (int i = first; i <= last; ++i) {
      names.push_back(fmt::format("<|reserved_special_token_{}|>", i));
    }
  };
  reserve(0, 3);
  names.insert(names.end(), {"<|start_header_id|>", "<|end_header_id|>"});
  reserve(4, 4);
  names.emplace_back("<|eot_id|>");
  reserve(5, 250);
  return names;
}

}  // namespace

bool looks_like_ranks(std::string_view start) { return parse_line(take_line(start)).has_value(); }

TokenizerParts read_ranks(std::string_view text, const std::string& source) {
  const std::vector<std::string> tokens = read_tokens(text, source);
  TokenizerParts parts{.bpe = Bpe(Bpe::Unit::Byte)};
  parts.pre_tokenizer.add_split(kLlama3Pattern);
  parts.bpe.take_whole_tokens();
  std::vector<RankedToken> ranked;
  for (const std::string& token : tokens) {
    const auto id = static_cast<TokenId>(ranked.size());
    ranked.push_back({.text = token, .id = id, .rank = id});
    if (!parts.written.emplace(token, id).second) {
      throw std::runtime_error(
          fmt::format("{}: line {} holds a token for the second time", source, id + 1));
    }
    parts.texts.emplace(id, TokenText{.bytes = token});
  }
  parts.bpe.add_ranked_tokens(ranked);
  for (const std::string& name : special_names()) {
    const auto id = static_cast<TokenId>(parts.texts.size());
    parts.added_raw.push_back({.text = name, .id = id});
    parts.written.insert_or_assign(name, id);
    parts.texts.emplace(id, TokenText{.bytes = name, .kind = TokenText::Kind::Special});
  }
  parts.prefix = {static_cast<TokenId>(tokens.size())};
  return parts;
}

}  // namespace sterna
