// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "model/config.hpp"
#include "model/formats/json_file.hpp"

namespace sterna {

/// How a checkpoint stores its ternary matrices.
///
/// Source  facts of the Hugging Face integration: linear_class and quantization_mode
enum class WeightForm : std::uint8_t {
  PackedDivide,    // four rows a byte; the product is divided by weight_scale ("bitlinear")
  PackedMultiply,  // four rows a byte; the product is multiplied by it ("autobitlinear")
  Master,          // floats, ternarised at load
  Plain,           // floats of a model that was not trained as BitNet: refused when one is loaded
};

/// What a config.json says.
struct CheckpointConfig {
  ModelConfig model;
  WeightForm form;
  SpecialTokens special;
};

/// Reads a Hugging Face config.json; a field it lacks has the default of its class there. Tokens that
/// end a text are also taken from a generation_config.json beside it.
///
/// Errors  std::runtime_error, one sentence with file, field, value and fix: a file is missing or
///         not JSON, a field has the wrong type or a value that is not supported
[[nodiscard]] CheckpointConfig read_config(const std::filesystem::path& file);

/// The same of an object that is part of a file.
[[nodiscard]] CheckpointConfig read_config(const JsonFile& file);

}  // namespace sterna
