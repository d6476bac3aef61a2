// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/thread_pool.hpp"
#include "model/convert/file_writer.hpp"
#include "model/weights.hpp"

namespace sterna {

/// What a model can be written as: a Hugging Face folder with packed weights (multiplied by their
/// scales), a GGUF file with one of three types of ternary tensors, Sterna's own file.
enum class Target : std::uint8_t { HuggingFace, GgufI2s, GgufTq2, GgufTq1, Packed };

/// "hf", "gguf-i2s", "gguf-tq2", "gguf-tq1" or "sterna".
/// Errors  std::invalid_argument listing the names
[[nodiscard]] Target parse_target(std::string_view name);

/// What the floats of the embedding and of the head are written as.
enum class FloatChoice : std::uint8_t {
  Lossless,  // as the source has them, half floats as bfloat16 in Sterna's own file where that holds them;
             // in GGUF the first of F16, BF16 and F32 that loses nothing
  F16,
  Bf16,
  F32,
};

/// "lossless", "f16", "bf16" or "f32".
/// Errors  std::invalid_argument listing the names
[[nodiscard]] FloatChoice parse_float_choice(std::string_view name);

struct ConvertOptions {
  Target target;
  FloatChoice floats;
  HeadForm head;  // of Sterna's own file
  bool exact;     // refuse a scale that the target rounds
};

/// A file of the result, made while it is written.
struct OutputFile {
  std::string name;  // empty when the target is one file
  std::function<void(const ByteSink&)> write;
};

/// A conversion that can go ahead: everything that could be checked without reading the matrices is.
class Conversion {
 public:
  /// Opens a checkpoint of any supported format.
  /// Errors  those of open_checkpoint(); std::invalid_argument, one sentence, when the target cannot hold
  ///         a shape of the model
  Conversion(const std::filesystem::path& source, const ConvertOptions& options);
  ~Conversion();
  Conversion(const Conversion&) = delete;
  Conversion& operator=(const Conversion&) = delete;

  [[nodiscard]] const std::vector<OutputFile>& files() const;
  /// What `files()` will write, about.
  [[nodiscard]] std::uint64_t total_bytes() const;
  /// Checks what can be known only after all files were written.
  /// Errors  std::runtime_error when the source holds a tensor that the model does not use
  void finish() const;
  /// Sentences that the user should read, complete after finish(): what was rounded or left behind.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sterna
