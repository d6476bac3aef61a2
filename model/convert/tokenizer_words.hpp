// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/convert/gguf_writer.hpp"
#include "model/formats/gguf/file.hpp"

namespace sterna {

/// Says a byte-level BPE tokenizer.json in GGUF's words: tokens, their types, merges, the name of the
/// pre-tokenizer, whether a text begins with BOS. Tokens that the model has and the tokenizer has not are
/// of type unused. What has no word in GGUF is added to `notes`, and nothing is said where texts would be
/// cut into other tokens.
void add_json_tokenizer(const std::string& json, std::uint32_t vocab, GgufMetadata& metadata,
                        std::vector<std::string>& notes);

/// The tokenizer.json that means the same as the metadata of a GGUF file; nothing when it is not
/// byte-level BPE with a pre-tokenizer of GPT-2, LLaMA-3 or Qwen2.
[[nodiscard]] std::optional<std::string> json_of_gguf(const GgufFile& file);

/// The one chat template of a tokenizer_config.json; empty when it has none or several.
[[nodiscard]] std::string chat_template_of(const std::string& config_json);

}  // namespace sterna
