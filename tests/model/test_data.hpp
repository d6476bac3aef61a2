// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu_backend.hpp"
#include "kernels/thread_pool.hpp"
#include "model/transformer.hpp"

namespace sterna {

inline std::filesystem::path source_folder() { return STERNA_SOURCE_DIR; }

/// Data beside the repository that is not part of it: $STERNA_DATA, else ../shared/data.
inline std::filesystem::path data_folder() {
  const char* folder = std::getenv("STERNA_DATA");
  return folder != nullptr ? std::filesystem::path(folder) : source_folder() / "../shared/data";
}

/// A folder of this test's own, empty at its start and removed at its end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sterna_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Elements of a .npy file of version 1 that we wrote ourselves, in C order.
template <typename T>
std::vector<T> read_npy(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  constexpr std::size_t kPreamble = 10;  // magic, version, two bytes of header length
  if (bytes.size() < kPreamble) throw std::runtime_error(file.string() + " is not a .npy file");
  const std::size_t header = static_cast<std::uint8_t>(bytes[8]) |
                             static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[9])) << 8;
  std::vector<T> values((bytes.size() - kPreamble - header) / sizeof(T));
  std::memcpy(values.data(), bytes.data() + kPreamble + header, values.size() * sizeof(T));
  return values;
}

/// What `call` throws, as text; empty when it does not.
template <typename Call>
std::string error_of(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const std::runtime_error& error) {
    return error.what();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

/// A transformer with the CPU under it.
struct CpuModel {
  explicit CpuModel(const ModelWeights& weights, unsigned threads = 1, std::size_t batch = 128,
                    std::string_view isa = "auto", KvFormat kv = KvFormat::Float32)
      : pool(threads),
        backend(pool, isa),
        transformer(weights, backend, pool,
                    {TransformerLimits::of(weights.config).context_tokens, batch, kv}) {}

  /// Logits of all `tokens`, given `step` tokens at a time.
  std::vector<float> logits(const std::vector<TokenId>& tokens, std::size_t step) {
    transformer.reset();
    const std::size_t vocab = transformer.config().vocab;
    std::vector<float> out(tokens.size() * vocab);
    for (std::size_t i = 0; i < tokens.size(); i += step) {
      const std::size_t count = std::min(step, tokens.size() - i);
      transformer.forward(std::span(tokens).subspan(i, count), Logits::All,
                          std::span(out).subspan(i * vocab, count * vocab));
    }
    return out;
  }

  ThreadPool pool;
  CpuBackend backend;
  Transformer transformer;
};

}  // namespace sterna
