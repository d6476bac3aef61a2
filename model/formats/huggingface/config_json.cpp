// SPDX-License-Identifier: Apache-2.0
#include "model/formats/huggingface/config_json.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "model/formats/json_file.hpp"

namespace sterna {
namespace {

// What a class of transformers assumes for a field that its config.json leaves out.
struct ClassDefaults {
  std::string_view model_type;
  std::uint32_t hidden, layers, heads, kv_heads, ffn, vocab, max_tokens;  // kv_heads 0: heads
  float rope_theta, norm_eps;
  std::string_view activation;
  TokenId begin, end;
};
constexpr ClassDefaults kClasses[] = {
    {"bitnet", 2560, 30, 20, 5, 6912, 128256, 2048, 500000.0F, 1e-5F, "relu2", 128000, 128001},
    {"llama", 4096, 32, 32, 0, 11008, 32000, 2048, 10000.0F, 1e-6F, "silu", 1, 2},
};

const ClassDefaults& class_defaults(const JsonFile& file) {
  const std::string type = file.text("model_type", "bitnet");
  for (const ClassDefaults& defaults : kClasses) {
    if (defaults.model_type == type) return defaults;
  }
  file.refuse("model_type", "only bitnet and llama are supported");
}

Activation read_activation(const JsonFile& file, std::string_view fallback) {
  const std::string name = file.text("hidden_act", fallback);
  if (name == "relu2") return Activation::Relu2;
  if (name == "silu") return Activation::Silu;
  file.refuse("hidden_act", "only relu2 and silu are supported");
}

void require_whole_rotation(const JsonFile& file) {
  if (file.positive("partial_rotary_factor", 1.0F, 1.0F) != 1.0F) {
    file.refuse("partial_rotary_factor", "only 1 is supported: all of a head is rotated");
  }
}

// Both spellings: rope_theta itself, and rope_parameters with the type of the scaling.
float read_rope_theta(const JsonFile& file, float fallback) {
  for (const char* name : {"rope_parameters", "rope_scaling"}) {
    const JsonFile rope = file.object(name);
    for (const char* key : {"rope_type", "type"}) {
      if (rope.text(key, "default") != "default") {
        rope.refuse(key, "only the default rotary embedding is supported");
      }
    }
    require_whole_rotation(rope);
    fallback = rope.positive("rope_theta", fallback, kMaxTheta);
  }
  require_whole_rotation(file);
  return file.positive("rope_theta", fallback, kMaxTheta);
}

// A Llama of floats is a BitNet only if it says so, in the fields of the first reproductions.
WeightForm read_float_form(const JsonFile& file, const ClassDefaults& defaults) {
  if (file.whole("input_bits", 8, 1, 64) != 8) {
    file.refuse("input_bits", "only activations of 8 bits are supported");
  }
  if (file.has("weight_bits")) {
    if (file.whole("weight_bits", 1, 1, 64) == 1) return WeightForm::Master;
    file.refuse("weight_bits", "only 1, which stands for ternary weights, is supported");
  }
  return defaults.model_type == "bitnet" ? WeightForm::Master : WeightForm::Plain;
}

// All projections are ternary here; the embedding and the head are floats in every model.
void require_all_converted(const JsonFile& quantization) {
  constexpr const char* kField = "modules_to_not_convert";
  const nlohmann::json& list = quantization.at(kField);
  if (!list.is_null() && !list.is_array()) quantization.refuse(kField, "a list is expected");
  for (const nlohmann::json& name : list) {
    const std::string text = name.is_string() ? name.get<std::string>() : "";
    if (!text.ends_with("lm_head") && !text.ends_with("embed_tokens")) {
      quantization.refuse(kField, "only lm_head and embed_tokens can stay floats");
    }
  }
}

WeightForm read_weight_form(const JsonFile& file, const ClassDefaults& defaults) {
  if (!file.has("quantization_config")) return read_float_form(file, defaults);
  const JsonFile quantization = file.object("quantization_config");
  if (quantization.text("quant_method", "bitnet") != "bitnet") {
    quantization.refuse("quant_method", "only bitnet is supported");
  }
  if (quantization.boolean("use_rms_norm", false)) {
    quantization.refuse("use_rms_norm",
                        "norms inside the projections are not supported, only false is");
  }
  require_all_converted(quantization);
  const std::string linear = quantization.text("linear_class", "bitlinear");
  if (linear != "bitlinear" && linear != "autobitlinear") {
    quantization.refuse("linear_class", "only bitlinear and autobitlinear are supported");
  }
  const std::string mode = quantization.text("quantization_mode", "offline");
  if (mode != "offline" && mode != "online") {
    quantization.refuse("quantization_mode", "only offline and online are supported");
  }
  if (mode == "online") return WeightForm::Master;
  return linear == "bitlinear" ? WeightForm::PackedDivide : WeightForm::PackedMultiply;
}

// The token a field names. Published files hold ids beyond the vocabulary (a padding token that was
// never added): such a one can never come and is dropped.
std::optional<TokenId> token(const JsonFile& file, const char* name, const nlohmann::json& value,
                             std::uint32_t vocab) {
  if (!value.is_number_unsigned()) file.refuse(name, "a token id is expected");
  const auto id = value.get<std::uint64_t>();
  return id < vocab ? std::optional(static_cast<TokenId>(id)) : std::nullopt;
}

// The token of a class for what its config.json leaves out.
std::optional<TokenId> default_token(TokenId id, std::uint32_t vocab) {
  return id < vocab ? std::optional(id) : std::nullopt;
}

// Adds what a file says ends a text: a token or a list of them.
void add_end_tokens(const JsonFile& file, std::uint32_t vocab, std::vector<TokenId>& tokens) {
  const nlohmann::json& end = file.at("eos_token_id");
  const nlohmann::json list = end.is_array() || end.is_null() ? end : nlohmann::json::array({end});
  for (const nlohmann::json& value : list) {
    const auto id = token(file, "eos_token_id", value, vocab);
    if (id && std::find(tokens.begin(), tokens.end(), *id) == tokens.end()) tokens.push_back(*id);
  }
}

SpecialTokens read_special_tokens(const JsonFile& file, std::uint32_t vocab,
                                  const ClassDefaults& defaults) {
  SpecialTokens special;
  if (file.has("bos_token_id")) {
    special.begin = token(file, "bos_token_id", file.at("bos_token_id"), vocab);
  } else if (!file.mentions("bos_token_id")) {
    special.begin = default_token(defaults.begin, vocab);
  }
  add_end_tokens(file, vocab, special.end);
  if (const auto end = default_token(defaults.end, vocab); end && !file.mentions("eos_token_id")) {
    special.end.push_back(*end);
  }
  if (is_llama3(special, vocab) &&
      std::find(special.end.begin(), special.end.end(), kLlama3EndOfTurn) == special.end.end()) {
    special.end.push_back(kLlama3EndOfTurn);
  }
  return special;
}

}  // namespace

CheckpointConfig read_config(const std::filesystem::path& file) {
  CheckpointConfig config = read_config(JsonFile(file));
  const std::filesystem::path generation = file.parent_path() / "generation_config.json";
  if (std::filesystem::exists(generation)) {
    add_end_tokens(JsonFile(generation), config.model.vocab, config.special.end);
  }
  return config;
}

CheckpointConfig read_config(const JsonFile& file) {
  const ClassDefaults& defaults = class_defaults(file);
  if (file.boolean("attention_bias", false)) {
    file.refuse("attention_bias", "projections with a bias are not supported, only false is");
  }
  const std::uint32_t hidden = file.whole("hidden_size", defaults.hidden, 1, kMaxWidth);
  const std::uint32_t heads = file.whole("num_attention_heads", defaults.heads, 1, kMaxHeads);
  if (!file.has("head_dim") && hidden % heads != 0) {
    file.refuse("num_attention_heads", "must divide hidden_size, " + std::to_string(hidden));
  }
  const std::uint32_t kv_default = defaults.kv_heads == 0 ? heads : defaults.kv_heads;
  CheckpointConfig config{
      .model = {.hidden = hidden,
                .layers = file.whole("num_hidden_layers", defaults.layers, 1, kMaxLayers),
                .heads = heads,
                .kv_heads = file.whole("num_key_value_heads", kv_default, 1, kMaxHeads),
                .head_dim = file.whole("head_dim", hidden / heads, 1, kMaxWidth),
                .ffn = file.whole("intermediate_size", defaults.ffn, 1, kMaxWidth),
                .vocab = file.whole("vocab_size", defaults.vocab, 1, kMaxVocab),
                .max_tokens =
                    file.whole("max_position_embeddings", defaults.max_tokens, 1, kMaxTokens),
                .rope_theta = read_rope_theta(file, defaults.rope_theta),
                .norm_eps = file.positive("rms_norm_eps", defaults.norm_eps, 1.0F),
                .activation = read_activation(file, defaults.activation),
                .tied_head = file.boolean("tie_word_embeddings", false)},
      .form = read_weight_form(file, defaults),
      .special = {}};
  config.special = read_special_tokens(file, config.model.vocab, defaults);
  try {
    config.model.validate();
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(file.file().string() + ": " + error.what());
  }
  return config;
}

}  // namespace sterna
