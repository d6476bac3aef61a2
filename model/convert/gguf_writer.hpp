// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/convert/file_writer.hpp"
#include "model/formats/gguf/file.hpp"

namespace sterna {

/// The metadata of a GGUF file that is to be written, in the order in which it was added.
class GgufMetadata {
 public:
  void add_text(std::string_view key, std::string_view value);
  void add_whole(std::string_view key, std::uint32_t value);
  void add_real(std::string_view key, float value);
  void add_boolean(std::string_view key, bool value);
  void add_texts(std::string_view key, std::span<const std::string> values);
  void add_wholes(std::string_view key, std::span<const std::int32_t> values);
  void add_reals(std::string_view key, std::span<const float> values);
  /// A value of another file, byte for byte.
  void add_copy(std::string_view key, const GgufValue& value);

  [[nodiscard]] bool has(std::string_view key) const { return keys_.contains(key); }
  [[nodiscard]] std::uint64_t count() const { return keys_.size(); }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  template <typename T>
  void append(T value);
  void append_string(std::string_view text);
  void begin(std::string_view key, GgufKind kind);
  void begin_list(std::string_view key, GgufKind kind, std::size_t values);

  std::set<std::string, std::less<>> keys_;
  std::string bytes_;
};

/// Writes a GGUF file, version 3, of these tensors in their order; their types are names as
/// gguf_type_name() gives them, their shapes rows first.
void write_gguf(const GgufMetadata& metadata, std::span<const PlannedTensor> tensors,
                const ByteSink& sink);

}  // namespace sterna
