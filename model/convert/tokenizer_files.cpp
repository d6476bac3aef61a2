// SPDX-License-Identifier: Apache-2.0
#include "model/convert/tokenizer_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "model/convert/sentencepiece_words.hpp"
#include "model/convert/tokenizer_words.hpp"
#include "model/formats/gguf/checkpoint.hpp"
#include "model/formats/gguf/file.hpp"
#include "model/formats/json_file.hpp"
#include "model/formats/packed/file.hpp"

namespace sterna {
namespace {

namespace fs = std::filesystem;

// What makes tokens of a text, and what stops a generation.
constexpr std::array kFileNames = {
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "generation_config.json",
    "special_tokens_map.json",
};
constexpr std::uintmax_t kMaxBytes = std::uintmax_t{64} << 20;  // LLaMA-3's has 9 MB

constexpr std::string_view kJsonName = "tokenizer.json";
constexpr std::string_view kGgufName = "tokenizer.gguf";
constexpr std::string_view kPrefix = "tokenizer.";
constexpr std::string_view kWhole = "tokenizer.huggingface.json";

const CarriedFile* find(const std::vector<CarriedFile>& files, std::string_view name) {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const CarriedFile& file) { return file.name == name; });
  return found == files.end() ? nullptr : &*found;
}

GgufFile open_carried(const CarriedFile& file) {
  // Views into the carried bytes, which outlive the file.
  return {file.name, {nullptr, std::as_bytes(std::span(file.bytes.data(), file.bytes.size()))}};
}

// The metadata of a GGUF file that is about its tokenizer, as a GGUF file of its own.
std::vector<CarriedFile> carry_metadata(const GgufFile& file) {
  // The ids of special tokens alone are no tokenizer; they travel with the configuration.
  if (!file.has("tokenizer.ggml.model") && !file.has(kWhole)) return {};
  GgufMetadata metadata;
  for (const auto& [key, value] : file.values()) {
    if (key.starts_with(kPrefix)) metadata.add_copy(key, value);
  }
  CarriedFile carried{std::string(kGgufName), ""};
  write_gguf(metadata, {}, [&](std::span<const std::byte> bytes) {
    carried.bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return {std::move(carried)};
}

std::vector<CarriedFile> read_folder(const fs::path& folder) {
  std::vector<CarriedFile> files;
  std::error_code ignored;
  for (const char* name : kFileNames) {
    const fs::path file = folder / name;
    if (!fs::exists(file, ignored)) continue;
    if (fs::file_size(file, ignored) > kMaxBytes) {
      throw std::runtime_error(file.string() + " is larger than 64 MiB, which no tokenizer is");
    }
    files.push_back({name, read_text_file(file)});
  }
  return files;
}

// The ids of special tokens, where the tokenizer has not said other ones.
void add_special(const SpecialTokens& special, GgufMetadata& metadata,
                 std::vector<std::string>& notes) {
  constexpr std::array kEndKeys = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"};
  constexpr const char* kBeginKey = "tokenizer.ggml.bos_token_id";
  if (special.begin && !metadata.has(kBeginKey)) metadata.add_whole(kBeginKey, *special.begin);
  for (std::size_t i = 0; i < special.end.size(); ++i) {
    if (i >= kEndKeys.size()) {
      notes.push_back("GGUF names two tokens that end a text, and token " +
                      std::to_string(special.end[i]) + " is one more: it is left out");
    } else if (!metadata.has(kEndKeys[i])) {
      metadata.add_whole(kEndKeys[i], special.end[i]);
    }
  }
}

}  // namespace

std::vector<CarriedFile> find_tokenizer_files(std::string_view source) {
  if (is_packed_file(source)) {
    std::vector<CarriedFile> files;
    const PackedFile file(source);
    for (const auto& [name, bytes] : file.files()) files.push_back({name, std::string(bytes)});
    return files;
  }
  if (is_gguf(source)) return carry_metadata(GgufFile(gguf_location(source).file));
  return read_folder(source);
}

void add_tokenizer(const std::vector<CarriedFile>& files, const SpecialTokens& special,
                   std::uint32_t vocab, GgufMetadata& metadata, std::vector<std::string>& notes) {
  if (const CarriedFile* carried = find(files, kGgufName)) {
    const GgufFile file = open_carried(*carried);
    for (const auto& [key, value] : file.values()) metadata.add_copy(key, value);
  } else if (const CarriedFile* json = find(files, kJsonName)) {
    const CarriedFile* config = find(files, "tokenizer_config.json");
    const CarriedFile* chat = find(files, "chat_template.jinja");
    add_json_tokenizer(json->bytes, {vocab, special}, metadata, notes);
    metadata.add_text(kWhole, json->bytes);
    const std::string chat_template =
        chat != nullptr ? chat->bytes : chat_template_of(config == nullptr ? "" : config->bytes);
    if (!chat_template.empty()) metadata.add_text("tokenizer.chat_template", chat_template);
  } else if (const CarriedFile* model = find(files, "tokenizer.model")) {
    const CarriedFile* added = find(files, "added_tokens.json");
    add_sentencepiece(model->bytes, added == nullptr ? "{}" : added->bytes, vocab, metadata, notes);
  } else if (!files.empty()) {
    notes.push_back("the source has no tokenizer: neither tokenizer.json nor tokenizer.model");
  }
  add_special(special, metadata, notes);
}

std::vector<CarriedFile> hugging_face_files(const std::vector<CarriedFile>& files,
                                            std::vector<std::string>& notes) {
  const CarriedFile* carried = find(files, kGgufName);
  if (carried == nullptr) return files;
  const GgufFile file = open_carried(*carried);
  std::vector<CarriedFile> made;
  const std::string whole = file.text(kWhole, "");
  const std::optional<std::string> json = whole.empty() ? json_of_gguf(file) : whole;
  if (json) {
    made.push_back({std::string(kJsonName), *json});
  } else {
    notes.push_back("the tokenizer of the source, " + file.text("tokenizer.ggml.model", "none") +
                    " with pre-tokenizer " + file.text("tokenizer.ggml.pre", "not named") +
                    ", cannot be said in a tokenizer.json: the folder has none");
  }
  const std::string chat = file.text("tokenizer.chat_template", "");
  if (!chat.empty()) made.push_back({"chat_template.jinja", chat});
  return made;
}

}  // namespace sterna
