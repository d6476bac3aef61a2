// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/convert/convert.hpp"
#include "model/convert/gguf_writer.hpp"
#include "model/convert/trit_encoders.hpp"
#include "model/formats/weight_source.hpp"

namespace sterna {

/// All that is known of a target without looking at a model.
struct TargetInfo {
  std::string_view name;
  Target target;
  const char* title;
  const TensorNames* names;
  TritForm form;  // of the matrices; not of Sterna's own file, which has them in panels
  const char* tensor_type;
  std::uint32_t gguf_file_type;  // general.file_type
};
[[nodiscard]] const TargetInfo& info_of(Target target);

[[nodiscard]] constexpr bool is_gguf_target(Target target) {
  return target != Target::HuggingFace && target != Target::Packed;
}

/// What the metadata of a GGUF file says of a model, but for its tokenizer.
[[nodiscard]] GgufMetadata model_metadata(const ModelConfig& model, std::string_view name,
                                          std::uint32_t file_type);

}  // namespace sterna
