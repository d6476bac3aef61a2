// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "model/formats/gguf/file.hpp"

namespace sterna {

/// What the header of a GGUF file says, all of it checked.
struct GgufContents {
  std::uint32_t version;
  std::map<std::string_view, GgufValue> values;
  std::map<std::string_view, GgufTensor> tensors;
};

/// Reads the header of a GGUF file; views point into `bytes`.
/// Errors  those of GgufFile, with `file` as the name of the file
[[nodiscard]] GgufContents read_gguf(const std::filesystem::path& file,
                                     std::span<const std::byte> bytes);

/// Bytes of a value of this kind that is neither a string nor a list; 0 for those two.
[[nodiscard]] std::size_t gguf_kind_bytes(GgufKind kind);

}  // namespace sterna
