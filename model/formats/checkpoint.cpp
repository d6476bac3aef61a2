// SPDX-License-Identifier: Apache-2.0
#include "model/formats/checkpoint.hpp"

#include <cmath>
#include <cstring>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "model/formats/config_json.hpp"
#include "model/formats/float_formats.hpp"
#include "model/formats/safetensors.hpp"
#include "model/formats/ternarize.hpp"
#include "model/synthetic.hpp"

namespace sterna {
namespace {

// Loads the tensors of one checkpoint and remembers which it used.
class Loader {
 public:
  Loader(const std::filesystem::path& folder, CheckpointConfig config, HeadForm head)
      : config_(std::move(config)), head_(head), store_(folder) {}

  ModelWeights load();

 private:
  LayerWeights layer(std::size_t index);
  VocabMatrix matrix(const std::string& name, std::size_t rows, std::size_t cols);
  std::vector<float> norm(const std::string& name, std::size_t width);
  std::vector<float> sub_norm(const std::string& name, const std::string& other_name,
                              std::size_t width);
  TernaryLinear linear(const std::string& name, std::size_t rows, std::size_t cols);
  TernaryLinear packed(const std::string& name, std::size_t rows, std::size_t cols);
  TernaryLinear master(const std::string& name, std::size_t rows, std::size_t cols);
  float weight_scale(const std::string& name);
  const TensorView& take(const std::string& name, std::vector<std::uint64_t> shape);
  const TensorView& take_floats(const std::string& name, std::vector<std::uint64_t> shape);
  void refuse_unused() const;

  CheckpointConfig config_;
  HeadForm head_;
  TensorStore store_;
  std::shared_ptr<HugePages> memory_ = std::make_shared<HugePages>();
  ThreadPool pool_{ThreadPool::one_a_core()};
  std::set<std::string, std::less<>> used_;
};

const TensorView& Loader::take(const std::string& name, std::vector<std::uint64_t> shape) {
  const TensorView& tensor = store_.get(name, shape);
  used_.insert(name);
  return tensor;
}

const TensorView& Loader::take_floats(const std::string& name, std::vector<std::uint64_t> shape) {
  const TensorView& tensor = take(name, std::move(shape));
  if (tensor.dtype != Dtype::F32 && tensor.dtype != Dtype::BF16 && tensor.dtype != Dtype::F16) {
    store_.refuse(name, "has dtype " + tensor.dtype_name + " where F32, BF16 or F16 is expected");
  }
  return tensor;
}

std::vector<float> Loader::norm(const std::string& name, std::size_t width) {
  return to_floats(take_floats(name, {width}));
}

std::vector<float> Loader::sub_norm(const std::string& name, const std::string& other_name,
                                    std::size_t width) {
  if (store_.has(name)) return norm(name, width);
  if (store_.has(other_name)) return norm(other_name, width);
  return {};
}

VocabMatrix Loader::matrix(const std::string& name, std::size_t rows, std::size_t cols) {
  const TensorView& tensor = take_floats(name, {rows, cols});
  VocabMatrix matrix{.rows = rows, .cols = cols, .values = {}};
  const RowReader read_row = [&](std::size_t r, std::span<float> out) {
    to_floats(tensor, r * cols, out);
  };
  if (head_ == HeadForm::Int8) {
    matrix.values = round_to_int8(rows, cols, read_row, memory_.get(), pool_);
  } else if (head_ == HeadForm::Int6) {
    matrix.values = round_to_planes(rows, cols, read_row, memory_.get(), pool_);
  } else if (tensor.dtype == Dtype::BF16) {
    std::pmr::vector<Bfloat16> narrow(rows * cols, memory_.get());
    std::memcpy(narrow.data(), tensor.bytes.data(), tensor.bytes.size());
    matrix.values.emplace<std::pmr::vector<Bfloat16>>(std::move(narrow));
  } else {
    std::pmr::vector<float> wide(rows * cols, memory_.get());
    to_floats(tensor, 0, wide);
    matrix.values.emplace<std::pmr::vector<float>>(std::move(wide));
  }
  release_pages(tensor.bytes);
  return matrix;
}

float Loader::weight_scale(const std::string& name) {
  const float scale = to_floats(take_floats(name, {1})).front();
  if (!(scale > 0.0F) || !std::isfinite(scale)) {
    store_.refuse(name, "is " + std::to_string(scale) + " where a number above 0 is expected");
  }
  return config_.form == WeightForm::PackedDivide ? 1.0F / scale : scale;
}

TernaryLinear Loader::packed(const std::string& name, std::size_t rows, std::size_t cols) {
  const std::string weight = name + ".weight";
  const std::size_t quarter = (rows + 3) / 4;
  const TensorView& tensor = take(weight, {quarter, cols});
  if (tensor.dtype != Dtype::U8) {
    store_.refuse(weight, "has dtype " + tensor.dtype_name +
                              " where U8 is expected, because quantization_mode is offline");
  }
  try {
    TernaryLinear linear{.trits = unpack_quarters(tensor.bytes, rows, cols, memory_.get(), pool_),
                         .scale = weight_scale(name + ".weight_scale")};
    release_pages(tensor.bytes);
    return linear;
  } catch (const std::invalid_argument& error) {
    store_.refuse(weight, error.what());
  }
}

TernaryLinear Loader::master(const std::string& name, std::size_t rows, std::size_t cols) {
  const std::string weight = name + ".weight";
  const TensorView& tensor = take_floats(weight, {rows, cols});
  try {
    return ternarize(
        rows, cols, [&](std::size_t r, std::span<float> out) { to_floats(tensor, r * cols, out); },
        memory_.get());
  } catch (const std::invalid_argument& error) {
    store_.refuse(weight, error.what());
  }
}

TernaryLinear Loader::linear(const std::string& name, std::size_t rows, std::size_t cols) {
  return config_.form == WeightForm::Master ? master(name, rows, cols) : packed(name, rows, cols);
}

LayerWeights Loader::layer(std::size_t index) {
  const ModelConfig& c = config_.model;
  const std::string layer = "model.layers." + std::to_string(index) + ".";
  const std::string attention = layer + "self_attn.";
  const std::string mlp = layer + "mlp.";
  return {
      .attention_norm = norm(layer + "input_layernorm.weight", c.hidden),
      .q = linear(attention + "q_proj", c.q_width(), c.hidden),
      .k = linear(attention + "k_proj", c.kv_width(), c.hidden),
      .v = linear(attention + "v_proj", c.kv_width(), c.hidden),
      .attention_sub_norm = sub_norm(attention + "attn_sub_norm.weight",
                                     attention + "inner_attn_ln.weight", c.q_width()),
      .o = linear(attention + "o_proj", c.hidden, c.q_width()),
      .ffn_norm = norm(layer + "post_attention_layernorm.weight", c.hidden),
      .gate = linear(mlp + "gate_proj", c.ffn, c.hidden),
      .up = linear(mlp + "up_proj", c.ffn, c.hidden),
      .ffn_sub_norm = sub_norm(mlp + "ffn_sub_norm.weight", mlp + "ffn_layernorm.weight", c.ffn),
      .down = linear(mlp + "down_proj", c.hidden, c.ffn)};
}

// A tensor nobody asked for belongs to a model that computes something else (a bias, a norm inside
// a projection); only what is known not to matter may stay.
void Loader::refuse_unused() const {
  for (const std::string& name : store_.names()) {
    const bool ignorable = name == "lm_head.weight" || name.ends_with(".rotary_emb.inv_freq");
    if (!used_.contains(name) && !ignorable) {
      store_.refuse(name, "is not part of the model that config.json describes");
    }
  }
}

ModelWeights Loader::load() {
  const ModelConfig& c = config_.model;
  ModelWeights weights{.memory = memory_,
                       .config = c,
                       .special = config_.special,
                       .embedding = matrix("model.embed_tokens.weight", c.vocab, c.hidden),
                       .layers = {},
                       .final_norm = norm("model.norm.weight", c.hidden),
                       .own_head = {}};
  if (!c.tied_head) weights.own_head = matrix("lm_head.weight", c.vocab, c.hidden);
  for (std::size_t i = 0; i < c.layers; ++i) weights.layers.push_back(layer(i));
  refuse_unused();
  return weights;
}

}  // namespace

HeadForm parse_head_form(std::string_view name) {
  if (name == "stored") return HeadForm::Stored;
  if (name == "int8") return HeadForm::Int8;
  if (name == "int6") return HeadForm::Int6;
  throw std::invalid_argument("a head in " + std::string(name) +
                              " is not known: choose stored, int8 or int6");
}

ModelWeights load_checkpoint(const std::filesystem::path& folder, HeadForm head) {
  if (!std::filesystem::is_directory(folder)) {
    throw std::runtime_error(folder.string() +
                             " is not a folder: give a folder with config.json and "
                             "model.safetensors, or synthetic:NAME");
  }
  return Loader(folder, read_config(folder / "config.json"), head).load();
}

ModelWeights load_model(std::string_view source, std::uint64_t seed, HeadForm head) {
  constexpr std::string_view kSynthetic = "synthetic:";
  if (source.starts_with(kSynthetic)) {
    return make_synthetic(named_shape(source.substr(kSynthetic.size())), seed, head);
  }
  return load_checkpoint(source, head);
}

}  // namespace sterna
