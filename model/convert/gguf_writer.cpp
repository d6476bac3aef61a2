// SPDX-License-Identifier: Apache-2.0
#include "model/convert/gguf_writer.hpp"

#include <stdexcept>

namespace sterna {
namespace {

constexpr std::uint64_t kAlignment = 32;  // the format's default
constexpr std::uint32_t kVersion = 3;

GgufType type_named(const std::string& name) {
  for (const GgufType type : {GgufType::F32, GgufType::F16, GgufType::Bf16, GgufType::Tq1_0,
                              GgufType::Tq2_0, GgufType::I2S}) {
    if (gguf_type_name(type) == name) return type;
  }
  throw std::logic_error("GGUF has no type " + name);
}

template <typename T>
void append_value(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& out, std::string_view text) {
  append_value<std::uint64_t>(out, text.size());
  out.append(text);
}

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

template <typename T>
void GgufMetadata::append(T value) {
  append_value(bytes_, value);
}

void GgufMetadata::append_string(std::string_view text) { append_text(bytes_, text); }

void GgufMetadata::begin(std::string_view key, GgufKind kind) {
  if (!keys_.emplace(key).second) throw std::logic_error(std::string(key) + " is added twice");
  append_string(key);
  append(static_cast<std::uint32_t>(kind));
}

void GgufMetadata::begin_list(std::string_view key, GgufKind kind, std::size_t values) {
  begin(key, GgufKind::Array);
  append(static_cast<std::uint32_t>(kind));
  append(static_cast<std::uint64_t>(values));
}

void GgufMetadata::add_text(std::string_view key, std::string_view value) {
  begin(key, GgufKind::String);
  append_string(value);
}

void GgufMetadata::add_whole(std::string_view key, std::uint32_t value) {
  begin(key, GgufKind::Uint32);
  append(value);
}

void GgufMetadata::add_real(std::string_view key, float value) {
  begin(key, GgufKind::Float32);
  append(value);
}

void GgufMetadata::add_boolean(std::string_view key, bool value) {
  begin(key, GgufKind::Bool);
  append(static_cast<std::uint8_t>(value ? 1 : 0));
}

void GgufMetadata::add_texts(std::string_view key, std::span<const std::string> values) {
  begin_list(key, GgufKind::String, values.size());
  for (const std::string& value : values) append_string(value);
}

void GgufMetadata::add_wholes(std::string_view key, std::span<const std::int32_t> values) {
  begin_list(key, GgufKind::Int32, values.size());
  for (const std::int32_t value : values) append(value);
}

void GgufMetadata::add_reals(std::string_view key, std::span<const float> values) {
  begin_list(key, GgufKind::Float32, values.size());
  for (const float value : values) append(value);
}

void GgufMetadata::add_copy(std::string_view key, const GgufValue& value) {
  if (value.is_list) {
    begin_list(key, value.kind, value.count);
  } else {
    begin(key, value.kind);
  }
  bytes_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
}

void write_gguf(const GgufMetadata& metadata, std::span<const PlannedTensor> tensors,
                const ByteSink& sink) {
  std::string header = "GGUF";
  append_value(header, kVersion);
  append_value<std::uint64_t>(header, tensors.size());
  append_value(header, metadata.count());
  header.append(metadata.bytes());
  std::uint64_t offset = 0;
  for (const PlannedTensor& tensor : tensors) {
    append_text(header, tensor.name);
    append_value(header, static_cast<std::uint32_t>(tensor.shape.size()));
    // The format counts from the extent that lies together in memory.
    for (std::size_t i = tensor.shape.size(); i-- > 0;) append_value(header, tensor.shape[i]);
    append_value(header, static_cast<std::uint32_t>(type_named(tensor.type)));
    append_value(header, offset);
    offset += aligned(tensor.bytes);
  }
  put(sink, header);
  pad_to(sink, header.size(), aligned(header.size()));
  for (const PlannedTensor& tensor : tensors) {
    write_planned(tensor, sink);
    pad_to(sink, tensor.bytes, aligned(tensor.bytes));
  }
}

}  // namespace sterna
