// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "model/convert/tokenizer_words.hpp"
#include "model/text/readers/gguf_pre.hpp"
#include "model/text/readers/gguf_tokenizer.hpp"
#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {
namespace {

using Json = nlohmann::json;

// llama.cpp's types of tokens.
constexpr std::int64_t kNormal = 1;
constexpr std::int64_t kUserDefined = 4;
constexpr std::int64_t kUnused = 5;
constexpr std::int64_t kByte = 6;

// The tokens that a tokenizer puts before a text and behind it.
struct Ends {
  std::vector<TokenId> prefix;
  std::vector<TokenId> suffix;
};

Json added_token(std::uint32_t id, std::string_view text, bool special) {
  return {{"id", id},        {"content", text},     {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

// A template that puts tokens around a text; null without any.
Json template_of(const Ends& ends, std::span<const std::string_view> tokens) {
  if (ends.prefix.empty() && ends.suffix.empty()) return nullptr;
  Json special = Json::object();
  Json single = Json::array();
  const auto add = [&](TokenId id) {
    const std::string_view token = tokens[id];
    single.push_back({{"SpecialToken", {{"id", token}, {"type_id", 0}}}});
    special[std::string(token)] = {
        {"id", token}, {"ids", Json::array({id})}, {"tokens", Json::array({token})}};
  };
  std::for_each(ends.prefix.begin(), ends.prefix.end(), add);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  std::for_each(ends.suffix.begin(), ends.suffix.end(), add);
  Json pair = single;
  pair.push_back({{"Sequence", {{"id", "B"}, {"type_id", 1}}}});
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(special)}};
}

Json pre_tokenizer_json(const GgufPre& pre) {
  Json steps = Json::array();
  for (const char* pattern : pre.patterns) {
    steps.push_back({{"type", "Split"},
                     {"pattern", {{"Regex", pattern}}},
                     {"behavior", "Isolated"},
                     {"invert", false}});
  }
  steps.push_back({{"type", "ByteLevel"},
                   {"add_prefix_space", false},
                   {"trim_offsets", true},
                   {"use_regex", false}});
  return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

// The tokens of the model, and those that are looked for in a text before it.
std::pair<Json, Json> vocab_and_added(std::span<const std::string_view> tokens,
                                      std::span<const std::int64_t> types) {
  Json vocab = Json::object();
  Json added = Json::array();
  for (std::uint32_t id = 0; id < tokens.size(); ++id) {
    const std::int64_t type = types.empty() ? kNormal : types[id];
    if (type == kNormal || type == kByte) {
      vocab[std::string(tokens[id])] = id;
    } else if (type != kUnused) {
      added.push_back(added_token(id, tokens[id], type != kUserDefined));
    }
  }
  return {std::move(vocab), std::move(added)};
}

Json bpe_json(const GgufFile& file, const GgufPre& pre, Json vocab) {
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", pre.takes_whole_tokens},
          {"vocab", std::move(vocab)},
          {"merges", file.texts("tokenizer.ggml.merges")}};
}

// Empty for a tokenizer that Sterna does not read.
std::optional<Ends> ends_of(const GgufFile& file) {
  try {
    const TokenizerParts parts = read_gguf_tokenizer(file);
    return Ends{parts.prefix, parts.suffix};
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> json_of_gguf(const GgufFile& file) {
  if (file.text("tokenizer.ggml.model", "") != "gpt2") return std::nullopt;
  const GgufPre* pre = find_gguf_pre(gguf_pre_name(file));
  const std::optional<Ends> ends = pre == nullptr ? std::nullopt : ends_of(file);
  if (!ends) return std::nullopt;
  const std::vector<std::string_view> tokens = file.texts("tokenizer.ggml.tokens");
  auto [vocab, added] = vocab_and_added(tokens, file.wholes("tokenizer.ggml.token_type"));
  const Json json = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", std::move(added)},
                     {"normalizer", pre->composes ? Json{{"type", "NFC"}} : Json()},
                     {"pre_tokenizer", pre_tokenizer_json(*pre)},
                     {"post_processor", template_of(*ends, tokens)},
                     {"decoder",
                      {{"type", "ByteLevel"},
                       {"add_prefix_space", true},
                       {"trim_offsets", true},
                       {"use_regex", true}}},
                     {"model", bpe_json(file, *pre, std::move(vocab))}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sterna
