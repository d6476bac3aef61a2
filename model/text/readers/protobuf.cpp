// SPDX-License-Identifier: Apache-2.0
#include "model/text/readers/protobuf.hpp"

namespace sterna {

std::optional<std::uint64_t> ProtobufReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ProtobufReader::fixed(std::size_t bytes) {
  if (rest_.size() < bytes) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
  rest_.remove_prefix(bytes);
  return value;
}

std::optional<ProtobufField> ProtobufReader::broken() {
  is_broken_ = true;
  rest_ = {};
  return std::nullopt;
}

std::optional<ProtobufField> ProtobufReader::next() {
  constexpr std::uint64_t kMaxNumber = (1U << 29) - 1;
  if (rest_.empty()) return std::nullopt;
  const std::optional<std::uint64_t> tag = varint();
  if (!tag || *tag >> 3 == 0 || *tag >> 3 > kMaxNumber) return broken();
  ProtobufField field{static_cast<std::uint32_t>(*tag >> 3), 0, {}, false};
  std::optional<std::uint64_t> value;
  switch (*tag & 7U) {
    case 0:
      value = varint();
      break;
    case 1:
      value = fixed(8);
      break;
    case 2:
      value = varint();
      if (!value || *value > rest_.size()) return broken();
      field.bytes = rest_.substr(0, *value);
      field.has_bytes = true;
      rest_.remove_prefix(*value);
      break;
    case 5:
      value = fixed(4);
      break;
    default:
      break;
  }
  if (!value) return broken();
  field.value = *value;
  return field;
}

}  // namespace sterna
