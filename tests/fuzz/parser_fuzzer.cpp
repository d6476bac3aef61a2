// SPDX-License-Identifier: Apache-2.0

// A libFuzzer target for each parser of files that come from elsewhere: STERNA_PARSER names the row.
// A parser may refuse a file with std::runtime_error or std::invalid_argument; whatever else it does
// (crash, another exception, memory without bound, a hang) is a finding.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <unistd.h>

#include "model/formats/checkpoint.hpp"
#include "model/formats/huggingface/config_json.hpp"
#include "model/formats/huggingface/safetensors.hpp"
#include "model/formats/packed/file.hpp"
#include "model/text/readers/tokenizer_file.hpp"
#include "model/text/tokenizer/tokenizer.hpp"
#include "sim/config/hardware_yaml.hpp"

namespace sterna {
namespace {

namespace fs = std::filesystem;

void read_tokenizer(const fs::path& file) {
  const Tokenizer tokenizer = load_tokenizer(file);
  (void)tokenizer.decode(
      tokenizer.encode("It's 1984:  a 'gut' Text\n\xC3\xA9\xE2\x82\xAC", AddSpecial::Yes));
}

// The checksum of the header's JSON is made right first: no mutation would ever get past it.
void read_packed(const fs::path& file) {
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  PackedHeader header{};
  if (stream.read(reinterpret_cast<char*>(&header), sizeof header) &&
      header.json_bytes <= fs::file_size(file)) {
    std::string json(header.json_bytes, ' ');
    stream.read(json.data(), static_cast<std::streamsize>(json.size()));
    stream.clear();
    header.json_checksum = packed_checksum(json);
    stream.seekp(0).write(reinterpret_cast<const char*>(&header), sizeof header);
  }
  stream.close();
  (void)load_model(file.string(), 1);
}

struct Parser {
  std::string_view name;
  std::string_view file;  // as which it finds its input
  void (*read)(const fs::path& file);
};

constexpr Parser kParsers[] = {
    {"safetensors", "model.safetensors", [](const fs::path& file) { (void)SafetensorsFile(file); }},
    // The folder has a config.json that describes the seeds.
    {"checkpoint", "model.safetensors",
     [](const fs::path& file) { (void)load_checkpoint(file.parent_path()); }},
    {"gguf", "model.gguf", [](const fs::path& file) { (void)load_model(file.string(), 1); }},
    {"gguf_tokenizer", "model.gguf", read_tokenizer},
    {"packed", "model.sterna", read_packed},
    {"config", "config.json", [](const fs::path& file) { (void)read_config(file); }},
    {"tokenizer", "tokenizer.json", read_tokenizer},
    {"sentencepiece", "tokenizer.model", read_tokenizer},
    {"hardware", "design.yaml", [](const fs::path& file) { (void)sim::load_hardware(file); }},
};

const Parser& parser() {
  return *std::ranges::find(kParsers, std::string_view(STERNA_PARSER), &Parser::name);
}

// Where files never meet a disk, which would make a run twenty times slower.
fs::path memory() {
  const fs::path shared = "/dev/shm";
  return fs::is_directory(shared) ? shared : fs::temp_directory_path();
}

// The folder of this process, gone when it ends.
class Folder {
 public:
  Folder() : path_(memory() / ("sterna-fuzz-" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
    fs::copy_file(fs::path(STERNA_SOURCE_DIR) / "tests/fuzz/config.json", path_ / "config.json");
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] fs::path write(std::string_view name, std::string_view bytes) const {
    const fs::path file = path_ / name;
    std::ofstream(file, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file;
  }

 private:
  fs::path path_;
};

}  // namespace
}  // namespace sterna

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sterna::Folder folder;
  const sterna::Parser& parser = sterna::parser();
  const auto file = folder.write(parser.file, {reinterpret_cast<const char*>(data), size});
  try {
    parser.read(file);
  } catch (const std::runtime_error&) {
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
