// SPDX-License-Identifier: Apache-2.0
#include "model/text/readers/tokenizer_json.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

#include "model/formats/json_file.hpp"
#include "model/text/tokenizer/byte_alphabet.hpp"
#include "model/text/tokenizer/replace.hpp"

namespace sterna {
namespace {

using Kind = TokenText::Kind;

class Reader {
 public:
  explicit Reader(const JsonFile& file);

  TokenizerParts take() { return std::move(parts_); }

 private:
  void check_model(const JsonFile& model) const;
  void read_vocabulary(const JsonFile& model);
  void decode_bytes();
  void read_merges(const JsonFile& model);
  void add_merge(const JsonFile& model, const std::string& left, const std::string& right);
  void read_unknown(const JsonFile& model);
  void read_added(const JsonFile& token);
  void read_decoder(const JsonFile& decoder);
  void replace_marks(const std::string& mark, const std::string& with);
  void read_post_processor(const JsonFile& processor);
  void read_template(const JsonFile& processor);
  std::string bytes_of(const std::string& token) const;

  TokenizerParts parts_;
  std::uint32_t next_rank_ = 0;
};

bool decodes_bytes(const JsonFile& decoder) {
  bool found = decoder.text("type", "") == "ByteLevel";
  for (const JsonFile& step : decoder.objects("decoders")) found = found || decodes_bytes(step);
  return found;
}

TokenizerParts empty_parts(const JsonFile& file) {
  Normalizer normalizer =
      file.has("normalizer") ? Normalizer(file.object("normalizer")) : Normalizer();
  PreTokenizer pre_tokenizer =
      file.has("pre_tokenizer") ? PreTokenizer(file.object("pre_tokenizer")) : PreTokenizer();
  const bool is_byte_level = pre_tokenizer.is_byte_level();
  return {.added_raw = {},
          .normalizer = std::move(normalizer),
          .added_normalized = {},
          .pre_tokenizer = std::move(pre_tokenizer),
          .bpe = Bpe(is_byte_level ? Bpe::Unit::Byte : Bpe::Unit::Character),
          .texts = {},
          .written = {},
          .prefix = {},
          .suffix = {},
          .dropped_start = DroppedStart::Nothing,
          .bad_bytes = is_byte_level ? BadBytes::EachPart : BadBytes::EachByte};
}

Reader::Reader(const JsonFile& file) : parts_(empty_parts(file)) {
  const JsonFile model = file.object("model");
  check_model(model);
  read_vocabulary(model);
  read_merges(model);
  read_unknown(model);
  for (const JsonFile& token : file.objects("added_tokens")) read_added(token);
  read_decoder(file.object("decoder"));
  if (decodes_bytes(file.object("decoder")) != parts_.pre_tokenizer.is_byte_level()) {
    file.refuse("pre_tokenizer",
                "ByteLevel is expected in both this and the decoder, or in neither");
  }
  if (file.has("post_processor")) read_post_processor(file.object("post_processor"));
}

void Reader::check_model(const JsonFile& model) const {
  if (model.text("type", "BPE") != "BPE") model.refuse("type", "only BPE is supported");
  for (const char* option : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model.text(option, "").empty()) model.refuse(option, "only none is supported");
  }
  if (model.has("dropout") && model.at("dropout") != 0.0) {
    model.refuse("dropout", "random merges are not supported, only null is");
  }
  if (model.boolean("byte_fallback", false) && parts_.pre_tokenizer.is_byte_level()) {
    model.refuse("byte_fallback", "only false is supported with ByteLevel, which needs none");
  }
}

// What a token stands for: in a byte-level file its characters are bytes.
std::string Reader::bytes_of(const std::string& token) const {
  if (!parts_.pre_tokenizer.is_byte_level()) return token;
  return alphabet_bytes(token).value_or(token);
}

void Reader::read_vocabulary(const JsonFile& model) {
  const bool falls_back = model.boolean("byte_fallback", false);
  const bool is_byte_level = parts_.pre_tokenizer.is_byte_level();
  if (model.boolean("ignore_merges", false)) parts_.bpe.take_whole_tokens();
  const JsonFile vocabulary = model.object("vocab");
  const nlohmann::json& entries = model.at("vocab");
  if (entries.empty()) model.refuse("vocab", "an object from tokens to ids is expected");
  for (const auto& [token, value] : entries.items()) {
    if (value.is_null()) vocabulary.refuse(token, "a token id is expected");
    const TokenId id = vocabulary.whole(token, 0, 0, Bpe::kMaxToken);
    parts_.written.emplace(token, id);
    // A byte-level token with a character outside the byte alphabet is no piece of a text.
    if (!is_byte_level || alphabet_bytes(token)) parts_.bpe.add_token(bytes_of(token), id);
    if (falls_back) {
      if (const auto byte = byte_of_written(token)) parts_.bpe.add_byte_fallback(*byte, id);
    }
    if (!parts_.texts.emplace(id, TokenText{.bytes = bytes_of(token)}).second) {
      vocabulary.refuse(token, "another token has this id");
    }
  }
}

// Tokens that name bytes stand for them, whether or not the model itself makes them of unknown text.
void Reader::decode_bytes() {
  for (const auto& [token, id] : parts_.written) {
    const std::optional<std::uint8_t> byte = byte_of_written(token);
    if (!byte) continue;
    parts_.texts[id] = {.bytes = std::string(1, static_cast<char>(*byte)), .kind = Kind::Byte};
  }
}

void Reader::read_merges(const JsonFile& model) {
  const nlohmann::json& list = model.at("merges");
  if (!list.is_array()) model.refuse("merges", "a list of merges is expected");
  for (const nlohmann::json& entry : list) {
    // Two spellings: "left right", and ["left", "right"] since version 0.20 of the library.
    if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
      add_merge(model, entry[0].get<std::string>(), entry[1].get<std::string>());
      continue;
    }
    const std::string text = entry.is_string() ? entry.get<std::string>() : "";
    const std::size_t blank = text.find(' ');
    if (blank == std::string::npos || text.find(' ', blank + 1) != std::string::npos) {
      throw std::runtime_error(model.file().string() + ": model.merges holds " + brief(entry) +
                               " where a pair of tokens is expected");
    }
    add_merge(model, text.substr(0, blank), text.substr(blank + 1));
  }
}

void Reader::add_merge(const JsonFile& model, const std::string& left, const std::string& right) {
  const auto id_of = [&](const std::string& token) {
    const auto found = parts_.written.find(token);
    if (found == parts_.written.end()) {
      throw std::runtime_error(model.file().string() + ": model.merges has the token " +
                               printable(token) + ", which model.vocab lacks");
    }
    return found->second;
  };
  parts_.bpe.add_merge(id_of(left), id_of(right), id_of(left + right), next_rank_++);
}

void Reader::read_unknown(const JsonFile& model) {
  const std::string token = model.text("unk_token", "");
  if (token.empty()) return;
  const auto found = parts_.written.find(token);
  if (found == parts_.written.end())
    model.refuse("unk_token", "a token of model.vocab is expected");
  parts_.bpe.set_unknown(found->second, model.boolean("fuse_unk", false));
}

void Reader::read_added(const JsonFile& token) {
  const std::string text = token.text("content", "");
  if (text.empty()) token.refuse("content", "the text of a token is expected");
  if (!token.has("id")) token.refuse("id", "a token id is expected");
  const TokenId id = token.whole("id", 0, 0, Bpe::kMaxToken);
  for (const char* option : {"lstrip", "rstrip", "single_word"}) {
    if (token.boolean(option, false)) token.refuse(option, "only false is supported");
  }
  const bool is_special = token.boolean("special", false);
  const bool is_normalized = token.boolean("normalized", !is_special);
  if (is_normalized) {
    const std::string changed = parts_.normalizer.apply(text);
    if (!changed.empty()) parts_.added_normalized.push_back({.text = changed, .id = id});
  } else {
    parts_.added_raw.push_back({.text = text, .id = id});
  }
  parts_.written.insert_or_assign(text, id);
  parts_.texts[id] = {.bytes = bytes_of(text), .kind = is_special ? Kind::Special : Kind::Ordinary};
}

void Reader::replace_marks(const std::string& mark, const std::string& with) {
  if (mark.empty()) return;
  for (auto& [id, text] : parts_.texts) {
    if (text.kind != Kind::Byte) text.bytes = replace_all(text.bytes, mark, with);
  }
}

void Reader::read_decoder(const JsonFile& decoder) {
  const std::string type = decoder.text("type", "");
  if (type == "Sequence") {
    for (const JsonFile& step : decoder.objects("decoders")) read_decoder(step);
  } else if (type == "Metaspace") {
    replace_marks(decoder.text("replacement", kWordMark), " ");
    const bool adds = decoder.boolean("add_prefix_space", true);
    if (decoder.text("prepend_scheme", adds ? "always" : "never") != "never") {
      parts_.dropped_start = DroppedStart::BlanksOfFirstToken;
    }
  } else if (type == "Replace") {
    replace_marks(decoder.object("pattern").text("String", ""), decoder.text("content", ""));
  } else if (type == "Strip") {
    const bool is_one_blank = decoder.text("content", "") == " " &&
                              decoder.whole("start", 0, 0, 1) == 1 &&
                              decoder.whole("stop", 0, 0, 0) == 0;
    if (!is_one_blank) decoder.refuse("content", "only one blank at the start can be stripped");
    parts_.dropped_start = DroppedStart::OneBlank;
  } else if (type == "ByteFallback") {
    decode_bytes();
  } else if (type != "ByteLevel" && type != "Fuse") {
    decoder.refuse("type",
                   "only ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip and "
                   "Sequence are supported");
  }
}

void Reader::read_post_processor(const JsonFile& processor) {
  const std::string type = processor.text("type", "");
  if (type == "Sequence") {
    for (const JsonFile& step : processor.objects("processors")) read_post_processor(step);
  } else if (type == "TemplateProcessing") {
    read_template(processor);
  } else if (type != "ByteLevel") {  // which only moves offsets
    processor.refuse("type", "only ByteLevel, TemplateProcessing and Sequence are supported");
  }
}

// A template is a list of special tokens and one Sequence, the text.
void Reader::read_template(const JsonFile& processor) {
  const JsonFile special = processor.object("special_tokens");
  std::vector<TokenId>* side = &parts_.prefix;
  for (const JsonFile& item : processor.objects("single")) {
    if (item.has("Sequence")) {
      side = &parts_.suffix;
      continue;
    }
    const std::string name = item.object("SpecialToken").text("id", "");
    const JsonFile token = special.object(name);
    const nlohmann::json& ids = token.at("ids");
    if (!ids.is_array()) special.refuse(name, "a special token with a list of ids is expected");
    for (const nlohmann::json& id : ids) {
      const bool is_id = id.is_number_unsigned() && id.get<std::uint64_t>() <= Bpe::kMaxToken;
      if (!is_id || !parts_.texts.contains(id.get<TokenId>())) {
        special.refuse(name, "ids of the vocabulary are expected");
      }
      side->push_back(id.get<TokenId>());
    }
  }
}

}  // namespace

TokenizerParts read_tokenizer_json(const std::filesystem::path& file) {
  return read_tokenizer_json(JsonFile(file));
}

TokenizerParts read_tokenizer_json(const JsonFile& file) { return Reader(file).take(); }

}  // namespace sterna
