// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "model/text/tokenizer/tokenizer_parts.hpp"

namespace sterna {

/// Reads a tokenizer.model of SentencePiece (a ModelProto in protobuf's wire format) with BPE and no
/// normalization, as LLaMA-2 has it, and the added_tokens.json beside it where there is one.
///
/// Source  sentencepiece_model.proto of SentencePiece
/// Errors  std::runtime_error, one sentence: truncated, not a ModelProto, or of a kind that is not
///         supported (unigram models, normalization tables)
[[nodiscard]] TokenizerParts read_sentencepiece_file(const std::filesystem::path& file);

}  // namespace sterna
