// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/formats/gguf/file.hpp"

namespace sterna {

/// How texts are cut under the names that a GGUF file of a byte-level tokenizer says it by.
///
/// Source  llama.cpp's pre-tokenizers
struct GgufPre {
  std::vector<std::string_view> names;  // the first is the one to write
  std::vector<const char*> patterns;    // each cuts the pieces of the one before
  bool takes_whole_tokens;  // a piece that is a token is that token, whatever the merges
  bool adds_begin;          // unless the file says otherwise
  bool composes;  // Unicode characters first (NFC), as the tokenizer.json of these models says
};

/// All that are known.
[[nodiscard]] std::span<const GgufPre> gguf_pres();

/// What a file calls its way to cut texts: tokenizer.ggml.pre, or llama-bpe for one without it that has
/// the 128256 tokens of LLaMA-3, as the published 2B4T; empty for any other.
[[nodiscard]] std::string gguf_pre_name(const GgufFile& file);

/// The way of that name; null when it is not known.
[[nodiscard]] const GgufPre* find_gguf_pre(std::string_view name);

}  // namespace sterna
