// SPDX-License-Identifier: Apache-2.0
#include "model/convert/tokenizer_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "model/formats/json_file.hpp"
#include "model/text/readers/rank_file.hpp"
#include "model/text/tokenizer/pre_tokenizer.hpp"

namespace sterna {
namespace {

using Json = nlohmann::json;

// llama.cpp's types of tokens.
constexpr std::int32_t kNormal = 1;
constexpr std::int32_t kControl = 3;
constexpr std::int32_t kUserDefined = 4;
constexpr std::int32_t kUnused = 5;

// Names that GGUF has for ways to cut a text.
struct PreWord {
  std::string_view name;
  std::string_view pattern;
  bool takes_whole_tokens;  // ignore_merges
  bool composes;            // NFC
};
constexpr std::array kPreWords = {
    PreWord{"llama-bpe", kLlama3Pattern, true, false},
    PreWord{"gpt-2", kByteLevelPattern, false, false},
    PreWord{"qwen2",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
            "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
            false, true},
};

// The one pattern by which a pre_tokenizer cuts; nothing when it does more.
std::optional<std::string> pattern_of(const nlohmann::json& pre) {
  if (!pre.is_object()) return std::nullopt;
  const std::string type = pre.value("type", "");
  if (type == "ByteLevel") {
    if (pre.value("add_prefix_space", true)) return std::nullopt;
    return pre.value("use_regex", true) ? std::string(kByteLevelPattern) : std::string();
  }
  if (type == "Split") {
    const nlohmann::json pattern = pre.value("pattern", nlohmann::json::object());
    const bool plain = pre.value("behavior", "") == "Isolated" && !pre.value("invert", false);
    if (!plain || !pattern.contains("Regex")) return std::nullopt;
    return pattern.at("Regex").get<std::string>();
  }
  if (type != "Sequence") return std::nullopt;
  std::string only;
  for (const nlohmann::json& step : pre.value("pretokenizers", nlohmann::json::array())) {
    const std::optional<std::string> pattern = pattern_of(step);
    if (!pattern || (!pattern->empty() && !only.empty())) return std::nullopt;
    if (!pattern->empty()) only = *pattern;
  }
  return only;
}

const PreWord* word_for(const nlohmann::json& tokenizer) {
  const std::optional<std::string> pattern =
      pattern_of(tokenizer.value("pre_tokenizer", nlohmann::json()));
  if (!pattern) return nullptr;
  const nlohmann::json normalizer = tokenizer.value("normalizer", nlohmann::json());
  const bool composes = normalizer.is_object() && normalizer.value("type", "") == "NFC";
  if (!composes && !normalizer.is_null()) return nullptr;
  const bool whole = tokenizer.at("model").value("ignore_merges", false);
  const auto found = std::find_if(kPreWords.begin(), kPreWords.end(), [&](const PreWord& word) {
    return word.pattern == *pattern && word.takes_whole_tokens == whole &&
           word.composes == composes;
  });
  return found == kPreWords.end() ? nullptr : &*found;
}

// Whether a template puts a special token before a text.
bool begins_with_special(const nlohmann::json& processor) {
  if (!processor.is_object()) return false;
  if (processor.value("type", "") == "Sequence") {
    const nlohmann::json steps = processor.value("processors", nlohmann::json::array());
    return std::any_of(steps.begin(), steps.end(), begins_with_special);
  }
  const nlohmann::json single = processor.value("single", nlohmann::json::array());
  return !single.empty() && single.front().contains("SpecialToken");
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

void say(const nlohmann::json& tokenizer, std::uint32_t vocab, GgufMetadata& metadata,
         std::vector<std::string>& notes) {
  const PreWord* word = word_for(tokenizer);
  if (word == nullptr) {
    notes.push_back(
        "GGUF has no name for the way this tokenizer cuts texts: the file has its "
        "tokenizer.json only as tokenizer.huggingface.json");
    return;
  }
  const Tokens tokens = tokens_of(tokenizer, vocab);
  if (tokens.outside > 0) {
    notes.push_back(std::to_string(tokens.outside) +
                    " tokens of the tokenizer are outside the model's vocabulary and left out");
  }
  const std::vector<float> scores(vocab, 0.0F);
  metadata.add_text("tokenizer.ggml.model", "gpt2");
  metadata.add_text("tokenizer.ggml.pre", word->name);
  metadata.add_texts("tokenizer.ggml.tokens", tokens.texts);
  metadata.add_reals("tokenizer.ggml.scores", scores);
  metadata.add_wholes("tokenizer.ggml.token_type", tokens.types);
  metadata.add_texts("tokenizer.ggml.merges", merges_of(tokenizer.at("model")));
  metadata.add_boolean("tokenizer.ggml.add_bos_token",
                       begins_with_special(tokenizer.value("post_processor", nlohmann::json())));
}

Json added_token(std::uint32_t id, std::string_view text, bool special) {
  return {{"id", id},        {"content", text},     {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

// A template that puts one token before a text.
Json begin_template(std::string_view token, std::uint32_t id) {
  const Json special = {{"SpecialToken", {{"id", token}, {"type_id", 0}}}};
  const Json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const Json second = {{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
  return {{"type", "TemplateProcessing"},
          {"single", Json::array({special, text})},
          {"pair", Json::array({special, text, second})},
          {"special_tokens",
           {{std::string(token),
             {{"id", token}, {"ids", Json::array({id})}, {"tokens", Json::array({token})}}}}}};
}

Json pre_tokenizer_json(const PreWord& word) {
  const Json bytes = {{"type", "ByteLevel"},
                      {"add_prefix_space", false},
                      {"trim_offsets", true},
                      {"use_regex", false}};
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", word.pattern}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", Json::array({split, bytes})}};
}

}  // namespace

void add_json_tokenizer(const std::string& json, std::uint32_t vocab, GgufMetadata& metadata,
                        std::vector<std::string>& notes) {
  try {
    say(parse_json(json, "tokenizer.json"), vocab, metadata, notes);
  } catch (const nlohmann::json::exception&) {
    notes.push_back(
        "its tokenizer.json is of a kind that GGUF has no words for: the file has it "
        "only as tokenizer.huggingface.json");
  }
}

std::optional<std::string> json_of_gguf(const GgufFile& file) {
  const std::string name = file.text("tokenizer.ggml.pre", "llama-bpe");
  const auto word = std::find_if(kPreWords.begin(), kPreWords.end(),
                                 [&](const PreWord& known) { return known.name == name; });
  const std::vector<std::string_view> tokens = file.texts("tokenizer.ggml.tokens");
  const std::vector<std::int64_t> types = file.wholes("tokenizer.ggml.token_type");
  if (word == kPreWords.end() || file.text("tokenizer.ggml.model", "") != "gpt2" ||
      types.size() != tokens.size()) {
    return std::nullopt;
  }
  Json vocab = Json::object();
  Json added = Json::array();
  for (std::uint32_t id = 0; id < tokens.size(); ++id) {
    if (types[id] == kNormal) vocab[std::string(tokens[id])] = id;
    const bool is_added = types[id] == kControl || types[id] == kUserDefined;
    if (is_added) added.push_back(added_token(id, tokens[id], types[id] == kControl));
  }
  Json json = {{"version", "1.0"},
               {"truncation", nullptr},
               {"padding", nullptr},
               {"added_tokens", std::move(added)},
               {"normalizer", nullptr},
               {"pre_tokenizer", pre_tokenizer_json(*word)},
               {"post_processor", nullptr},
               {"decoder",
                {{"type", "ByteLevel"},
                 {"add_prefix_space", true},
                 {"trim_offsets", true},
                 {"use_regex", true}}},
               {"model",
                {{"type", "BPE"},
                 {"dropout", nullptr},
                 {"unk_token", nullptr},
                 {"continuing_subword_prefix", nullptr},
                 {"end_of_word_suffix", nullptr},
                 {"fuse_unk", false},
                 {"byte_fallback", false},
                 {"ignore_merges", word->takes_whole_tokens},
                 {"vocab", std::move(vocab)},
                 {"merges", file.texts("tokenizer.ggml.merges")}}}};
  if (word->composes) json["normalizer"] = {{"type", "NFC"}};
  const std::uint32_t last =
      static_cast<std::uint32_t>(std::max<std::size_t>(tokens.size(), 1) - 1);
  if (!tokens.empty() && file.boolean("tokenizer.ggml.add_bos_token", word->takes_whole_tokens)) {
    const std::uint32_t begin = file.whole("tokenizer.ggml.bos_token_id", 0, 0, last);
    json["post_processor"] = begin_template(tokens[begin], begin);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
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
