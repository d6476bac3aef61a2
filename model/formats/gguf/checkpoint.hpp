// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "model/config.hpp"
#include "model/formats/checkpoint.hpp"
#include "model/formats/gguf/blocks.hpp"
#include "model/formats/gguf/file.hpp"

namespace sterna {

/// A GGUF file as a user names it: "model.gguf", or "model.gguf#i2s=arm" when its I2_S tensors are not
/// in the x86 layout, which nothing in the file tells.
struct GgufLocation {
  std::filesystem::path file;
  I2sLayout layout;
};

/// Whether `source` names a GGUF file: it ends with .gguf, or with .gguf#i2s=LAYOUT.
[[nodiscard]] bool is_gguf(std::string_view source);

/// Errors  std::invalid_argument when the layout after #i2s= is none
[[nodiscard]] GgufLocation gguf_location(std::string_view source);

/// What the metadata of a GGUF file says of its model.
struct GgufConfig {
  ModelConfig model;
  SpecialTokens special;
  bool interleaved_rope;  // rows of q and k are in the pairwise order of architecture llama
};

/// Reads architecture bitnet, bitnet-25, bitnet-b1.58 or llama.
///
/// The activation is the one of the key hidden_activation, else relu2 for 2B4T (bitnet-25,
/// bitnet-b1.58, and bitnet in its shape), else silu.
/// Errors  std::runtime_error, one sentence with file, key, value and what is expected
[[nodiscard]] GgufConfig read_gguf_config(const GgufFile& file);

/// Opens a GGUF file with ternary projections.
/// Errors  std::runtime_error, one sentence with the file, the tensor or key, the value and what is
///         expected; a tensor that the model does not use is refused
[[nodiscard]] Checkpoint open_gguf(const GgufLocation& location);

}  // namespace sterna
