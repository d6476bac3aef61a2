// SPDX-License-Identifier: Apache-2.0
#include "model/convert/tokenizer_files.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "model/formats/gguf_file.hpp"
#include "model/formats/json_file.hpp"
#include "model/formats/packed_file.hpp"

namespace sterna {
namespace {

namespace fs = std::filesystem;

// What makes a text of tokens in a folder, and a stop of a generation.
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
constexpr std::uintmax_t kMaxBytes = std::uintmax_t{64} << 20;  // LLaMA-3's have 9 MB

constexpr std::string_view kWhole = "tokenizer.huggingface.json";

}  // namespace

std::vector<CarriedFile> find_tokenizer_files(const fs::path& source) {
  std::vector<CarriedFile> files;
  if (is_packed_file(source)) {
    const PackedFile file(source);
    for (const auto& [name, bytes] : file.files()) {
      files.push_back({name, std::string(bytes)});
    }
    return files;
  }
  std::error_code ignored;
  if (!fs::is_directory(source, ignored)) return files;
  for (const char* name : kFileNames) {
    const fs::path file = source / name;
    if (!fs::exists(file, ignored)) continue;
    if (fs::file_size(file, ignored) > kMaxBytes) {
      throw std::runtime_error(file.string() + " is larger than 64 MiB, which no tokenizer is");
    }
    files.push_back({name, read_text_file(file)});
  }
  return files;
}

void add_tokenizer(const std::vector<CarriedFile>& files, const SpecialTokens& special,
                   std::uint32_t /*vocab*/, GgufMetadata& metadata,
                   std::vector<std::string>& /*notes*/) {
  if (special.begin) metadata.add_whole("tokenizer.ggml.bos_token_id", *special.begin);
  if (!special.end.empty()) {
    metadata.add_whole("tokenizer.ggml.eos_token_id", special.end.front());
  }
  if (special.end.size() > 1) metadata.add_whole("tokenizer.ggml.eot_token_id", special.end[1]);
  for (const CarriedFile& file : files) {
    if (file.name == "tokenizer.json") metadata.add_text(kWhole, file.bytes);
  }
}

std::vector<CarriedFile> hugging_face_files(const std::vector<CarriedFile>& files,
                                            std::vector<std::string>& /*notes*/) {
  return files;
}

}  // namespace sterna
