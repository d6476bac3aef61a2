// SPDX-License-Identifier: Apache-2.0
#include "model/text/readers/tokenizer_file.hpp"

#include <fstream>
#include <span>
#include <stdexcept>

#include "model/formats/gguf/checkpoint.hpp"
#include "model/formats/gguf/file.hpp"
#include "model/formats/json_file.hpp"
#include "model/formats/packed/file.hpp"
#include "model/text/readers/gguf_tokenizer.hpp"
#include "model/text/readers/rank_file.hpp"
#include "model/text/readers/sentencepiece_file.hpp"
#include "model/text/readers/tokenizer_json.hpp"
#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {

namespace fs = std::filesystem;

namespace {

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

std::string start_of(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return "";  // a pipe would be waited for
  constexpr std::streamsize kBytes = 4096;             // more than a line of ranks has
  std::string start(kBytes, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(start.data(), kBytes);
  start.resize(static_cast<std::size_t>(in.gcount()));
  return start;
}

bool begins_gguf(std::string_view start) { return start.starts_with("GGUF"); }

// tokenizer_config.json has one template, or a list of named ones.
std::optional<std::string> chat_template_in(const JsonFile& config) {
  if (!config.has("chat_template")) return std::nullopt;
  if (!config.at("chat_template").is_array()) return config.text("chat_template", "");
  for (const JsonFile& named : config.objects("chat_template")) {
    if (named.text("name", "") == "default") return named.text("template", "");
  }
  return std::nullopt;
}

std::optional<std::string> read_chat_template(const fs::path& folder) {
  if (is_there(folder / "chat_template.jinja")) {
    return read_text_file(folder / "chat_template.jinja");
  }
  if (!is_there(folder / "tokenizer_config.json")) return std::nullopt;
  return chat_template_in(JsonFile(folder / "tokenizer_config.json"));
}

// A file of Sterna's own carries the files of a folder, or the metadata of a GGUF file.
constexpr std::string_view kCarriedJson = "tokenizer.json";
constexpr std::string_view kCarriedGguf = "tokenizer.gguf";
constexpr std::string_view kCarriedModel = "tokenizer.model";

bool has_tokenizer(const PackedFile& file) {
  return file.files().contains(kCarriedJson) || file.files().contains(kCarriedGguf) ||
         file.files().contains(kCarriedModel);
}

// A tokenizer.model: ranks, or SentencePiece with the tokens that were added beside it.
TokenizerParts read_model(std::string_view bytes, const std::optional<JsonFile>& added,
                          const std::string& source) {
  if (looks_like_ranks(bytes)) return read_ranks(bytes, source);
  TokenizerParts parts = read_sentencepiece(bytes, source);
  if (added) add_added_tokens(*added, parts);
  return parts;
}

std::optional<JsonFile> added_beside(const fs::path& file) {
  const fs::path added = file.parent_path() / "added_tokens.json";
  return is_there(added) ? std::optional(JsonFile(added)) : std::nullopt;
}

std::optional<JsonFile> added_in(const PackedFile& file) {
  const auto added = file.files().find("added_tokens.json");
  return added == file.files().end() ? std::nullopt
                                     : std::optional(JsonFile(added->second, file.path()));
}

// What a file of Sterna's own carries, but for the chat template.
TokenizerParts read_carried_words(const PackedFile& file) {
  const auto& files = file.files();
  if (const auto json = files.find(kCarriedJson); json != files.end()) {
    return read_tokenizer_json(JsonFile(json->second, file.path()));
  }
  if (const auto model = files.find(kCarriedModel); model != files.end()) {
    return read_model(model->second, added_in(file), file.path().string());
  }
  throw std::runtime_error(file.path().string() +
                           " carries no tokenizer: name one with --tokenizer");
}

TokenizerParts read_carried(const PackedFile& file) {
  const auto& files = file.files();
  if (const auto gguf = files.find(kCarriedGguf); gguf != files.end()) {
    const auto bytes = std::as_bytes(std::span(gguf->second.data(), gguf->second.size()));
    return read_gguf_tokenizer(GgufFile(file.path(), {file.mapped().mapping, bytes}));
  }
  TokenizerParts parts = read_carried_words(file);
  if (const auto jinja = files.find("chat_template.jinja"); jinja != files.end()) {
    parts.chat_template = std::string(jinja->second);
  } else if (const auto config = files.find("tokenizer_config.json"); config != files.end()) {
    parts.chat_template = chat_template_in(JsonFile(config->second, file.path()));
  }
  return parts;
}

TokenizerParts read_file(const fs::path& file) {
  const std::string start = start_of(file);
  if (begins_gguf(start)) return read_gguf_tokenizer(GgufFile(file));
  if (start.starts_with(kPackedMagic)) return read_carried(PackedFile(file));
  const std::size_t first = start.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string::npos && start[first] == '{';
  if (is_json || file.extension() == ".json" || fs::is_directory(file) || !is_there(file)) {
    return read_tokenizer_json(file);
  }
  return read_model(read_text_file(file), added_beside(file), file.string());
}

}  // namespace

std::optional<fs::path> find_tokenizer_file(const fs::path& model) {
  if (is_packed_file(model)) {
    return has_tokenizer(PackedFile(model)) ? std::optional(model) : std::nullopt;
  }
  const fs::path file = is_gguf(model.native()) ? gguf_location(model.native()).file : model;
  if (begins_gguf(start_of(file))) {
    return has_gguf_tokenizer(GgufFile(file)) ? std::optional(file) : std::nullopt;
  }
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    if (is_there(model / name)) return model / name;
  }
  return std::nullopt;
}

Tokenizer load_tokenizer(const fs::path& file) {
  std::error_code ignored;
  const bool is_folder = fs::is_directory(file, ignored);
  const std::optional<fs::path> inside = is_folder ? find_tokenizer_file(file) : std::nullopt;
  if (is_folder && !inside) {
    throw std::runtime_error(file.string() + " has neither tokenizer.json nor tokenizer.model");
  }
  const fs::path source = inside.value_or(file);
  TokenizerParts parts = read_file(source);
  if (!parts.chat_template) parts.chat_template = read_chat_template(source.parent_path());
  return Tokenizer(std::move(parts));
}

}  // namespace sterna
