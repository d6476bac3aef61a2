// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "model/convert/file_writer.hpp"

namespace sterna {

/// A file that travels with a model, such as tokenizer.json.
struct CarriedFile {
  std::string name;
  std::string bytes;
};

/// config.json of Hugging Face for a model whose projections are packed and multiplied by their scales;
/// its floats are the shortest decimal numbers that mean the same float32.
[[nodiscard]] std::string config_json_text(const ModelConfig& model, const SpecialTokens& special,
                                           bool has_sub_norms);

/// Writes Sterna's own file (packed_file.hpp): carried files, then the tensors in their order; their
/// types are names as name_of(PackedForm) gives them.
void write_packed(const std::string& config_json, std::span<const CarriedFile> files,
                  std::span<const PlannedTensor> tensors, const ByteSink& sink);

}  // namespace sterna
