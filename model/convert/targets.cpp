// SPDX-License-Identifier: Apache-2.0
#include "model/convert/targets.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace sterna {
namespace {

const std::array kTargets = {
    TargetInfo{"hf", Target::HuggingFace, "a Hugging Face folder", &kHuggingFaceNames,
               TritForm::Quarters, "U8", 0},
    TargetInfo{"gguf-i2s", Target::GgufI2s, "I2_S", &kGgufNames, TritForm::I2s, "I2_S", 40},
    TargetInfo{"gguf-tq2", Target::GgufTq2, "TQ2_0", &kGgufNames, TritForm::Tq2, "TQ2_0", 37},
    TargetInfo{"gguf-tq1", Target::GgufTq1, "TQ1_0", &kGgufNames, TritForm::Tq1, "TQ1_0", 36},
    TargetInfo{"sterna", Target::Packed, "Sterna's own file", &kHuggingFaceNames,
               TritForm::Quarters, "ternary", 0},
};

}  // namespace

const TargetInfo& info_of(Target target) {
  return *std::find_if(kTargets.begin(), kTargets.end(),
                       [&](const TargetInfo& info) { return info.target == target; });
}

GgufMetadata model_metadata(const ModelConfig& c, std::string_view name, std::uint32_t file_type) {
  // Programs that know neither name nor key below take these two for what they are.
  const std::string arch = c.activation == Activation::Relu2 ? "bitnet-b1.58" : "bitnet";
  const auto key = [&](std::string_view word) { return arch + "." + std::string(word); };
  GgufMetadata metadata;
  metadata.add_text("general.architecture", arch);
  metadata.add_text("general.name", name);
  metadata.add_whole("general.file_type", file_type);
  metadata.add_whole("general.quantization_version", 2);
  metadata.add_whole(key("vocab_size"), c.vocab);
  metadata.add_whole(key("context_length"), c.max_tokens);
  metadata.add_whole(key("embedding_length"), c.hidden);
  metadata.add_whole(key("block_count"), c.layers);
  metadata.add_whole(key("feed_forward_length"), c.ffn);
  metadata.add_whole(key("rope.dimension_count"), c.head_dim);
  metadata.add_real(key("rope.freq_base"), c.rope_theta);
  metadata.add_whole(key("attention.head_count"), c.heads);
  metadata.add_whole(key("attention.head_count_kv"), c.kv_heads);
  metadata.add_whole(key("attention.key_length"), c.head_dim);
  metadata.add_whole(key("attention.value_length"), c.head_dim);
  metadata.add_real(key("attention.layer_norm_rms_epsilon"), c.norm_eps);
  metadata.add_text(key("hidden_activation"), c.activation == Activation::Relu2 ? "relu2" : "silu");
  return metadata;
}

Target parse_target(std::string_view name) {
  for (const TargetInfo& info : kTargets) {
    if (info.name == name) return info.target;
  }
  throw std::invalid_argument("a model cannot be written as " + std::string(name) +
                              ": choose hf, gguf-i2s, gguf-tq2, gguf-tq1 or sterna");
}

FloatChoice parse_float_choice(std::string_view name) {
  constexpr std::array kChoices = {
      std::pair{std::string_view("lossless"), FloatChoice::Lossless},
      std::pair{std::string_view("f16"), FloatChoice::F16},
      std::pair{std::string_view("bf16"), FloatChoice::Bf16},
      std::pair{std::string_view("f32"), FloatChoice::F32},
  };
  for (const auto& [known, choice] : kChoices) {
    if (known == name) return choice;
  }
  throw std::invalid_argument("an embedding cannot be written as " + std::string(name) +
                              ": choose lossless, f16, bf16 or f32");
}

}  // namespace sterna
