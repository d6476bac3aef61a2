// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/convert/gguf_writer.hpp"
#include "model/convert/packed_writer.hpp"

namespace sterna {

/// The tokenizer that came with a model, in the forms that its source has: the files of a Hugging Face
/// folder byte for byte, or the metadata of a GGUF file, carried as the GGUF file "tokenizer.gguf" of
/// metadata alone.
///
/// Errors  std::runtime_error for a file that cannot be read or is larger than 64 MiB
[[nodiscard]] std::vector<CarriedFile> find_tokenizer_files(std::string_view source);

/// Adds the tokenizer to the metadata of a GGUF file: a carried tokenizer.gguf as it is; else what
/// tokenizer.json says in GGUF's words, and that file itself as tokenizer.huggingface.json; else what
/// tokenizer.model says. What could not be said is added to `notes`, one sentence each.
void add_tokenizer(const std::vector<CarriedFile>& files, const SpecialTokens& special,
                   std::uint32_t vocab, GgufMetadata& metadata, std::vector<std::string>& notes);

/// The files of a Hugging Face folder for a tokenizer: a carried tokenizer.gguf becomes the
/// tokenizer.json that it holds, or one that says the same.
[[nodiscard]] std::vector<CarriedFile> hugging_face_files(const std::vector<CarriedFile>& files,
                                                          std::vector<std::string>& notes);

}  // namespace sterna
