// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string>
#include <utility>

#include "model/formats/gguf/checkpoint.hpp"
#include "model/formats/huggingface/safetensors.hpp"
#include "model/formats/weight_source.hpp"

namespace sterna {
namespace {

// What a name of an architecture stands for where the file leaves it open.
struct Architecture {
  std::string_view name;
  Activation activation;
  bool interleaved_rope;
};
constexpr Architecture kArchitectures[] = {
    {"bitnet", Activation::Silu, false},
    {"bitnet-25", Activation::Relu2, false},
    {"bitnet-b1.58", Activation::Relu2, false},
    {"llama", Activation::Silu, true},
};

// Reads the keys of one architecture: "<architecture>.<key>".
class Keys {
 public:
  explicit Keys(const GgufFile& file) : file_(file), architecture_(find_architecture(file)) {}

  [[nodiscard]] const Architecture& architecture() const { return architecture_; }
  std::string operator()(std::string_view key) const {
    return std::string(architecture_.name) + "." + std::string(key);
  }
  [[nodiscard]] std::uint32_t whole(std::string_view key, std::optional<std::uint32_t> fallback,
                                    std::uint32_t high) const {
    return file_.whole((*this)(key), fallback, 1, high);
  }
  [[nodiscard]] const GgufFile& file() const { return file_; }

 private:
  static const Architecture& find_architecture(const GgufFile& file) {
    constexpr std::string_view kKey = "general.architecture";
    const std::string name = file.text(kKey, std::nullopt);
    for (const Architecture& known : kArchitectures) {
      if (known.name == name) return known;
    }
    file.refuse(kKey, "only bitnet, bitnet-25, bitnet-b1.58 and llama are supported");
  }

  const GgufFile& file_;
  const Architecture& architecture_;
};

// TriLM was trained with float activations; int8 ones would compute another model, silently.
void refuse_trilm(const GgufFile& file) {
  for (const std::string_view key : {"general.name", "general.basename"}) {
    std::string name = file.text(key, "");
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name.find("trilm") != std::string::npos) {
      file.refuse(key,
                  "TriLM models have ternary weights but float activations, which this engine, "
                  "made for int8 ones, does not compute");
    }
  }
}

void check_rope(const Keys& keys, std::uint32_t head_dim) {
  const GgufFile& file = keys.file();
  const std::string width = keys("rope.dimension_count");
  if (file.whole(width, head_dim, 1, kMaxWidth) != head_dim) {
    file.refuse(width, "the whole width of a head, " + std::to_string(head_dim) + ", is expected");
  }
  const std::string type = keys("rope.scaling.type");
  const std::string factor = keys("rope.scaling.factor");
  const std::string name = file.text(type, "none");
  if (name != "none" && name != "linear") {
    file.refuse(type, "only none, and linear with factor 1, are supported");
  }
  if (file.positive(factor, 1.0F, kMaxTheta) != 1.0F) {
    file.refuse(factor, "only 1 is supported, positions are not scaled");
  }
}

// The shape of BitNet b1.58 2B4T, the one model with relu2 that architecture bitnet is used for by
// programs which do not write hidden_activation.
bool is_2b4t(const ModelConfig& c) {
  return c.hidden == 2560 && c.layers == 30 && c.ffn == 6912 && c.vocab == 128256;
}

Activation read_activation(const Keys& keys, const ModelConfig& model) {
  const std::string key = keys("hidden_activation");
  if (!keys.file().has(key)) {
    return is_2b4t(model) ? Activation::Relu2 : keys.architecture().activation;
  }
  const std::string name = keys.file().text(key, std::nullopt);
  if (name == "relu2") return Activation::Relu2;
  if (name == "silu") return Activation::Silu;
  keys.file().refuse(key, "only relu2 and silu are supported");
}

// Rows of the embedding: what the file really has, whatever its keys say.
std::uint32_t read_vocab(const GgufFile& file) {
  const auto found = file.tensors().find(kGgufNames.embedding);
  if (found == file.tensors().end()) file.refuse_tensor(kGgufNames.embedding, "is missing");
  const auto& dims = found->second.dims;
  if (dims.size() != 2 || dims[1] < 1 || dims[1] > kMaxVocab) {
    file.refuse_tensor(kGgufNames.embedding,
                       "has shape " + shape_text(dims) + " where [width, vocabulary] is expected");
  }
  return static_cast<std::uint32_t>(dims[1]);
}

SpecialTokens read_special_tokens(const GgufFile& file, std::uint32_t vocab) {
  SpecialTokens special;
  const auto token = [&](const std::string& key) -> std::optional<TokenId> {
    if (!file.has(key)) return std::nullopt;
    const TokenId id = file.whole(key, std::nullopt, 0, UINT32_MAX);
    return id < vocab ? std::optional(id) : std::nullopt;
  };
  const auto add_end = [&](std::optional<TokenId> id) {
    const auto& end = special.end;
    if (id && std::find(end.begin(), end.end(), *id) == end.end()) special.end.push_back(*id);
  };
  special.begin = token("tokenizer.ggml.bos_token_id");
  add_end(token("tokenizer.ggml.eos_token_id"));
  add_end(token("tokenizer.ggml.eot_token_id"));
  // The end of a turn in the vocabulary of LLaMA-3, which the published 2B4T file does not name.
  if (is_llama3(special, vocab)) add_end(kLlama3EndOfTurn);
  return special;
}

}  // namespace

GgufConfig read_gguf_config(const GgufFile& file) {
  const Keys keys(file);
  refuse_trilm(file);
  if (file.whole("split.count", 1, 0, UINT16_MAX) > 1) {
    file.refuse("split.count", "a model in several files is not supported: merge them into one");
  }
  const std::uint32_t hidden = keys.whole("embedding_length", std::nullopt, kMaxWidth);
  const std::uint32_t heads = keys.whole("attention.head_count", std::nullopt, kMaxHeads);
  const std::uint32_t head_dim =
      keys.whole("attention.key_length", std::max(1U, hidden / heads), kMaxWidth);
  if (keys.whole("attention.value_length", head_dim, kMaxWidth) != head_dim) {
    file.refuse(keys("attention.value_length"), "the width of a key is expected");
  }
  if (file.whole(keys("expert_count"), 0, 0, UINT32_MAX) != 0) {
    file.refuse(keys("expert_count"), "models with experts are not supported");
  }
  const std::uint32_t vocab = read_vocab(file);
  GgufConfig config{
      .model = {.hidden = hidden,
                .layers = keys.whole("block_count", std::nullopt, kMaxLayers),
                .heads = heads,
                .kv_heads = keys.whole("attention.head_count_kv", heads, kMaxHeads),
                .head_dim = head_dim,
                .ffn = keys.whole("feed_forward_length", std::nullopt, kMaxWidth),
                .vocab = vocab,
                .max_tokens = keys.whole("context_length", std::nullopt, kMaxTokens),
                .rope_theta = file.positive(keys("rope.freq_base"), 10000.0F, kMaxTheta),
                .norm_eps =
                    file.positive(keys("attention.layer_norm_rms_epsilon"), std::nullopt, 1.0F),
                .activation = Activation::Silu,
                .tied_head = !file.tensors().contains(kGgufNames.head)},
      .special = read_special_tokens(file, vocab),
      .interleaved_rope = keys.architecture().interleaved_rope};
  config.model.activation = read_activation(keys, config.model);
  check_rope(keys, head_dim);
  try {
    config.model.validate();
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(file.path().string() + ": " + error.what());
  }
  return config;
}

}  // namespace sterna
