// SPDX-License-Identifier: Apache-2.0
#include "host/workload.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace sterna::host {

namespace fs = std::filesystem;

namespace {

void refuse(const std::string& sentence) { throw std::invalid_argument(sentence); }

}  // namespace

void require_in_vocabulary(std::span<const TokenId> tokens, const ModelConfig& config) {
  for (TokenId id : tokens) {
    if (id < config.vocab) continue;
    refuse(
        fmt::format("token {} is outside the model's vocabulary of {}; the tokenizer belongs to "
                    "another model",
                    id, config.vocab));
  }
}

std::string read_text(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    throw std::runtime_error(fmt::format("{}: no such file", file.string()));
  }
  if (!fs::is_regular_file(file, error)) {
    throw std::runtime_error(fmt::format("{}: is not a file", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) throw std::runtime_error(fmt::format("{}: cannot be read", file.string()));
  return text;
}

void Workload::set_held_out(std::vector<TokenId> tokens, std::size_t window) {
  held_out = std::move(tokens);
  window_tokens = std::min(window, held_out.size());
}

TransformerLimits Workload::limits() const {
  const std::size_t context =
      std::max(prompt.size() + new_tokens, std::min(window_tokens, held_out.size()));
  return {.context_tokens = context,
          .batch_tokens = std::min(context, TransformerLimits::kBatchTokens),
          .kv = kv};
}

void Workload::validate_prompt(const ModelConfig& config) const {
  if (prompt.empty()) refuse("the prompt has no tokens; give at least one word");
  if (new_tokens > config.max_tokens || prompt.size() > config.max_tokens - new_tokens) {
    refuse(
        fmt::format("{} prompt tokens and {} new ones do not fit the model's context of {} "
                    "tokens; shorten the prompt or ask for fewer tokens",
                    prompt.size(), new_tokens, config.max_tokens));
  }
  require_in_vocabulary(prompt, config);
}

void Workload::validate_held_out(const ModelConfig& config) const {
  if (held_out.size() < 2) refuse("the text to evaluate has fewer than two tokens");
  if (window_tokens < 2 || window_tokens > config.max_tokens) {
    refuse(fmt::format("a window of {} tokens, expected 2 to the model's context of {}",
                       window_tokens, config.max_tokens));
  }
  require_in_vocabulary(held_out, config);
}

std::optional<Tokenizer> find_tokenizer(std::string_view model_source,
                                        std::string_view tokenizer_file) {
  if (!tokenizer_file.empty()) return load_tokenizer(tokenizer_file);
  const auto file = find_tokenizer_file(model_source);
  return file ? std::optional(load_tokenizer(*file)) : std::nullopt;
}

Tokenizer require_tokenizer(std::string_view model_source, std::string_view tokenizer_file) {
  auto tokenizer = find_tokenizer(model_source, tokenizer_file);
  if (!tokenizer) {
    throw std::runtime_error(fmt::format(
        "{} has no tokenizer.json and no tokenizer.model; this command needs one: name it with "
        "--tokenizer (sterna logits works without)",
        model_source));
  }
  return std::move(*tokenizer);
}

std::vector<TokenId> prompt_tokens(const std::string& text,
                                   const std::optional<Tokenizer>& tokenizer,
                                   std::string_view model_source, std::uint32_t vocab,
                                   std::uint64_t seed) {
  constexpr std::string_view kSentence =
      "And it came to pass in those days, that the king sent messengers unto all the cities of the "
      "land, saying,";
  constexpr std::size_t kRandomTokens = 16;
  if (tokenizer) return tokenizer->encode(text.empty() ? kSentence : text, AddSpecial::Yes);
  if (!text.empty()) (void)require_tokenizer(model_source);
  return random_tokens(kRandomTokens, vocab, seed);
}

fs::path held_out_file(std::string_view model_source) {
  fs::path file = fs::path(model_source) / "heldout.txt";
  std::error_code error;
  if (!fs::exists(file, error)) {
    throw std::runtime_error(
        fmt::format("{} has no heldout.txt; name a text with --text", model_source));
  }
  return file;
}

std::vector<TokenId> encode_file(const Tokenizer& tokenizer, const fs::path& file,
                                 std::size_t tokens) {
  std::vector<TokenId> ids;
  try {
    ids = tokenizer.encode(read_text(file));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}: {}", file.string(), error.what()));
  }
  if (tokens != 0 && ids.size() > tokens) ids.resize(tokens);
  return ids;
}

std::string text_of(const std::optional<Tokenizer>& tokenizer, std::span<const TokenId> tokens) {
  return tokenizer ? tokenizer->decode(tokens) : fmt::format("{}", fmt::join(tokens, " "));
}

std::vector<TokenId> random_tokens(std::size_t count, std::uint32_t vocab, std::uint64_t seed) {
  std::vector<TokenId> tokens(count);
  for (TokenId& token : tokens) {
    // SplitMix64 (Steele, Lea and Flood, 2014).
    std::uint64_t z = seed += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    token = static_cast<TokenId>((z ^ (z >> 31)) % vocab);
  }
  return tokens;
}

}  // namespace sterna::host
