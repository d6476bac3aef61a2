// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace sterna {

/// One tensor to be written.
struct WrittenTensor {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::string bytes;
};

/// A length, a header and data put together, whatever they say.
inline std::string safetensors_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + data;
}

/// Header and data of a good file.
struct WrittenFile {
  nlohmann::ordered_json header;
  std::string data;

  [[nodiscard]] std::string bytes() const { return safetensors_of(header.dump(), data); }
};

inline WrittenFile written(const std::vector<WrittenTensor>& tensors) {
  WrittenFile file;
  file.header["__metadata__"] = {{"format", "pt"}};
  for (const WrittenTensor& tensor : tensors) {
    const std::size_t begin = file.data.size();
    file.data += tensor.bytes;
    file.header[tensor.name] = {{"dtype", tensor.dtype},
                                {"shape", tensor.shape},
                                {"data_offsets", {begin, file.data.size()}}};
  }
  return file;
}

/// The bytes of a list of numbers.
template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace sterna
