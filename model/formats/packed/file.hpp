// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "model/formats/checkpoint.hpp"
#include "model/formats/json_file.hpp"
#include "model/formats/mapped_file.hpp"

namespace sterna {

/// How a tensor lies in Sterna's own file, little endian.
///
/// Layout  F32, Bf16, F16: row-major. Ternary: packed_ternary.hpp. Int8: packed_int8.hpp. Int6: the two
///         planes of two_plane_int8.hpp, the upper one first. The scales of an Int8 or Int6 tensor NAME
///         are the F32 tensor NAME_scales, one a row; the scale of a Ternary one is NAME_scale.
enum class PackedForm : std::uint8_t { F32, Bf16, F16, Ternary, Int8, Int6 };

/// "f32", "bf16", "f16", "ternary", "int8" or "int6".
[[nodiscard]] std::string_view name_of(PackedForm form);

/// Bytes of a tensor. Range  rows and cols below 2^25
[[nodiscard]] std::uint64_t packed_form_bytes(PackedForm form, std::uint64_t rows,
                                              std::uint64_t cols);

/// The first bytes of the file; a transfer that rewrites line ends destroys them.
inline constexpr std::string_view kPackedMagic = "STERNA\r\n";
inline constexpr std::uint32_t kPackedVersion = 1;

/// The fixed part of the header, at the start of the file; the JSON follows it.
struct PackedHeader {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t zero;
  std::uint64_t json_bytes;
  std::uint64_t file_bytes;
  std::uint64_t json_checksum;  // packed_checksum() of the JSON
  std::array<std::uint64_t, 3> zeros;
};
static_assert(sizeof(PackedHeader) == 64);

/// Tensors start at a multiple of the first; the large ones, which come last, start together at a
/// multiple of the second, a huge page.
inline constexpr std::uint64_t kPackedAlignment = 64;
inline constexpr std::uint64_t kPackedPage = std::uint64_t{2} << 20;

/// FNV-1a of 64 bits: against accidents, not against forgery.
[[nodiscard]] std::uint64_t packed_checksum(std::string_view bytes);

/// A tensor of the file, its bytes where the file is mapped.
struct PackedTensor {
  PackedForm form;
  std::uint64_t rows;
  std::uint64_t cols;
  std::span<const std::byte> bytes;
};

/// Sterna's own file, mapped: a model whose matrices lie as the engine reads them, with the files of its
/// tokenizer. docs/formats.md describes it byte for byte. Nothing in it is believed before it is checked.
class PackedFile {
 public:
  /// Errors  std::runtime_error, one sentence naming the file and the value: missing, not such a file,
  ///         truncated, of another version, a checksum that differs, a config that is not a model's,
  ///         tensors outside the file, that overlap, or whose shape and length disagree
  explicit PackedFile(const std::filesystem::path& file);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const ModelConfig& model() const { return model_; }
  [[nodiscard]] const SpecialTokens& special() const { return special_; }
  [[nodiscard]] const std::map<std::string, PackedTensor, std::less<>>& tensors() const {
    return tensors_;
  }
  /// The files it carries (tokenizer.json, ...), by name.
  [[nodiscard]] const std::map<std::string, std::string_view, std::less<>>& files() const {
    return files_;
  }
  [[nodiscard]] const MappedFile& mapped() const { return mapped_; }

 private:
  void read_tensors(const JsonFile& header);
  void read_files(const JsonFile& header);
  std::span<const std::byte> place(const JsonFile& entry, const std::string& what);

  std::filesystem::path path_;
  MappedFile mapped_;
  ModelConfig model_{};
  SpecialTokens special_;
  std::map<std::string, PackedTensor, std::less<>> tensors_;
  std::map<std::string, std::string_view, std::less<>> files_;
  std::uint64_t end_ = 0;  // of what was placed last
};

/// Whether a path names such a file, by its first bytes; false when it cannot be read.
[[nodiscard]] bool is_packed_file(const std::filesystem::path& file);

/// Opens one to take its tensors.
/// Errors  those of PackedFile
[[nodiscard]] Checkpoint open_packed_file(const std::filesystem::path& file);

}  // namespace sterna
