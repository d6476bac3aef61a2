// SPDX-License-Identifier: Apache-2.0
#include "model/formats/inventory.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "kernels/packing/packed_ternary.hpp"
#include "kernels/thread_pool.hpp"
#include "model/formats/float_formats.hpp"
#include "model/formats/gguf/checkpoint.hpp"
#include "model/formats/huggingface/config_json.hpp"
#include "model/formats/packed/file.hpp"
#include "model/formats/tensor_container.hpp"
#include "model/formats/trit_count.hpp"

namespace sterna {
namespace {

namespace fs = std::filesystem;

constexpr float kDead = 1e-10F;  // no norm that was trained is so small; those of 2B4T have 1e-32

void count(Counted& matrix) {
  if (matrix.form == CountForm::None) return;
  if (matrix.form == CountForm::TwoBit) {
    matrix.count = count_two_bit(matrix.codes);
    matrix.count.zeros -= std::min(matrix.padding_zeros, matrix.count.zeros);
  } else {
    const BlockCount blocks =
        matrix.form == CountForm::Tq1 ? count_tq1(matrix.codes) : count_tq2(matrix.codes);
    matrix.count = blocks.trits;
    matrix.has_one_scale = blocks.has_one_scale;
    if (blocks.scale_bits != 0) matrix.info.scale = from_float16(blocks.scale_bits);
  }
  matrix.info.zeros = matrix.count.zeros;
}

// Fills an inventory from the tensors of a container, and notes what is unusual about them.
class Taker {
 public:
  Taker(Container& container, Inventory& inventory)
      : container_(container), names_(container.names()), out_(inventory) {}

  void take();

 private:
  void take_layer(std::size_t index);
  void take_norm(const std::string& name, std::size_t width, bool is_ffn);
  void note_scales();

  Container& container_;
  const TensorNames& names_;
  Inventory& out_;
  std::vector<Counted> matrices_;
  std::uint64_t dead_ = 0;  // of the neurons of the feed-forward layers
  std::size_t sub_norms_ = 0;
};

void Taker::take_norm(const std::string& name, std::size_t width, bool is_ffn) {
  const auto values = container_.norm(name, width);
  if (!values) return;
  ++out_.norm_count;
  const auto is_dead = [](float value) { return std::abs(value) < kDead; };
  if (is_ffn) {
    ++sub_norms_;
    dead_ += static_cast<std::uint64_t>(std::count_if(values->begin(), values->end(), is_dead));
  }
  if (!std::all_of(values->begin(), values->end(), [](float v) { return std::isfinite(v); })) {
    out_.unusual.push_back(name + " holds an infinity or a NaN");
  }
}

void Taker::take_layer(std::size_t index) {
  const ModelConfig& c = out_.model;
  const std::string prefix = std::string(names_.layer) + std::to_string(index) + ".";
  const auto norm = [&](std::string_view name, std::size_t width, bool is_ffn = false) {
    take_norm(prefix + std::string(name), width, is_ffn);
  };
  norm(names_.attention_norm, c.hidden);
  norm(names_.ffn_norm, c.hidden);
  const bool same_spelling = names_.ffn_sub_norm[0] == names_.ffn_sub_norm[1];
  for (std::size_t i = 0; i < (same_spelling ? 1 : 2); ++i) {
    norm(names_.attention_sub_norm[i], c.q_width());
    norm(names_.ffn_sub_norm[i], c.ffn, /*is_ffn=*/true);
  }
  const std::array<std::pair<std::string_view, std::array<std::uint64_t, 2>>, 7> shapes = {{
      {names_.q, {c.q_width(), c.hidden}},
      {names_.k, {c.kv_width(), c.hidden}},
      {names_.v, {c.kv_width(), c.hidden}},
      {names_.o, {c.hidden, c.q_width()}},
      {names_.gate, {c.ffn, c.hidden}},
      {names_.up, {c.ffn, c.hidden}},
      {names_.down, {c.hidden, c.ffn}},
  }};
  for (std::size_t kind = 0; kind < shapes.size(); ++kind) {
    const auto& [name, shape] = shapes[kind];
    matrices_.push_back(container_.matrix(prefix + std::string(name), kind, shape[0], shape[1]));
  }
}

void Taker::note_scales() {
  std::vector<float> scales;
  for (const Counted& matrix : matrices_) {
    if (matrix.count.bad > 0) {
      out_.unusual.push_back(matrix.info.name + " holds " + std::to_string(matrix.count.bad) +
                             " codes that are no trit");
    }
    if (!matrix.has_one_scale) {
      out_.unusual.push_back(matrix.info.name + " has blocks with different scales");
    }
    if (!matrix.info.scale) continue;
    if (!(*matrix.info.scale > 0.0F) || !std::isfinite(*matrix.info.scale)) {
      out_.unusual.push_back(matrix.info.name + " has the scale " +
                             std::to_string(*matrix.info.scale));
      continue;
    }
    scales.push_back(*matrix.info.scale);
  }
  if (scales.empty()) return;
  const auto [low, high] = std::minmax_element(scales.begin(), scales.end());
  if (*high / *low > 1000.0F) {
    out_.unusual.push_back("scales go from " + std::to_string(*low) + " to " +
                           std::to_string(*high));
  }
}

void Taker::take() {
  const ModelConfig& c = out_.model;
  out_.embedding = container_.vocab(std::string(names_.embedding), c);
  if (!c.tied_head) {
    out_.head = container_.vocab(std::string(names_.head), c);
    out_.unusual.push_back("the output head is a matrix of its own, not the embedding");
  }
  take_norm(std::string(names_.final_norm), c.hidden, false);
  for (std::size_t i = 0; i < c.layers; ++i) take_layer(i);
  ThreadPool pool(ThreadPool::one_a_core());
  pool.parallel_chunks(matrices_.size(), [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) count(matrices_[i]);
  });
  note_scales();
  if (sub_norms_ == 0) out_.unusual.push_back("it has no sub-norms");
  if (dead_ > 0) {
    out_.unusual.push_back(std::to_string(dead_) + " of " +
                           std::to_string(std::uint64_t{c.layers} * c.ffn) +
                           " feed-forward neurons are dead: their norm is below 1e-10");
  }
  for (Counted& matrix : matrices_) out_.matrices.push_back(std::move(matrix.info));
}

Inventory start(std::string container, const ModelConfig& model, const SpecialTokens& special) {
  return {.container = std::move(container),
          .model = model,
          .special = special,
          .embedding = {},
          .head = std::nullopt,
          .matrices = {},
          .norm_count = 0,
          .tokenizer = "none",
          .unusual = {}};
}

Inventory take_folder(const fs::path& folder) {
  const CheckpointConfig config = read_config(folder / "config.json");
  Inventory inventory = start("Hugging Face folder", config.model, config.special);
  const auto container = open_folder_container(folder, config.form);
  Taker(*container, inventory).take();
  if (config.form == WeightForm::Master) {
    inventory.unusual.push_back(
        "its matrices are floats, ternarised when it is loaded: convert it to count their zeros");
  }
  if (config.form == WeightForm::Plain) {
    inventory.unusual.push_back(
        "its config.json does not say that it was trained as BitNet: it is refused when it is "
        "loaded");
  }
  if (config.form == WeightForm::PackedDivide) {
    inventory.unusual.push_back("products are divided by weight_scale (linear_class bitlinear)");
  }
  for (const char* name : {"tokenizer.model", "tokenizer.json"}) {
    std::error_code ignored;
    if (fs::exists(folder / name, ignored)) inventory.tokenizer = name;
  }
  return inventory;
}

Inventory take_gguf(std::string_view source) {
  const GgufFile file(gguf_location(source).file);
  const GgufConfig config = read_gguf_config(file);
  Inventory inventory = start("GGUF version " + std::to_string(file.version()) + ", architecture " +
                                  file.text("general.architecture", ""),
                              config.model, config.special);
  const auto container = open_gguf_container(file);
  Taker(*container, inventory).take();
  if (file.has("tokenizer.ggml.model")) {
    const std::string pre = file.text("tokenizer.ggml.pre", "");
    inventory.tokenizer = file.text("tokenizer.ggml.model", "") + ", pre-tokenizer " +
                          (pre.empty() ? "not named" : pre);
    if (pre.empty()) {
      inventory.unusual.push_back("it has no tokenizer.ggml.pre, as the official 2B4T file");
    }
  }
  if (config.interleaved_rope) {
    inventory.unusual.push_back("rows of q and k are in the order of architecture llama");
  }
  return inventory;
}

Inventory take_packed(const fs::path& path) {
  const PackedFile file(path);
  Inventory inventory = start("Sterna's own file, version 1", file.model(), file.special());
  const auto container = open_packed_container(file);
  Taker(*container, inventory).take();
  for (const char* name : {"tokenizer.model", "tokenizer.gguf", "tokenizer.json"}) {
    if (file.files().contains(name)) inventory.tokenizer = name;
  }
  return inventory;
}

}  // namespace

std::uint64_t Inventory::token_bytes() const {
  std::uint64_t bytes = head ? head->bytes : embedding.bytes;
  for (const MatrixInfo& m : matrices) bytes += PackedTernary::packed_bytes(m.rows, m.cols);
  return bytes;
}

std::optional<double> Inventory::zero_fraction(std::optional<std::size_t> kind) const {
  double zeros = 0.0;
  double weights = 0.0;
  for (const MatrixInfo& m : matrices) {
    if (kind && m.kind != *kind) continue;
    if (!m.zeros) return std::nullopt;
    zeros += static_cast<double>(*m.zeros);
    weights += static_cast<double>(m.weights());
  }
  return weights > 0.0 ? std::optional(zeros / weights) : std::nullopt;
}

Inventory take_inventory(std::string_view source) {
  if (is_packed_file(source)) return take_packed(source);
  if (is_gguf(source)) return take_gguf(source);
  return take_folder(source);
}

}  // namespace sterna
