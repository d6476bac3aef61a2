// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/convert/gguf_writer.hpp"

namespace sterna {

/// Says a tokenizer.model of SentencePiece, with the tokens that an added_tokens.json adds, in GGUF's
/// words: pieces, scores, types, and what is put before a text. Tokens that the model has and the
/// tokenizer has not are of type unused. When GGUF has no words for it, a sentence is added to `notes`
/// and nothing is said.
void add_sentencepiece(const std::string& model, const std::string& added_json, std::uint32_t vocab,
                       GgufMetadata& metadata, std::vector<std::string>& notes);

}  // namespace sterna
