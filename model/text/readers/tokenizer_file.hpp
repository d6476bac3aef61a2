// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "model/text/tokenizer/tokenizer.hpp"

namespace sterna {

/// The file that holds a model's tokenizer: a GGUF file, or one of
/// Sterna's own, itself; in a folder tokenizer.json, else
/// tokenizer.model. Nothing when there is none.
/// Errors  std::runtime_error for a GGUF file that is broken
[[nodiscard]] std::optional<std::filesystem::path> find_tokenizer_file(
    const std::filesystem::path& model);

/// Reads a tokenizer of any kind, told apart by what the file holds: tokenizer.json, a tokenizer.model
/// of SentencePiece or of ranks (tiktoken), the metadata of a GGUF file. A folder stands for the
/// tokenizer in it. The chat template is the one in tokenizer_config.json or chat_template.jinja
/// beside it, or in the GGUF file.
/// Errors  std::runtime_error, one sentence: what is missing, broken or not supported
[[nodiscard]] Tokenizer load_tokenizer(const std::filesystem::path& file);

}  // namespace sterna
