// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/formats/gguf/file.hpp"
#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {

/// Reads the tokenizer in the metadata of a GGUF file: byte-level BPE ("gpt2") with the pattern that
/// tokenizer.ggml.pre names, or SentencePiece's BPE ("llama"). A file without tokenizer.ggml.pre that
/// has LLaMA-3's tokens, as the published 2B4T has, is read as llama-bpe.
///
/// Source  llama.cpp's names of pre-tokenizers; facts/bitnet.md 0.6
/// Errors  std::runtime_error, one sentence naming the file, the key and the value
[[nodiscard]] TokenizerParts read_gguf_tokenizer(const GgufFile& file);

/// Whether the file has one.
[[nodiscard]] bool has_gguf_tokenizer(const GgufFile& file);

}  // namespace sterna
