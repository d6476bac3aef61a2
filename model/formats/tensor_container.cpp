// SPDX-License-Identifier: Apache-2.0
#include "model/formats/tensor_container.hpp"

#include <array>
#include <cstring>
#include <stdexcept>

#include "kernels/packing/packed_ternary.hpp"
#include "model/formats/huggingface/safetensors.hpp"

namespace sterna {
namespace {

namespace fs = std::filesystem;

class HuggingFaceContainer : public Container {
 public:
  HuggingFaceContainer(const fs::path& folder, WeightForm form) : store_(folder), form_(form) {}

  [[nodiscard]] const TensorNames& names() const override { return kHuggingFaceNames; }
  VocabInfo vocab(const std::string& name, const ModelConfig& model) override {
    const TensorView& tensor =
        store_.get(name, std::array<std::uint64_t, 2>{model.vocab, model.hidden});
    return {tensor.dtype_name, tensor.bytes.size()};
  }
  std::optional<std::vector<float>> norm(const std::string& name, std::size_t width) override {
    if (!store_.has(name)) return std::nullopt;
    return to_floats(store_.get(name, std::array<std::uint64_t, 1>{width}));
  }
  Counted matrix(const std::string& name, std::size_t kind, std::uint64_t rows,
                 std::uint64_t cols) override {
    const std::string weight = name + ".weight";
    const bool is_master = form_ == WeightForm::Master || form_ == WeightForm::Plain;
    const std::uint64_t stored_rows = is_master ? rows : (rows + 3) / 4;
    const TensorView& tensor = store_.get(weight, std::array<std::uint64_t, 2>{stored_rows, cols});
    Counted counted{.info = {.name = name,
                             .kind = kind,
                             .rows = rows,
                             .cols = cols,
                             .format = is_master ? tensor.dtype_name : "packed, four rows a byte",
                             .bytes = tensor.bytes.size(),
                             .zeros = std::nullopt,
                             .scale = std::nullopt},
                    .codes = tensor.bytes,
                    .form = is_master ? CountForm::None : CountForm::TwoBit,
                    .padding_zeros = 0};  // the padding of rows has code 0, which is no zero
    if (is_master) return counted;
    const float scale =
        to_floats(store_.get(weight + "_scale", std::array<std::uint64_t, 1>{1})).front();
    counted.info.scale = form_ == WeightForm::PackedDivide ? 1.0F / scale : scale;
    return counted;
  }

 private:
  TensorStore store_;
  WeightForm form_;
};

class GgufContainer : public Container {
 public:
  explicit GgufContainer(const GgufFile& file) : file_(file) {}

  [[nodiscard]] const TensorNames& names() const override { return kGgufNames; }
  VocabInfo vocab(const std::string& name, const ModelConfig& model) override {
    const GgufTensor& tensor = get(name, model.vocab, model.hidden);
    return {gguf_type_name(tensor.type), tensor.bytes.size()};
  }
  std::optional<std::vector<float>> norm(const std::string& name, std::size_t width) override {
    if (!file_.tensors().contains(name)) return std::nullopt;
    const GgufTensor& tensor = file_.tensors().find(name)->second;
    if (tensor.type != GgufType::F32 || tensor.bytes.size() != width * sizeof(float)) {
      return std::vector<float>();  // in a form that says nothing here
    }
    std::vector<float> values(width);
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values;
  }
  Counted matrix(const std::string& name, std::size_t kind, std::uint64_t rows,
                 std::uint64_t cols) override;

 private:
  const GgufTensor& get(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
    const auto found = file_.tensors().find(name);
    if (found == file_.tensors().end()) file_.refuse_tensor(name, "is missing");
    if (found->second.dims != std::vector<std::uint64_t>{cols, rows}) {
      file_.refuse_tensor(name, "has shape " + shape_text(found->second.dims) +
                                    " where the metadata asks for " +
                                    shape_text(std::array{cols, rows}));
    }
    return found->second;
  }

  const GgufFile& file_;
};

Counted GgufContainer::matrix(const std::string& name, std::size_t kind, std::uint64_t rows,
                              std::uint64_t cols) {
  const GgufTensor& tensor = get(name + ".weight", rows, cols);
  Counted counted{.info = {.name = name,
                           .kind = kind,
                           .rows = rows,
                           .cols = cols,
                           .format = gguf_type_name(tensor.type),
                           .bytes = tensor.bytes.size(),
                           .zeros = std::nullopt,
                           .scale = std::nullopt},
                  .codes = tensor.bytes,
                  .form = CountForm::None,
                  .padding_zeros = 0};
  if (tensor.type == GgufType::Tq1_0) counted.form = CountForm::Tq1;
  if (tensor.type == GgufType::Tq2_0) counted.form = CountForm::Tq2;
  const std::uint64_t code_bytes = rows * cols / 4;
  if (tensor.type == GgufType::I2S && tensor.bytes.size() >= code_bytes + sizeof(float)) {
    float scale = 0.0F;
    std::memcpy(&scale, tensor.bytes.data() + code_bytes, sizeof scale);
    counted.info.scale = scale;
    counted.codes = tensor.bytes.first(code_bytes);
    counted.form = CountForm::TwoBit;
  }
  return counted;
}

class PackedContainer : public Container {
 public:
  explicit PackedContainer(const PackedFile& file) : file_(file) {}

  [[nodiscard]] const TensorNames& names() const override { return kHuggingFaceNames; }
  VocabInfo vocab(const std::string& name, const ModelConfig& model) override {
    const PackedTensor& tensor = get(name, model.vocab, model.hidden);
    return {std::string(name_of(tensor.form)), tensor.bytes.size()};
  }
  std::optional<std::vector<float>> norm(const std::string& name, std::size_t width) override {
    if (!file_.tensors().contains(name)) return std::nullopt;
    const PackedTensor& tensor = get(name, 1, width);
    std::vector<float> values(tensor.form == PackedForm::F32 ? width : 0);
    if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values;
  }
  Counted matrix(const std::string& name, std::size_t kind, std::uint64_t rows,
                 std::uint64_t cols) override {
    const PackedTensor& tensor = get(name + ".weight", rows, cols);
    const std::vector<float> scale = norm(name + ".weight_scale", 1).value_or(std::vector<float>());
    return {.info = {.name = name,
                     .kind = kind,
                     .rows = rows,
                     .cols = cols,
                     .format = std::string(name_of(tensor.form)),
                     .bytes = tensor.bytes.size(),
                     .zeros = std::nullopt,
                     .scale = scale.empty() ? std::nullopt : std::optional(scale.front())},
            .codes = tensor.bytes,
            .form = tensor.form == PackedForm::Ternary ? CountForm::TwoBit : CountForm::None,
            .padding_zeros = PackedTernary::packed_bytes(rows, cols) * 4 - rows * cols};
  }

 private:
  const PackedTensor& get(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
    const auto found = file_.tensors().find(name);
    if (found == file_.tensors().end() || found->second.rows != rows ||
        found->second.cols != cols) {
      throw std::runtime_error(file_.path().string() + ": tensor " + name +
                               " is missing or of another shape than the config's");
    }
    return found->second;
  }

  const PackedFile& file_;
};

}  // namespace

std::unique_ptr<Container> open_folder_container(const fs::path& folder, WeightForm form) {
  return std::make_unique<HuggingFaceContainer>(folder, form);
}

std::unique_ptr<Container> open_gguf_container(const GgufFile& file) {
  return std::make_unique<GgufContainer>(file);
}

std::unique_ptr<Container> open_packed_container(const PackedFile& file) {
  return std::make_unique<PackedContainer>(file);
}

}  // namespace sterna
