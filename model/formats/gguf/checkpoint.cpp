// SPDX-License-Identifier: Apache-2.0
#include "model/formats/gguf/checkpoint.hpp"

#include <cmath>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "model/formats/huggingface/safetensors.hpp"
#include "model/formats/weight_source.hpp"

namespace sterna {
namespace {

constexpr std::string_view kExtension = ".gguf";
constexpr std::string_view kLayoutMark = "#i2s=";

// `source` without what names the layout of I2_S.
std::string_view file_part(std::string_view source) {
  const std::size_t mark = source.rfind(kLayoutMark);
  return source.substr(0, mark == std::string_view::npos ? source.size() : mark);
}

// Row r of a head is turned together with row r + width / 2; architecture llama stores the two side
// by side.
std::size_t interleaved_row(std::size_t r, std::size_t width) {
  const std::size_t in_head = r % width;
  const std::size_t half = width / 2;
  return r - in_head + 2 * (in_head % half) + in_head / half;
}

// The tensors of a GGUF file.
class GgufSource : public WeightSource {
 public:
  GgufSource(GgufFile file, I2sLayout layout, bool interleaved_rope)
      : file_(std::make_shared<const GgufFile>(std::move(file))),
        layout_(layout),
        interleaved_rope_(interleaved_rope) {}

  [[nodiscard]] const TensorNames& names() const override { return kGgufNames; }
  [[nodiscard]] bool has(const std::string& tensor) const override {
    return file_->tensors().contains(tensor);
  }
  FloatMatrix matrix(const std::string& tensor, std::size_t rows, std::size_t cols) override {
    return floats(tensor, {cols, rows});
  }
  std::vector<float> vector(const std::string& tensor, std::size_t width) override;
  TernaryLinear linear(const std::string& name, const ProjectionShape& shape,
                       std::pmr::memory_resource* memory, ThreadPool& pool) override;
  void refuse_unused() const override;
  [[nodiscard]] std::shared_ptr<const void> keep_alive() const override { return file_; }

 private:
  const GgufTensor& take(const std::string& name, std::vector<std::uint64_t> dims);
  FloatMatrix floats(const std::string& name, std::vector<std::uint64_t> dims);
  float extra_scale(const std::string& name);

  std::shared_ptr<const GgufFile> file_;
  I2sLayout layout_;
  bool interleaved_rope_;
  std::set<std::string, std::less<>> used_;
};

const GgufTensor& GgufSource::take(const std::string& name, std::vector<std::uint64_t> dims) {
  const auto found = file_->tensors().find(name);
  if (found == file_->tensors().end()) {
    file_->refuse_tensor(name, "is missing; shape " + shape_text(dims) + " is expected");
  }
  if (found->second.dims != dims) {
    file_->refuse_tensor(name, "has shape " + shape_text(found->second.dims) +
                                   " where the metadata asks for " + shape_text(dims));
  }
  used_.insert(name);
  return found->second;
}

FloatMatrix GgufSource::floats(const std::string& name, std::vector<std::uint64_t> dims) {
  const GgufTensor& tensor = take(name, std::move(dims));
  try {
    return read_float_matrix(tensor);
  } catch (const std::invalid_argument& error) {
    file_->refuse_tensor(name, error.what());
  }
}

std::vector<float> GgufSource::vector(const std::string& name, std::size_t width) {
  std::vector<float> values(width);
  floats(name, {width}).read_row(0, values);
  return values;
}

// Converters of architecture bitnet may keep the scale beside trits of magnitude 1.
float GgufSource::extra_scale(const std::string& name) {
  if (!has(name)) return 1.0F;
  const float scale = vector(name, 1).front();
  if (!(scale > 0.0F) || !std::isfinite(scale)) {
    file_->refuse_tensor(name,
                         "is " + std::to_string(scale) + " where a number above 0 is expected");
  }
  return scale;
}

TernaryLinear GgufSource::linear(const std::string& name, const ProjectionShape& shape,
                                 std::pmr::memory_resource* memory, ThreadPool& pool) {
  const std::string weight = name + ".weight";
  const GgufTensor& tensor = take(weight, {shape.cols, shape.rows});
  const std::size_t width = interleaved_rope_ ? shape.rotary_width : 0;
  const RowMap row_of = [width](std::size_t r) {
    return width == 0 ? r : interleaved_row(r, width);
  };
  try {
    TernaryLinear linear = read_ternary(tensor, layout_, row_of, memory, pool);
    release_pages(tensor.bytes);
    linear.scale *= extra_scale(name + ".scale");
    return linear;
  } catch (const std::invalid_argument& error) {
    file_->refuse_tensor(weight, error.what());
  }
}

void GgufSource::refuse_unused() const {
  for (const auto& [name, tensor] : file_->tensors()) {
    if (!used_.contains(name)) {
      file_->refuse_tensor(name, "is not part of the model that the metadata describes");
    }
  }
}

}  // namespace

bool is_gguf(std::string_view source) { return file_part(source).ends_with(kExtension); }

GgufLocation gguf_location(std::string_view source) {
  const std::string_view file = file_part(source);
  if (file.size() == source.size()) return {file, I2sLayout::X86};
  return {file, parse_i2s_layout(source.substr(file.size() + kLayoutMark.size()))};
}

Checkpoint open_gguf(const GgufLocation& location) {
  GgufFile file(location.file);
  const GgufConfig config = read_gguf_config(file);
  return {.model = config.model,
          .special = config.special,
          .source = std::make_unique<GgufSource>(std::move(file), location.layout,
                                                 config.interleaved_rope)};
}

}  // namespace sterna
