// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <stdexcept>
#include <utility>

#include "model/formats/float_formats.hpp"
#include "model/formats/packed/file.hpp"

namespace sterna {
namespace {

template <typename T>
std::span<const T> elements(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

// The elements where they lie in the file.
struct InFile {
  template <typename T>
  Elements<T> operator()(std::span<const std::byte> bytes) const {
    return Elements<T>::view(elements<T>(bytes));
  }
};

// A copy of them: every token reads all weights, and pages of `memory` are larger than those of a file.
struct Copied {
  std::pmr::memory_resource* memory;
  ThreadPool& pool;

  template <typename T>
  Elements<T> operator()(std::span<const std::byte> bytes) const {
    constexpr std::size_t kSlice = (std::size_t{4} << 20) / sizeof(T);  // then pages are given back
    const std::span<const T> from = elements<T>(bytes);
    std::pmr::vector<T> copy(from.size(), memory);
    pool.parallel_chunks(
        from.size(),
        [&](std::size_t begin, std::size_t end, unsigned) {
          for (std::size_t first = begin; first < end; first += kSlice) {
            const std::span<const T> slice = from.subspan(first, std::min(kSlice, end - first));
            std::copy(slice.begin(), slice.end(), copy.data() + first);
            release_pages(std::as_bytes(slice));
          }
        },
        kSlice);
    return copy;
  }
};

// Same int8 weights in the other layout.
template <typename To, typename From>
To relaid(const From& from, std::pmr::memory_resource* memory, ThreadPool& pool) {
  To to(from.rows(), from.cols(), memory);
  pool.parallel_for(
      from.rows(),
      [&](std::size_t begin, std::size_t end) {
        std::vector<std::int8_t> row(from.cols());
        for (std::size_t r = begin; r < end; ++r) {
          from.unpack_row(r, row);
          to.set_row(r, row);
        }
      },
      kPanelRows);
  return to;
}

// The tensors of Sterna's own file.
class PackedSource : public WeightSource {
 public:
  explicit PackedSource(const std::filesystem::path& path)
      : file_(std::make_shared<PackedFile>(path)) {}

  [[nodiscard]] const PackedFile& file() const { return *file_; }

  [[nodiscard]] const TensorNames& names() const override { return kHuggingFaceNames; }
  [[nodiscard]] bool has(const std::string& tensor) const override {
    return file_->tensors().contains(tensor);
  }
  FloatMatrix matrix(const std::string& tensor, std::size_t rows, std::size_t cols) override;
  VocabMatrix vocab_matrix(const std::string& tensor, std::size_t rows, std::size_t cols,
                           HeadForm head, std::pmr::memory_resource* memory,
                           ThreadPool& pool) override;
  std::vector<float> vector(const std::string& tensor, std::size_t width) override;
  TernaryLinear linear(const std::string& name, const ProjectionShape& shape,
                       std::pmr::memory_resource* memory, ThreadPool& pool) override;
  void refuse_unused() const override;
  [[nodiscard]] std::shared_ptr<const void> keep_alive() const override { return file_; }

 private:
  [[noreturn]] void refuse(const std::string& tensor, const std::string& what) const {
    throw std::runtime_error(file_->path().string() + ": tensor " + printable(tensor) + " " + what);
  }
  const PackedTensor& take(const std::string& name, std::size_t rows, std::size_t cols);
  template <typename Place>
  VocabMatrix kept(const std::string& name, const PackedTensor& tensor, const Place& place);
  std::vector<float> scales(const std::string& name, std::size_t rows);

  std::shared_ptr<const PackedFile> file_;
  std::set<std::string, std::less<>> used_;
};

const PackedTensor& PackedSource::take(const std::string& name, std::size_t rows,
                                       std::size_t cols) {
  const auto found = file_->tensors().find(name);
  const std::string shape = std::to_string(rows) + " x " + std::to_string(cols);
  if (found == file_->tensors().end()) refuse(name, "is missing; shape " + shape + " is expected");
  const PackedTensor& tensor = found->second;
  if (tensor.rows != rows || tensor.cols != cols) {
    refuse(name, "has shape " + std::to_string(tensor.rows) + " x " + std::to_string(tensor.cols) +
                     " where the config asks for " + shape);
  }
  used_.insert(name);
  return tensor;
}

std::vector<float> PackedSource::vector(const std::string& name, std::size_t width) {
  const PackedTensor& tensor = take(name, 1, width);
  if (tensor.form != PackedForm::F32) {
    refuse(name, "is " + std::string(name_of(tensor.form)) + " where f32 is expected");
  }
  std::vector<float> values(width);
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

std::vector<float> PackedSource::scales(const std::string& name, std::size_t rows) {
  std::vector<float> scales = vector(name + "_scales", rows);
  for (const float scale : scales) {
    if (!(scale >= 0.0F) || !std::isfinite(scale)) {
      refuse(name + "_scales", "holds " + std::to_string(scale) + ", which is no scale");
    }
  }
  return scales;
}

TernaryLinear PackedSource::linear(const std::string& name, const ProjectionShape& shape,
                                   std::pmr::memory_resource* memory, ThreadPool& pool) {
  const std::string weight = name + ".weight";
  const PackedTensor& tensor = take(weight, shape.rows, shape.cols);
  if (tensor.form != PackedForm::Ternary) {
    refuse(weight, "is " + std::string(name_of(tensor.form)) + " where ternary is expected");
  }
  const float scale = vector(weight + "_scale", 1).front();
  if (!(scale > 0.0F) || !std::isfinite(scale)) {
    refuse(weight + "_scale",
           "is " + std::to_string(scale) + " where a number above 0 is expected");
  }
  try {
    const Copied place{memory, pool};
    return {.trits = PackedTernary::from_bytes(place.operator()<std::uint8_t>(tensor.bytes),
                                               shape.rows, shape.cols),
            .scale = scale};
  } catch (const std::invalid_argument& error) {
    refuse(weight, error.what());
  }
}

// The vocabulary as the file has it, its elements where `place` puts them.
template <typename Place>
VocabMatrix PackedSource::kept(const std::string& name, const PackedTensor& tensor,
                               const Place& place) {
  VocabMatrix matrix{.rows = tensor.rows, .cols = tensor.cols, .values = {}};
  const auto bytes = [&](std::span<const std::byte> part) {
    return place.template operator()<std::uint8_t>(part);
  };
  try {
    switch (tensor.form) {
      case PackedForm::F32:
        matrix.values = place.template operator()<float>(tensor.bytes);
        return matrix;
      case PackedForm::Bf16:
        matrix.values = place.template operator()<Bfloat16>(tensor.bytes);
        return matrix;
      case PackedForm::Int8:
        matrix.values = ScaledInt8{
            .codes = PackedInt8::from_bytes(bytes(tensor.bytes), tensor.rows, tensor.cols),
            .scales = scales(name, tensor.rows)};
        return matrix;
      case PackedForm::Int6: {
        const auto upper = TwoPlaneInt8::packed_bytes(tensor.rows, tensor.cols).upper;
        matrix.values =
            PlanedInt8{.codes = TwoPlaneInt8::from_bytes(bytes(tensor.bytes.first(upper)),
                                                         bytes(tensor.bytes.subspan(upper)),
                                                         tensor.rows, tensor.cols),
                       .scales = scales(name, tensor.rows)};
        return matrix;
      }
      default:
        break;
    }
  } catch (const std::invalid_argument& error) {
    refuse(name, error.what());
  }
  refuse(name, "is " + std::string(name_of(tensor.form)) + ", which no vocabulary is kept in");
}

FloatMatrix PackedSource::matrix(const std::string& name, std::size_t rows, std::size_t cols) {
  const PackedTensor& tensor = take(name, rows, cols);
  if (tensor.form == PackedForm::F16) {
    const auto halves = elements<std::uint16_t>(tensor.bytes);
    return {.rows = rows,
            .cols = cols,
            .form = FloatForm::F16,
            .read_row =
                [halves, cols](std::size_t r, std::span<float> out) {
                  for (std::size_t c = 0; c < cols; ++c)
                    out[c] = from_float16(halves[r * cols + c]);
                },
            .bytes = tensor.bytes};
  }
  const auto matrix = std::make_shared<const VocabMatrix>(kept(name, tensor, InFile{}));
  const FloatForm form = tensor.form == PackedForm::F32    ? FloatForm::F32
                         : tensor.form == PackedForm::Bf16 ? FloatForm::Bf16
                                                           : FloatForm::Blocks;
  return {.rows = rows,
          .cols = cols,
          .form = form,
          .read_row = [matrix](std::size_t r, std::span<float> out) { matrix->read_row(r, out); },
          .bytes = tensor.bytes};
}

VocabMatrix PackedSource::vocab_matrix(const std::string& name, std::size_t rows, std::size_t cols,
                                       HeadForm head, std::pmr::memory_resource* memory,
                                       ThreadPool& pool) {
  const PackedTensor& tensor = take(name, rows, cols);
  const bool is_float = tensor.form != PackedForm::Int8 && tensor.form != PackedForm::Int6;
  if (tensor.form == PackedForm::F16 || (is_float && head != HeadForm::Stored)) {
    return keep_matrix(matrix(name, rows, cols), head, memory, pool);
  }
  const bool to_planes = head == HeadForm::Int6 && tensor.form == PackedForm::Int8;
  const bool to_int8 = head == HeadForm::Int8 && tensor.form == PackedForm::Int6;
  if (!to_planes && !to_int8) return kept(name, tensor, Copied{memory, pool});
  VocabMatrix matrix = kept(name, tensor, InFile{});
  if (to_planes) {
    auto& int8 = std::get<ScaledInt8>(matrix.values);
    matrix.values = PlanedInt8{.codes = relaid<TwoPlaneInt8>(int8.codes, memory, pool),
                               .scales = std::move(int8.scales)};
  } else {
    auto& planes = std::get<PlanedInt8>(matrix.values);
    matrix.values = ScaledInt8{.codes = relaid<PackedInt8>(planes.codes, memory, pool),
                               .scales = std::move(planes.scales)};
  }
  release_pages(tensor.bytes);
  return matrix;
}

void PackedSource::refuse_unused() const {
  for (const auto& [name, tensor] : file_->tensors()) {
    if (!used_.contains(name)) refuse(name, "is not part of the model that the config describes");
  }
}

}  // namespace

Checkpoint open_packed_file(const std::filesystem::path& path) {
  auto source = std::make_unique<PackedSource>(path);
  const ModelConfig model = source->file().model();
  const SpecialTokens special = source->file().special();
  return {.model = model, .special = special, .source = std::move(source)};
}

}  // namespace sterna
