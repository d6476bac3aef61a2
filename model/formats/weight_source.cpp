// SPDX-License-Identifier: Apache-2.0
#include "model/formats/weight_source.hpp"

#include <memory>
#include <utility>

namespace sterna {

const TensorNames kHuggingFaceNames{
    .embedding = "model.embed_tokens.weight",
    .final_norm = "model.norm.weight",
    .head = "lm_head.weight",
    .layer = "model.layers.",
    .attention_norm = "input_layernorm.weight",
    .ffn_norm = "post_attention_layernorm.weight",
    .q = "self_attn.q_proj",
    .k = "self_attn.k_proj",
    .v = "self_attn.v_proj",
    .o = "self_attn.o_proj",
    .gate = "mlp.gate_proj",
    .up = "mlp.up_proj",
    .down = "mlp.down_proj",
    .attention_sub_norm = {"self_attn.attn_sub_norm.weight", "self_attn.inner_attn_ln.weight"},
    .ffn_sub_norm = {"mlp.ffn_sub_norm.weight", "mlp.ffn_layernorm.weight"}};

const TensorNames kGgufNames{.embedding = "token_embd.weight",
                             .final_norm = "output_norm.weight",
                             .head = "output.weight",
                             .layer = "blk.",
                             .attention_norm = "attn_norm.weight",
                             .ffn_norm = "ffn_norm.weight",
                             .q = "attn_q",
                             .k = "attn_k",
                             .v = "attn_v",
                             .o = "attn_output",
                             .gate = "ffn_gate",
                             .up = "ffn_up",
                             .down = "ffn_down",
                             .attention_sub_norm = {"attn_sub_norm.weight", "attn_sub_norm.weight"},
                             .ffn_sub_norm = {"ffn_sub_norm.weight", "ffn_sub_norm.weight"}};

namespace {

// Asks a source for one tensor after the other.
class Loader {
 public:
  Loader(WeightSource& source, const ModelConfig& config, HeadForm head)
      : source_(source), names_(source.names()), config_(config), head_(head) {}

  ModelWeights load(const SpecialTokens& special);

 private:
  LayerWeights layer(std::size_t index, const LayerWeights* first);
  VocabMatrix vocab_matrix(std::string_view name) {
    return source_.vocab_matrix(std::string(name), config_.vocab, config_.hidden, head_,
                                memory_.get(), pool_);
  }

  WeightSource& source_;
  const TensorNames& names_;
  const ModelConfig& config_;
  HeadForm head_;
  std::shared_ptr<HugePages> memory_ = std::make_shared<HugePages>();
  ThreadPool pool_{ThreadPool::one_a_core()};
};

// Every layer has the sub-norms that the first one has: what lacks one is asked for and so refused, what
// has one more is found to be of no use.
LayerWeights Loader::layer(std::size_t index, const LayerWeights* first) {
  const ModelConfig& c = config_;
  const std::string prefix = std::string(names_.layer) + std::to_string(index) + ".";
  const auto norm = [&](std::string_view name, std::size_t width) {
    return source_.vector(prefix + std::string(name), width);
  };
  const auto sub_norm = [&](const std::array<std::string_view, 2>& spellings, std::size_t width,
                            std::vector<float> LayerWeights::*of_first) {
    if (first != nullptr && (first->*of_first).empty()) return std::vector<float>();
    for (const std::string_view name : spellings) {
      if (source_.has(prefix + std::string(name))) return norm(name, width);
    }
    return first == nullptr ? std::vector<float>() : norm(spellings.front(), width);
  };
  const auto linear = [&](std::string_view name, std::size_t rows, std::size_t cols,
                          std::size_t rotary_width = 0) {
    return source_.linear(prefix + std::string(name), {rows, cols, rotary_width}, memory_.get(),
                          pool_);
  };
  return {.attention_norm = norm(names_.attention_norm, c.hidden),
          .q = linear(names_.q, c.q_width(), c.hidden, c.head_dim),
          .k = linear(names_.k, c.kv_width(), c.hidden, c.head_dim),
          .v = linear(names_.v, c.kv_width(), c.hidden),
          .attention_sub_norm =
              sub_norm(names_.attention_sub_norm, c.q_width(), &LayerWeights::attention_sub_norm),
          .o = linear(names_.o, c.hidden, c.q_width()),
          .ffn_norm = norm(names_.ffn_norm, c.hidden),
          .gate = linear(names_.gate, c.ffn, c.hidden),
          .up = linear(names_.up, c.ffn, c.hidden),
          .ffn_sub_norm = sub_norm(names_.ffn_sub_norm, c.ffn, &LayerWeights::ffn_sub_norm),
          .down = linear(names_.down, c.hidden, c.ffn)};
}

ModelWeights Loader::load(const SpecialTokens& special) {
  using Both = std::pair<std::shared_ptr<HugePages>, std::shared_ptr<const void>>;
  ModelWeights weights{.memory = std::make_shared<Both>(memory_, source_.keep_alive()),
                       .config = config_,
                       .special = special,
                       .embedding = vocab_matrix(names_.embedding),
                       .layers = {},
                       .final_norm = source_.vector(std::string(names_.final_norm), config_.hidden),
                       .own_head = {}};
  if (!config_.tied_head) weights.own_head = vocab_matrix(names_.head);
  for (std::size_t i = 0; i < config_.layers; ++i) {
    weights.layers.push_back(layer(i, i == 0 ? nullptr : &weights.layers.front()));
  }
  source_.refuse_unused();
  return weights;
}

}  // namespace

ModelWeights load_weights(WeightSource& source, const ModelConfig& config,
                          const SpecialTokens& special, HeadForm head) {
  return Loader(source, config, head).load(special);
}

}  // namespace sterna
