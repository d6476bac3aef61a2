// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sterna {

/// A field of a protobuf message: a number or bytes, by its wire type.
struct ProtobufField {
  std::uint32_t number;
  std::uint64_t value;     // of types varint, 64-bit and 32-bit
  std::string_view bytes;  // of type length-delimited
  bool has_bytes;
};

/// Reads the fields of a message one after the other.
///
/// Source  protobuf's encoding guide
/// Omits   groups, which no schema has used for long
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  /// The next field; nothing at the end, and nothing when the message is broken: see is_broken().
  std::optional<ProtobufField> next();

  [[nodiscard]] bool is_broken() const { return is_broken_; }

 private:
  std::optional<std::uint64_t> varint();
  std::optional<std::uint64_t> fixed(std::size_t bytes);
  std::optional<ProtobufField> broken();

  std::string_view rest_;
  bool is_broken_ = false;
};

}  // namespace sterna
