// SPDX-License-Identifier: Apache-2.0
#include "model/formats/gguf/file.hpp"

#include <cstring>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "model/formats/gguf/reader.hpp"
#include "model/formats/json_file.hpp"
#include "model/formats/unaligned.hpp"

namespace sterna {
namespace {

// Calls `use` with the number at `bytes` in its own type.
template <typename Use>
auto with_number(GgufKind kind, const std::byte* bytes, const Use& use) {
  switch (kind) {
    case GgufKind::Uint8:
      return use(load<std::uint8_t>(bytes));
    case GgufKind::Int8:
      return use(load<std::int8_t>(bytes));
    case GgufKind::Uint16:
      return use(load<std::uint16_t>(bytes));
    case GgufKind::Int16:
      return use(load<std::int16_t>(bytes));
    case GgufKind::Uint32:
      return use(load<std::uint32_t>(bytes));
    case GgufKind::Int32:
      return use(load<std::int32_t>(bytes));
    case GgufKind::Uint64:
      return use(load<std::uint64_t>(bytes));
    case GgufKind::Int64:
      return use(load<std::int64_t>(bytes));
    case GgufKind::Float32:
      return use(load<float>(bytes));
    default:
      return use(load<double>(bytes));
  }
}

bool is_number(GgufKind kind) {
  return kind != GgufKind::Bool && kind != GgufKind::String && kind != GgufKind::Array;
}
bool is_integer(GgufKind kind) {
  return is_number(kind) && kind != GgufKind::Float32 && kind != GgufKind::Float64;
}

std::string_view string_at(const std::byte* bytes) {
  return {reinterpret_cast<const char*>(bytes) + sizeof(std::uint64_t), load<std::uint64_t>(bytes)};
}

// The numbers of a list in type T.
template <typename T>
std::vector<T> list_of(const GgufValue& value) {
  const std::size_t step = gguf_kind_bytes(value.kind);
  std::vector<T> list(value.count);
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i] = with_number(value.kind, value.bytes.data() + i * step,
                          [](auto number) { return static_cast<T>(number); });
  }
  return list;
}

std::string range_text(double high) {
  std::ostringstream text;
  text << "a number above 0 and up to " << high << " is expected";
  return text.str();
}

}  // namespace

std::optional<std::uint64_t> GgufValue::whole() const {
  if (is_list || !is_integer(kind)) return std::nullopt;
  return with_number(kind, bytes.data(), [](auto number) -> std::optional<std::uint64_t> {
    if (number < decltype(number){}) return std::nullopt;
    return static_cast<std::uint64_t>(number);
  });
}

std::optional<double> GgufValue::number() const {
  if (is_list || !is_number(kind)) return std::nullopt;
  return with_number(kind, bytes.data(), [](auto number) { return static_cast<double>(number); });
}

std::optional<bool> GgufValue::boolean() const {
  if (is_list || kind != GgufKind::Bool) return std::nullopt;
  return load<std::uint8_t>(bytes.data()) != 0;
}

std::optional<std::string_view> GgufValue::text() const {
  if (is_list || kind != GgufKind::String) return std::nullopt;
  return string_at(bytes.data());
}

std::optional<std::vector<std::string_view>> GgufValue::texts() const {
  if (!is_list || kind != GgufKind::String) return std::nullopt;
  std::vector<std::string_view> texts;
  texts.reserve(count);
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    texts.push_back(string_at(bytes.data() + at));
    at += sizeof(std::uint64_t) + texts.back().size();
  }
  return texts;
}

std::optional<std::vector<float>> GgufValue::numbers() const {
  if (!is_list || !is_number(kind)) return std::nullopt;
  return list_of<float>(*this);
}

std::optional<std::vector<std::int64_t>> GgufValue::wholes() const {
  if (!is_list || !is_integer(kind)) return std::nullopt;
  return list_of<std::int64_t>(*this);
}

std::string GgufValue::brief() const {
  if (is_list) return "a list of " + std::to_string(count);
  if (kind == GgufKind::Bool) return *boolean() ? "true" : "false";
  if (kind == GgufKind::String) return '"' + printable(*text()) + '"';
  return with_number(kind, bytes.data(), [](auto number) {
    std::ostringstream text;
    text << +number;
    return text.str();
  });
}

GgufFile::GgufFile(const std::filesystem::path& file) : GgufFile(file, map_file(file)) {}

GgufFile::GgufFile(const std::filesystem::path& file, MappedFile mapped)
    : path_(file), mapped_(std::move(mapped)) {
  GgufContents contents = read_gguf(path_, mapped_.bytes);
  version_ = contents.version;
  values_ = std::move(contents.values);
  tensors_ = std::move(contents.tensors);
}

const GgufValue* GgufFile::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

std::uint32_t GgufFile::whole(std::string_view key, std::optional<std::uint32_t> fallback,
                              std::uint32_t low, std::uint32_t high) const {
  const GgufValue* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  const auto number = value == nullptr ? std::nullopt : value->whole();
  if (!number || *number < low || *number > high) {
    refuse(key, "a whole number from " + std::to_string(low) + " to " + std::to_string(high) +
                    " is expected");
  }
  return static_cast<std::uint32_t>(*number);
}

float GgufFile::positive(std::string_view key, std::optional<float> fallback, float high) const {
  const GgufValue* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  const double number = value == nullptr ? 0.0 : value->number().value_or(0.0);
  const auto narrow = static_cast<float>(number);
  if (!(narrow > 0.0F && number <= high)) refuse(key, range_text(high));
  return narrow;
}

bool GgufFile::boolean(std::string_view key, std::optional<bool> fallback) const {
  const GgufValue* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  const auto flag = value == nullptr ? std::nullopt : value->boolean();
  if (!flag) refuse(key, "true or false is expected");
  return *flag;
}

std::string GgufFile::text(std::string_view key, std::optional<std::string_view> fallback) const {
  const GgufValue* value = find(key);
  if (value == nullptr && fallback) return std::string(*fallback);
  const auto text = value == nullptr ? std::nullopt : value->text();
  if (!text) refuse(key, "a string is expected");
  return std::string(*text);
}

std::vector<std::string_view> GgufFile::texts(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return {};
  auto texts = value->texts();
  if (!texts) refuse(key, "a list of strings is expected");
  return *std::move(texts);
}

std::vector<float> GgufFile::numbers(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return {};
  auto numbers = value->numbers();
  if (!numbers) refuse(key, "a list of numbers is expected");
  return *std::move(numbers);
}

std::vector<std::int64_t> GgufFile::wholes(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return {};
  auto wholes = value->wholes();
  if (!wholes) refuse(key, "a list of whole numbers is expected");
  return *std::move(wholes);
}

void GgufFile::refuse(std::string_view key, const std::string& fix) const {
  const GgufValue* value = find(key);
  throw std::runtime_error(path_.string() + ": " + printable(key) + " is " +
                           (value == nullptr ? "missing" : value->brief()) + ": " + fix);
}

void GgufFile::refuse_tensor(std::string_view name, const std::string& what) const {
  throw std::runtime_error(path_.string() + ": tensor " + printable(name) + " " + what);
}

}  // namespace sterna
