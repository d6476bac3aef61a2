// SPDX-License-Identifier: Apache-2.0
#include "model/formats/checkpoint.hpp"

#include <cmath>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "model/formats/gguf/checkpoint.hpp"
#include "model/formats/huggingface/config_json.hpp"
#include "model/formats/huggingface/safetensors.hpp"
#include "model/formats/huggingface/ternarize.hpp"
#include "model/formats/packed/file.hpp"
#include "model/synthetic.hpp"

namespace sterna {
namespace {

// The tensors of a Hugging Face folder.
class HuggingFaceSource : public WeightSource {
 public:
  HuggingFaceSource(const std::filesystem::path& folder, WeightForm form)
      : form_(form), store_(std::make_shared<TensorStore>(folder)) {}

  [[nodiscard]] const TensorNames& names() const override { return kHuggingFaceNames; }
  [[nodiscard]] bool has(const std::string& tensor) const override { return store_->has(tensor); }
  FloatMatrix matrix(const std::string& tensor, std::size_t rows, std::size_t cols) override;
  std::vector<float> vector(const std::string& tensor, std::size_t width) override {
    return to_floats(take_floats(tensor, {width}));
  }
  TernaryLinear linear(const std::string& name, const ProjectionShape& shape,
                       std::pmr::memory_resource* memory, ThreadPool& pool) override {
    if (form_ == WeightForm::Plain) refuse_plain(name, shape);
    return form_ == WeightForm::Master ? master(name, shape, memory, pool)
                                       : packed(name, shape, memory, pool);
  }
  void refuse_unused() const override;
  [[nodiscard]] std::shared_ptr<const void> keep_alive() const override { return store_; }

 private:
  TernaryLinear packed(const std::string& name, const ProjectionShape& shape,
                       std::pmr::memory_resource* memory, ThreadPool& pool);
  TernaryLinear master(const std::string& name, const ProjectionShape& shape,
                       std::pmr::memory_resource* memory, ThreadPool& pool);
  [[noreturn]] void refuse_plain(const std::string& name, const ProjectionShape& shape);
  float weight_scale(const std::string& name);
  const TensorView& take(const std::string& name, std::vector<std::uint64_t> shape);
  const TensorView& take_floats(const std::string& name, std::vector<std::uint64_t> shape);

  WeightForm form_;
  std::shared_ptr<const TensorStore> store_;
  std::set<std::string, std::less<>> used_;
};

const TensorView& HuggingFaceSource::take(const std::string& name,
                                          std::vector<std::uint64_t> shape) {
  const TensorView& tensor = store_->get(name, shape);
  used_.insert(name);
  return tensor;
}

const TensorView& HuggingFaceSource::take_floats(const std::string& name,
                                                 std::vector<std::uint64_t> shape) {
  const TensorView& tensor = take(name, std::move(shape));
  if (tensor.dtype != Dtype::F32 && tensor.dtype != Dtype::BF16 && tensor.dtype != Dtype::F16) {
    store_->refuse(name, "has dtype " + tensor.dtype_name + " where F32, BF16 or F16 is expected");
  }
  return tensor;
}

FloatMatrix HuggingFaceSource::matrix(const std::string& name, std::size_t rows, std::size_t cols) {
  const TensorView& tensor = take_floats(name, {rows, cols});
  const FloatForm form = tensor.dtype == Dtype::F32    ? FloatForm::F32
                         : tensor.dtype == Dtype::BF16 ? FloatForm::Bf16
                                                       : FloatForm::F16;
  return {.rows = rows,
          .cols = cols,
          .form = form,
          .read_row = [&tensor, cols](std::size_t r,
                                      std::span<float> out) { to_floats(tensor, r * cols, out); },
          .bytes = tensor.bytes};
}

float HuggingFaceSource::weight_scale(const std::string& name) {
  const float scale = to_floats(take_floats(name, {1})).front();
  if (!(scale > 0.0F) || !std::isfinite(scale)) {
    store_->refuse(name, "is " + std::to_string(scale) + " where a number above 0 is expected");
  }
  return form_ == WeightForm::PackedDivide ? 1.0F / scale : scale;
}

TernaryLinear HuggingFaceSource::packed(const std::string& name, const ProjectionShape& shape,
                                        std::pmr::memory_resource* memory, ThreadPool& pool) {
  const std::string weight = name + ".weight";
  const std::size_t quarter = (shape.rows + 3) / 4;
  const TensorView& tensor = take(weight, {quarter, shape.cols});
  if (tensor.dtype != Dtype::U8) {
    store_->refuse(weight, "has dtype " + tensor.dtype_name +
                               " where U8 is expected, because quantization_mode is offline");
  }
  try {
    TernaryLinear linear{
        .trits = unpack_quarters(tensor.bytes, shape.rows, shape.cols, memory, pool),
        .scale = weight_scale(name + ".weight_scale")};
    release_pages(tensor.bytes);
    return linear;
  } catch (const std::invalid_argument& error) {
    store_->refuse(weight, error.what());
  }
}

TernaryLinear HuggingFaceSource::master(const std::string& name, const ProjectionShape& shape,
                                        std::pmr::memory_resource* memory, ThreadPool& pool) {
  const std::string weight = name + ".weight";
  const FloatMatrix floats = matrix(weight, shape.rows, shape.cols);
  try {
    TernaryLinear linear = ternarize(shape.rows, shape.cols, floats.read_row, memory, pool);
    release_pages(floats.bytes);
    return linear;
  } catch (const std::invalid_argument& error) {
    store_->refuse(weight, error.what());
  }
}

// Says which kind of model it is that was not trained as BitNet, by its first matrix.
void HuggingFaceSource::refuse_plain(const std::string& name, const ProjectionShape& shape) {
  const std::string weight = name + ".weight";
  const FloatMatrix floats = matrix(weight, shape.rows, shape.cols);
  // TriLM has one scale for each of the devices it was trained on, six at most.
  constexpr std::size_t kMostScales = 6;
  std::set<float> magnitudes;
  std::vector<float> row(shape.cols);
  for (std::size_t r = 0; r < shape.rows && magnitudes.size() <= kMostScales; ++r) {
    floats.read_row(r, row);
    for (std::size_t c = 0; c < row.size() && magnitudes.size() <= kMostScales; ++c) {
      if (row[c] != 0.0F) magnitudes.insert(std::abs(row[c]));
    }
  }
  if (magnitudes.size() <= kMostScales) {
    store_->refuse(weight, "is ternary with " + std::to_string(magnitudes.size()) +
                               " scale(s), but config.json asks for no quantised activations (a "
                               "TriLM model): this engine computes int8 activations only");
  }
  store_->refuse(
      weight,
      "belongs to an ordinary Llama, for its config.json has neither quantization_config "
      "nor weight_bits 1: give a model that was trained as BitNet b1.58, or add "
      "\"weight_bits\": 1 when these are the floats that one was trained with");
}

void HuggingFaceSource::refuse_unused() const {
  for (const std::string& name : store_->names()) {
    const bool ignorable = name == kHuggingFaceNames.head || name.ends_with(".rotary_emb.inv_freq");
    if (!used_.contains(name) && !ignorable) {
      store_->refuse(name, "is not part of the model that config.json describes");
    }
  }
}

}  // namespace

HeadForm parse_head_form(std::string_view name) {
  if (name == "stored") return HeadForm::Stored;
  if (name == "int8") return HeadForm::Int8;
  if (name == "int6") return HeadForm::Int6;
  throw std::invalid_argument("a head in " + std::string(name) +
                              " is not known: choose stored, int8 or int6");
}

Checkpoint open_checkpoint(const std::filesystem::path& folder) {
  if (is_packed_file(folder)) return open_packed_file(folder);
  if (is_gguf(folder.native())) return open_gguf(gguf_location(folder.native()));
  if (synthetic_name(folder.native())) {
    throw std::invalid_argument(folder.string() +
                                " has random weights and no file: give a folder with config.json "
                                "and model.safetensors, a .gguf file, or a file of Sterna's own");
  }
  if (!std::filesystem::is_directory(folder)) {
    throw std::runtime_error(
        folder.string() +
        " is not a folder: give a folder with config.json and "
        "model.safetensors, a .gguf file, a file of Sterna's own, or synthetic:NAME");
  }
  const CheckpointConfig config = read_config(folder / "config.json");
  return {.model = config.model,
          .special = config.special,
          .source = std::make_unique<HuggingFaceSource>(folder, config.form)};
}

ModelWeights load_checkpoint(const std::filesystem::path& folder, HeadForm head) {
  const Checkpoint checkpoint = open_checkpoint(folder);
  return load_weights(*checkpoint.source, checkpoint.model, checkpoint.special, head);
}

ModelWeights load_model(std::string_view source, std::uint64_t seed, HeadForm head) {
  if (const auto name = synthetic_name(source)) {
    return make_synthetic(named_shape(*name), seed, head);
  }
  return load_checkpoint(source, head);
}

}  // namespace sterna
