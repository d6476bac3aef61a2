// SPDX-License-Identifier: Apache-2.0
#include "model/convert/tokenizer_words.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "model/formats/json_file.hpp"
#include "model/text/readers/gguf_pre.hpp"
#include "model/text/readers/tokenizer_json.hpp"
#include "model/text/tokenizer/pre_tokenizer.hpp"
#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {
namespace {

// llama.cpp's types of tokens.
constexpr std::int32_t kNormal = 1;
constexpr std::int32_t kControl = 3;
constexpr std::int32_t kUserDefined = 4;
constexpr std::int32_t kUnused = 5;

// The patterns by which a pre_tokenizer cuts, one after the other; nothing when it does more.
std::optional<std::vector<std::string>> patterns_of(const nlohmann::json& pre) {
  if (!pre.is_object()) return std::nullopt;
  std::vector<std::string> patterns;
  const std::string type = pre.value("type", "");
  if (type == "ByteLevel") {
    if (pre.value("add_prefix_space", true)) return std::nullopt;
    if (pre.value("use_regex", true)) patterns.emplace_back(kByteLevelPattern);
  } else if (type == "Digits") {
    patterns.emplace_back(pre.value("individual_digits", false) ? "\\p{N}" : "\\p{N}+");
  } else if (type == "Split") {
    const nlohmann::json pattern = pre.value("pattern", nlohmann::json::object());
    if (pre.value("behavior", "") != "Isolated" || !pattern.contains("Regex")) return std::nullopt;
    patterns.push_back(pattern.at("Regex").get<std::string>());
  } else if (type == "Sequence") {
    for (const nlohmann::json& step : pre.value("pretokenizers", nlohmann::json::array())) {
      const auto more = patterns_of(step);
      if (!more) return std::nullopt;
      patterns.insert(patterns.end(), more->begin(), more->end());
    }
  } else {
    return std::nullopt;
  }
  return patterns;
}

const GgufPre* word_for(const nlohmann::json& tokenizer) {
  const auto patterns = patterns_of(tokenizer.value("pre_tokenizer", nlohmann::json()));
  if (!patterns) return nullptr;
  const nlohmann::json normalizer = tokenizer.value("normalizer", nlohmann::json());
  const bool composes = normalizer.is_object() && normalizer.value("type", "") == "NFC";
  if (!composes && !normalizer.is_null()) return nullptr;
  const bool whole = tokenizer.at("model").value("ignore_merges", false);
  const auto pres = gguf_pres();
  const auto found = std::find_if(pres.begin(), pres.end(), [&](const GgufPre& pre) {
    return std::equal(pre.patterns.begin(), pre.patterns.end(), patterns->begin(),
                      patterns->end()) &&
           pre.takes_whole_tokens == whole && pre.composes == composes;
  });
  return found == pres.end() ? nullptr : &*found;
}

// What a tokenizer puts around a text.
struct Ends {
  std::vector<TokenId> prefix;
  std::vector<TokenId> suffix;
};

// Empty for what is no byte-level tokenizer that Sterna reads.
std::optional<Ends> ends_of(const std::string& json) {
  try {
    const TokenizerParts parts = read_tokenizer_json(JsonFile(json, "tokenizer.json"));
    if (!parts.pre_tokenizer.is_byte_level()) return std::nullopt;
    return Ends{parts.prefix, parts.suffix};
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

// Says whether a token stands at an end of a text, and which. GGUF has one key for that token and for
// the one that the model's configuration names.
void say_end(const char* word, std::span<const TokenId> around, std::optional<TokenId> of_model,
             GgufMetadata& metadata, std::vector<std::string>& notes) {
  const std::string prefix = "tokenizer.ggml.";
  const bool is_said = around.size() == 1;
  metadata.add_boolean(prefix + "add_" + word + "_token", is_said);
  if (is_said) metadata.add_whole(prefix + word + "_token_id", around.front());
  if (around.size() > 1) {
    notes.push_back("the tokenizer puts " + std::to_string(around.size()) +
                    " tokens at one end of a text, for which GGUF has no words: they are left out");
  }
  if (is_said && of_model && *of_model != around.front()) {
    notes.push_back("the " + std::string(word) + " of the tokenizer is token " +
                    std::to_string(around.front()) + " and that of the model " +
                    std::to_string(*of_model) + ": GGUF has room for the tokenizer's only");
  }
}

struct Tokens {
  std::vector<std::string> texts;
  std::vector<std::int32_t> types;
  std::size_t outside = 0;  // of the model's vocabulary
};

Tokens tokens_of(const nlohmann::json& tokenizer, std::uint32_t vocab) {
  Tokens tokens{.texts = std::vector<std::string>(vocab),
                .types = std::vector<std::int32_t>(vocab, kUnused)};
  const auto place = [&](std::uint64_t id, const std::string& text, std::int32_t type) {
    if (id >= vocab) {
      ++tokens.outside;
      return;
    }
    tokens.texts[id] = text;
    tokens.types[id] = type;
  };
  for (const auto& [text, id] : tokenizer.at("model").at("vocab").items()) {
    place(id.get<std::uint64_t>(), text, kNormal);
  }
  for (const nlohmann::json& added : tokenizer.value("added_tokens", nlohmann::json::array())) {
    place(added.at("id").get<std::uint64_t>(), added.at("content").get<std::string>(),
          added.value("special", false) ? kControl : kUserDefined);
  }
  for (std::uint32_t id = 0; id < vocab; ++id) {
    if (tokens.types[id] == kUnused) tokens.texts[id] = "[PAD" + std::to_string(id) + "]";
  }
  return tokens;
}

// Merges are "left right", or in newer files a pair.
std::vector<std::string> merges_of(const nlohmann::json& model) {
  std::vector<std::string> merges;
  for (const nlohmann::json& merge : model.at("merges")) {
    merges.push_back(merge.is_array()
                         ? merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>()
                         : merge.get<std::string>());
  }
  return merges;
}

// Drops merges of tokens that are outside the model's vocabulary, or make one.
void keep_inside(std::vector<std::string>& merges, const nlohmann::json& ids, std::uint32_t vocab) {
  std::erase_if(merges, [&](const std::string& merge) {
    const std::size_t blank = merge.find(' ');
    const std::string left = merge.substr(0, blank);
    const std::string right = merge.substr(blank + 1);
    return ids.at(left) >= vocab || ids.at(right) >= vocab || ids.at(left + right) >= vocab;
  });
}

void say(const nlohmann::json& tokenizer, const GgufPre& pre, std::uint32_t vocab,
         GgufMetadata& metadata, std::vector<std::string>& notes) {
  const Tokens tokens = tokens_of(tokenizer, vocab);
  std::vector<std::string> merges = merges_of(tokenizer.at("model"));
  if (tokens.outside > 0) {
    keep_inside(merges, tokenizer.at("model").at("vocab"), vocab);
    notes.push_back(std::to_string(tokens.outside) +
                    " tokens of the tokenizer are outside the model's vocabulary and left out");
  }
  const std::vector<float> scores(vocab, 0.0F);
  metadata.add_text("tokenizer.ggml.model", "gpt2");
  metadata.add_text("tokenizer.ggml.pre", pre.names.front());
  metadata.add_texts("tokenizer.ggml.tokens", tokens.texts);
  metadata.add_reals("tokenizer.ggml.scores", scores);
  metadata.add_wholes("tokenizer.ggml.token_type", tokens.types);
  metadata.add_texts("tokenizer.ggml.merges", merges);
}

}  // namespace

void add_json_tokenizer(const std::string& json, const VocabSpecials& model, GgufMetadata& metadata,
                        std::vector<std::string>& notes) {
  // Read twice, one after the other, so that two copies of a large vocabulary are never held.
  const std::optional<Ends> ends = ends_of(json);
  const nlohmann::json tokenizer = ends ? parse_json(json, "tokenizer.json") : nlohmann::json();
  const GgufPre* pre = ends ? word_for(tokenizer) : nullptr;
  if (pre == nullptr) {
    notes.push_back(
        "GGUF has no words for this kind of tokenizer: the file has its tokenizer.json only as "
        "tokenizer.huggingface.json");
    return;
  }
  say(tokenizer, *pre, model.vocab, metadata, notes);
  const std::vector<TokenId>& end = model.special.end;
  say_end("bos", ends->prefix, model.special.begin, metadata, notes);
  say_end("eos", ends->suffix, end.empty() ? std::nullopt : std::optional(end.front()), metadata,
          notes);
}

std::string chat_template_of(const std::string& config_json) {
  if (config_json.empty()) return "";
  const nlohmann::json config = parse_json(config_json, "tokenizer_config.json");
  const auto found = config.is_object() ? config.find("chat_template") : config.end();
  return config.is_object() && found != config.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

}  // namespace sterna
