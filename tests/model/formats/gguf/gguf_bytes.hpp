// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace sterna {

/// The bytes of a number.
template <typename T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// A string as GGUF writes it: its length, then its bytes.
inline std::string gguf_string(const std::string& text) {
  return raw<std::uint64_t>(text.size()) + text;
}

/// One tensor to be written; `offset` -1: after the one before.
struct WrittenGgufTensor {
  std::string name;
  std::uint32_t type;
  std::vector<std::uint64_t> dims;
  std::string bytes;
  std::int64_t offset = -1;
};

/// A GGUF file put together piece by piece, whatever the pieces say.
struct WrittenGguf {
  std::uint32_t version = 3;
  std::vector<std::pair<std::string, std::string>> values;  // name; type and payload
  std::vector<WrittenGgufTensor> tensors;
  std::size_t alignment = 32;

  void add_uint(const std::string& key, std::uint32_t value) {
    values.emplace_back(key, raw<std::uint32_t>(4) + raw(value));
  }
  void add_float(const std::string& key, float value) {
    values.emplace_back(key, raw<std::uint32_t>(6) + raw(value));
  }
  void add_text(const std::string& key, const std::string& text) {
    values.emplace_back(key, raw<std::uint32_t>(8) + gguf_string(text));
  }

  [[nodiscard]] std::string bytes() const {
    std::string header = "GGUF" + raw(version) + raw<std::uint64_t>(tensors.size()) +
                         raw<std::uint64_t>(values.size());
    for (const auto& [key, value] : values) header += gguf_string(key) + value;
    std::string data;
    for (const WrittenGgufTensor& tensor : tensors) {
      data.resize((data.size() + alignment - 1) / alignment * alignment);
      header += gguf_string(tensor.name) + raw(static_cast<std::uint32_t>(tensor.dims.size()));
      for (const std::uint64_t extent : tensor.dims) header += raw(extent);
      const auto offset = static_cast<std::int64_t>(data.size());
      header += raw(tensor.type) + raw(tensor.offset < 0 ? offset : tensor.offset);
      data += tensor.bytes;
    }
    header.resize((header.size() + alignment - 1) / alignment * alignment);
    return header + data;
  }
};

}  // namespace sterna
