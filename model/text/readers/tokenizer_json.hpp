// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "model/formats/json_file.hpp"
#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {

/// Reads a tokenizer.json of Hugging Face.
///
/// Supports  BPE, byte-level (GPT-2, GPT-NeoX, LLaMA-3, Qwen) or of characters with bytes for unknown
///           ones (LLaMA-2); the steps of Normalizer and PreTokenizer; added tokens without lstrip,
///           rstrip and single_word; ignore_merges; a TemplateProcessing or ByteLevel post-processor.
///           Anything else in the file that would change the ids is refused.
/// Errors    std::runtime_error, one sentence: the file is missing, is not JSON, or needs something
///           that is not supported
[[nodiscard]] TokenizerParts read_tokenizer_json(const std::filesystem::path& file);

/// The same of an object that is part of a file.
[[nodiscard]] TokenizerParts read_tokenizer_json(const JsonFile& file);

}  // namespace sterna
