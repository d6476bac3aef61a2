// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/formats/mapped_file.hpp"

namespace sterna {

/// Type of the elements of a tensor; the ones a model here can use have names, others are Other.
enum class Dtype : std::uint8_t { U8, I8, F16, BF16, F32, Other };

/// One tensor of a file, its bytes where the file is mapped.
struct TensorView {
  Dtype dtype;
  std::string dtype_name;  // as the file spells it
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;  // row-major, little endian, of any alignment
};

/// A safetensors file mapped into memory. Nothing in the header is believed before it is checked
/// against the size of the file, so a broken or hostile file ends in an exception.
class SafetensorsFile {
 public:
  /// Errors  std::runtime_error, one sentence with the file, the tensor and the value: the file is
  ///         missing, truncated, its header is not JSON, names a tensor twice, or gives offsets
  ///         that are reversed, overlap, leave gaps, or disagree with the shape
  explicit SafetensorsFile(const std::filesystem::path& file);

  [[nodiscard]] const std::map<std::string, TensorView, std::less<>>& tensors() const {
    return tensors_;
  }

 private:
  MappedFile mapped_;
  std::map<std::string, TensorView, std::less<>> tensors_;
};

/// All tensors of a checkpoint folder: of model.safetensors, or of the shards that
/// model.safetensors.index.json lists.
class TensorStore {
 public:
  /// Errors  std::runtime_error as SafetensorsFile; also a folder with neither file, a shard
  /// outside
  ///         the folder, a tensor that is not in the shard the index names
  explicit TensorStore(const std::filesystem::path& folder);
  TensorStore(const TensorStore&) = delete;
  TensorStore& operator=(const TensorStore&) = delete;

  [[nodiscard]] bool has(std::string_view name) const { return entries_.contains(name); }

  /// The tensor called `name`, which must have this shape.
  /// Errors  std::runtime_error when it is missing or has another shape
  [[nodiscard]] const TensorView& get(std::string_view name,
                                      std::span<const std::uint64_t> shape) const;

  /// Names of all tensors in alphabetical order.
  [[nodiscard]] std::vector<std::string> names() const;

  /// Throws std::runtime_error "FILE: tensor NAME WHAT", with the file the tensor is, or should be,
  /// in.
  [[noreturn]] void refuse(std::string_view name, const std::string& what) const;

 private:
  struct Entry {
    const TensorView* tensor;
    std::filesystem::path file;
  };

  void add_file(const std::filesystem::path& file);

  std::filesystem::path main_file_;
  std::deque<SafetensorsFile> files_;  // never moved: entries point into them
  std::map<std::string, Entry, std::less<>> entries_;
};

/// "[3, 4]".
[[nodiscard]] std::string shape_text(std::span<const std::uint64_t> shape);

/// Elements of a float tensor widened to float32, exactly.
/// Errors  std::runtime_error when the dtype is not F16, BF16 or F32
[[nodiscard]] std::vector<float> to_floats(const TensorView& tensor);

/// The same for elements [first, first + out.size()).
void to_floats(const TensorView& tensor, std::size_t first, std::span<float> out);

}  // namespace sterna
