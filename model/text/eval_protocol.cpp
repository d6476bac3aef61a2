// SPDX-License-Identifier: Apache-2.0
#include "model/text/eval_protocol.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "model/text/tokenizer/utf8.hpp"

namespace sterna {
namespace {

using Rule = EvalProtocol::Rule;

constexpr std::array kProtocols{
    EvalProtocol{"sterna-256", Rule::Plain, 256, 0, "Sterna's own: windows of 256, no BOS"},
    EvalProtocol{"hf-2048", Rule::FullWindows, 2048, 0,
                 "BOS, then full windows of 2048 that do not overlap"},
    EvalProtocol{"paper-2048", Rule::Lines, 2048, 0,
                 "1bitLLM's eval_ppl: lines with BOS and EOS packed into windows of up to 2048"},
    EvalProtocol{"llamacpp-512", Rule::SecondHalf, 512, 0,
                 "llama-perplexity: windows of 512 with BOS, the second half counts"},
    EvalProtocol{"bitnetcpp-512", Rule::SecondHalf, 512, 0,
                 "bitnet.cpp's test_perplexity, which is llamacpp-512 on its own texts"},
    EvalProtocol{"bitnetcpp-quick", Rule::SecondHalf, 128, 4096,
                 "its quick mode: the first 4096 characters in windows of 128"},
};

[[noreturn]] void refuse(const std::string& sentence) { throw std::invalid_argument(sentence); }

void keep(std::vector<TokenId>& tokens, std::size_t most) {
  if (most != 0 && tokens.size() > most) tokens.resize(most);
}

std::string_view first_characters(std::string_view text, std::size_t characters) {
  std::size_t end = 0;
  for (; characters > 0 && end < text.size(); --characters) {
    end += character_bytes(text.substr(end));
  }
  return text.substr(0, end);
}

std::vector<EvalWindow> full_windows(const EvalProtocol& protocol, std::vector<TokenId> tokens) {
  const std::size_t window = protocol.window_tokens;
  const bool halves = protocol.rule == Rule::SecondHalf;
  if (tokens.size() < window) {
    refuse("a text of " + std::to_string(tokens.size()) + " tokens fills no window of " +
           std::to_string(window) + ": give a longer text or a smaller --window");
  }
  std::vector<EvalWindow> windows;
  for (std::size_t i = 0; i + window <= tokens.size(); i += window) {
    const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(i);
    windows.push_back({.tokens = {begin, begin + static_cast<std::ptrdiff_t>(window)},
                       .first_scored = halves ? window / 2 + 1 : 1});
  }
  return windows;
}

// The lines of the text that are not empty, each with its tokens and an EOS.
std::vector<std::vector<TokenId>> encode_lines(const Tokenizer& tokenizer, std::string_view text,
                                               TokenId end, std::size_t most_tokens) {
  std::vector<std::vector<TokenId>> lines;
  std::size_t tokens = 0;
  while (!text.empty() && (most_tokens == 0 || tokens < most_tokens)) {
    const std::size_t size = std::min(text.find('\n'), text.size());
    if (size > 0) {
      lines.push_back(tokenizer.encode(text.substr(0, size)));
      lines.back().push_back(end);
      tokens += lines.back().size();
    }
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return lines;
}

std::vector<EvalWindow> packed_lines(const EvalProtocol& protocol, const Tokenizer& tokenizer,
                                     const SpecialTokens& special, std::string_view text,
                                     std::size_t most_tokens) {
  if (!special.begin || special.end.empty()) {
    refuse(std::string(protocol.name) +
           " puts a BOS and an EOS around lines, and the model's "
           "configuration does not name both");
  }
  std::vector<EvalWindow> windows;
  std::vector<TokenId> window{*special.begin};
  const auto finish = [&] {
    if (window.size() > 1) windows.push_back({.tokens = window, .first_scored = 1});
    window = {*special.begin};
  };
  for (const auto& line : encode_lines(tokenizer, text, special.end.front(), most_tokens)) {
    // A line as long as a window passes the script's test for long lines, but with the BOS before it
    // the window is one token too long; the script keeps such a window where it is not the last.
    if (line.size() >= protocol.window_tokens) continue;
    if (window.size() + line.size() > protocol.window_tokens) finish();
    window.insert(window.end(), line.begin(), line.end());
  }
  finish();
  if (windows.empty()) refuse("the text has no line that can be scored: give a longer text");
  return windows;
}

}  // namespace

std::span<const EvalProtocol> eval_protocols() { return kProtocols; }

const EvalProtocol& eval_protocol(std::string_view name) {
  std::string names;
  for (const EvalProtocol& protocol : kProtocols) {
    if (protocol.name == name) return protocol;
    names.append(names.empty() ? "" : ", ").append(protocol.name);
  }
  refuse("a protocol " + std::string(name) + " is not known: choose one of " + names);
}

std::vector<EvalWindow> make_windows(const EvalProtocol& protocol, const Tokenizer& tokenizer,
                                     const SpecialTokens& special, std::string_view text,
                                     std::size_t most_tokens) {
  if (protocol.text_characters != 0) text = first_characters(text, protocol.text_characters);
  if (protocol.rule == Rule::Lines) {
    return packed_lines(protocol, tokenizer, special, text, most_tokens);
  }
  const bool is_plain = protocol.rule == Rule::Plain;
  std::vector<TokenId> tokens = tokenizer.encode(text, is_plain ? AddSpecial::No : AddSpecial::Yes);
  keep(tokens, most_tokens);
  if (is_plain) return plain_windows(tokens, protocol.window_tokens);
  std::vector<EvalWindow> windows = full_windows(protocol, std::move(tokens));
  const std::span<const TokenId> prefix = tokenizer.prefix();
  if (protocol.rule == Rule::SecondHalf && !prefix.empty()) {
    for (EvalWindow& window : windows) window.tokens.front() = prefix.front();
  }
  return windows;
}

}  // namespace sterna
