// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "model/formats/weight_source.hpp"
#include "model/weights.hpp"

namespace sterna {

/// The form called "stored", "int8" or "int6".
/// Errors  std::invalid_argument listing the names
[[nodiscard]] HeadForm parse_head_form(std::string_view name);

/// A checkpoint whose tensors are still in its files, to be taken one by one.
struct Checkpoint {
  ModelConfig model;
  SpecialTokens special;
  std::unique_ptr<WeightSource> source;
};

/// Opens a Hugging Face folder, a GGUF file (gguf_checkpoint.hpp) or a file of Sterna's own
/// (packed_file.hpp).
/// Errors  those of load_checkpoint() that do not need a tensor
[[nodiscard]] Checkpoint open_checkpoint(const std::filesystem::path& path);

/// Loads what open_checkpoint() opens. A Hugging Face folder: config.json and model.safetensors (or its shards).
///
/// Packed matrices are taken as they are; float masters are ternarised by absmean. A tensor that
/// the model does not use is refused, because it would change the result of a model that has it.
/// Errors  std::runtime_error, one sentence with the file, the tensor, the value and what is
/// expected
[[nodiscard]] ModelWeights load_checkpoint(const std::filesystem::path& folder,
                                           HeadForm head = HeadForm::Stored);

/// Loads what a user names: what open_checkpoint() opens, or "synthetic:NAME" (synthetic.hpp) with
/// `seed`.
/// Errors  those of load_checkpoint() and make_synthetic()
[[nodiscard]] ModelWeights load_model(std::string_view source, std::uint64_t seed,
                                      HeadForm head = HeadForm::Stored);

}  // namespace sterna
