// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {

/// LLaMA-3's pattern.
/// Source  facts/bitnet.md 3.1, the published tokenizer.json
inline constexpr const char* kLlama3Pattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/// Whether a file that begins like this is one of ranks: base64, a blank, a number.
[[nodiscard]] bool looks_like_ranks(std::string_view start);

/// Reads a file of ranks of tiktoken ("base64 rank" a line) as LLaMA-3 uses it: its pattern, the token
/// of a rank has that id, and 256 special tokens follow, the first of which begins a text.
/// Errors  std::runtime_error, one sentence with the file and the line
[[nodiscard]] TokenizerParts read_ranks(std::string_view text, const std::string& source);

}  // namespace sterna
