// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/formats/gguf/types.hpp"
#include "model/formats/mapped_file.hpp"

namespace sterna {

/// Types of metadata values, numbered as in the file.
enum class GgufKind : std::uint32_t {
  Uint8 = 0,
  Int8 = 1,
  Uint16 = 2,
  Int16 = 3,
  Uint32 = 4,
  Int32 = 5,
  Float32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  Uint64 = 10,
  Int64 = 11,
  Float64 = 12,
};

/// A metadata value where the file is mapped: nothing is copied until it is asked for.
struct GgufValue {
  GgufKind kind;  // of the value, or of each element of a list
  bool is_list;
  std::uint64_t count;               // elements of a list; else 1
  std::span<const std::byte> bytes;  // a string begins with its length (8 bytes)

  /// The value when it is one of that sort (a whole number of any width that is not negative; any
  /// number); nothing when it is not.
  [[nodiscard]] std::optional<std::uint64_t> whole() const;
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<std::string_view> text() const;

  /// The elements when it is a list of that sort; nothing when it is not. Strings stay in the file,
  /// which must outlive them.
  [[nodiscard]] std::optional<std::vector<std::string_view>> texts() const;
  [[nodiscard]] std::optional<std::vector<float>> numbers() const;
  [[nodiscard]] std::optional<std::vector<std::int64_t>> wholes() const;

  /// The value as an error or a listing shows it: its start when it is long.
  [[nodiscard]] std::string brief() const;
};

/// A tensor of a GGUF file, its bytes where the file is mapped.
struct GgufTensor {
  GgufType type;                    // as the file numbers it; may be one that no name is known for
  std::vector<std::uint64_t> dims;  // columns (K) first: the opposite order of safetensors
  /// Of a known type all of it and no more. Of an unknown one all up to the next tensor, padding
  /// included.
  std::span<const std::byte> bytes;
};

/// A GGUF file, version 2 or 3, mapped into memory. Nothing in it is believed before it is checked
/// against the size of the file, so a broken or hostile file ends in an exception.
///
/// Source  the GGUF specification of ggml (docs/gguf.md there)
/// Omits   big-endian files, version 1, lists of lists
class GgufFile {
 public:
  /// Errors  std::runtime_error, one sentence with the file, the key or tensor, and the value: the
  ///         file is missing, truncated, of another version, names a key or tensor twice, or has
  ///         tensors that overlap, leave gaps, are misaligned or disagree with their type
  explicit GgufFile(const std::filesystem::path& file);

  /// The same of bytes that are part of `file`.
  GgufFile(const std::filesystem::path& file, MappedFile mapped);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uint32_t version() const { return version_; }

  /// All metadata, in alphabetical order. Keys and values lie in the file.
  [[nodiscard]] const std::map<std::string_view, GgufValue>& values() const { return values_; }
  /// The value of a key; null when it is absent.
  [[nodiscard]] const GgufValue* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }

  /// The value of a key; `fallback` when it is absent. A missing key with no fallback is an error.
  /// Errors  std::runtime_error when the value is of another sort or out of range
  [[nodiscard]] std::uint32_t whole(std::string_view key, std::optional<std::uint32_t> fallback,
                                    std::uint32_t low, std::uint32_t high) const;
  [[nodiscard]] float positive(std::string_view key, std::optional<float> fallback,
                               float high) const;
  [[nodiscard]] bool boolean(std::string_view key, std::optional<bool> fallback) const;
  [[nodiscard]] std::string text(std::string_view key,
                                 std::optional<std::string_view> fallback) const;
  /// A list; empty when the key is absent.
  [[nodiscard]] std::vector<std::string_view> texts(std::string_view key) const;
  [[nodiscard]] std::vector<float> numbers(std::string_view key) const;
  [[nodiscard]] std::vector<std::int64_t> wholes(std::string_view key) const;

  /// Tensors by name, in alphabetical order.
  [[nodiscard]] const std::map<std::string_view, GgufTensor>& tensors() const { return tensors_; }

  /// Throws std::runtime_error "FILE: KEY is VALUE: FIX".
  [[noreturn]] void refuse(std::string_view key, const std::string& fix) const;
  /// Throws std::runtime_error "FILE: tensor NAME WHAT".
  [[noreturn]] void refuse_tensor(std::string_view name, const std::string& what) const;

 private:
  std::filesystem::path path_;
  MappedFile mapped_;
  std::uint32_t version_ = 0;
  std::map<std::string_view, GgufValue> values_;
  std::map<std::string_view, GgufTensor> tensors_;
};

}  // namespace sterna
