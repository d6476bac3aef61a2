// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/convert/gguf_writer.hpp"
#include "model/formats/gguf/file.hpp"

namespace sterna {

/// What a model has to do with its tokenizer.
struct VocabSpecials {
  std::uint32_t vocab;  // rows of its embedding
  const SpecialTokens& special;
};

/// Says a byte-level BPE tokenizer.json in GGUF's words: tokens, their types, merges, the name of the
/// pre-tokenizer, the tokens around a text. Tokens that the model has and the tokenizer has not are
/// of type unused. What has no word in GGUF is added to `notes`, and nothing is said where texts would be
/// cut into other tokens.
void add_json_tokenizer(const std::string& json, const VocabSpecials& model, GgufMetadata& metadata,
                        std::vector<std::string>& notes);

/// The tokenizer.json that means the same as the metadata of a GGUF file; nothing when it is not
/// byte-level BPE with a known name for the way it cuts texts.
[[nodiscard]] std::optional<std::string> json_of_gguf(const GgufFile& file);

/// The one chat template of a tokenizer_config.json; empty when it has none or several.
[[nodiscard]] std::string chat_template_of(const std::string& config_json);

}  // namespace sterna
