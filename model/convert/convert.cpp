// SPDX-License-Identifier: Apache-2.0
#include "model/convert/convert.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "model/convert/float_encoder.hpp"
#include "model/convert/packed_writer.hpp"
#include "model/convert/targets.hpp"
#include "model/convert/tokenizer_files.hpp"
#include "model/formats/checkpoint.hpp"
#include "model/formats/float_formats.hpp"
#include "model/formats/packed/file.hpp"

namespace sterna {
namespace {

// Largest relative error of rounding to float16: half a unit in the last of 11 places.
constexpr float kHalfUnit = 0x1p-11F;

// What rounding did to the scales so far.
struct RoundedScales {
  std::size_t of = 0;
  std::size_t rounded = 0;
  double worst = 0.0;  // relative
};

}  // namespace

class Conversion::Impl {
 public:
  Impl(const std::filesystem::path& source, const ConvertOptions& options);

  std::vector<OutputFile> files;
  std::uint64_t total_bytes = 0;
  void finish() const { checkpoint_.source->refuse_unused(); }
  std::vector<std::string> notes() const;

 private:
  void plan_tensors();
  void plan_layer(std::size_t index);
  void plan_norm(std::string name, std::vector<float> values);
  void plan_matrix(const std::string& from, const std::string& to, const ProjectionShape& shape);
  void plan_vocab(std::string_view from, std::string_view to);
  void plan_rounded_vocab(const std::string& from, const std::string& to);
  void write_matrix(const std::string& from, const ProjectionShape& shape, float& scale,
                    const ByteSink& sink);
  float check_scale(const std::string& name, float scale);
  FloatForm choose_form(const FloatMatrix& matrix);
  void add_scalars(const std::string& name, std::shared_ptr<std::vector<float>> values);
  void plan_files();

  std::filesystem::path path_;
  ConvertOptions options_;
  const TargetInfo& target_;
  ThreadPool pool_{ThreadPool::one_a_core()};
  Checkpoint checkpoint_;
  bool has_sub_norms_ = false;
  std::vector<CarriedFile> carried_;
  std::vector<PlannedTensor> norms_, tensors_, scales_;
  std::vector<std::string> notes_;
  RoundedScales rounded_;
};

Conversion::Impl::Impl(const std::filesystem::path& source, const ConvertOptions& options)
    : path_(source),
      options_(options),
      target_(info_of(options.target)),
      checkpoint_(open_checkpoint(source)),
      carried_(find_tokenizer_files(source.native())) {
  if (options.head != HeadForm::Stored && options.target != Target::Packed) {
    throw std::invalid_argument(std::string("a head in int8 or int6 cannot be written to ") +
                                target_.title + ": only --to sterna holds one");
  }
  plan_tensors();
  plan_files();
}

// A list of numbers that are known when it is written.
void Conversion::Impl::add_scalars(const std::string& name,
                                   std::shared_ptr<std::vector<float>> values) {
  const bool is_packed = options_.target == Target::Packed;
  scales_.push_back(
      {.name = name,
       .type = is_packed ? "f32" : "F32",
       .shape = {values->size()},
       .bytes = values->size() * sizeof(float),
       .write = [values](const ByteSink& sink) { sink(std::as_bytes(std::span(*values))); }});
}

void Conversion::Impl::plan_norm(std::string name, std::vector<float> values) {
  const bool narrow = options_.target == Target::HuggingFace &&
                      std::all_of(values.begin(), values.end(), is_bfloat16);
  const std::uint64_t bytes = values.size() * (narrow ? 2 : 4);
  norms_.push_back({.name = std::move(name),
                    .type = narrow ? "BF16" : (options_.target == Target::Packed ? "f32" : "F32"),
                    .shape = {values.size()},
                    .bytes = bytes,
                    .write = [values = std::move(values), narrow](const ByteSink& sink) {
                      if (!narrow) return sink(std::as_bytes(std::span(values)));
                      std::vector<std::uint16_t> halves(values.size());
                      std::transform(values.begin(), values.end(), halves.begin(), to_bfloat16);
                      sink(std::as_bytes(std::span(halves)));
                    }});
}

// What the floats become.
FloatForm Conversion::Impl::choose_form(const FloatMatrix& matrix) {
  switch (options_.floats) {
    case FloatChoice::F16:
      return FloatForm::F16;
    case FloatChoice::Bf16:
      return FloatForm::Bf16;
    case FloatChoice::F32:
      return FloatForm::F32;
    case FloatChoice::Lossless:
      break;
  }
  if (is_gguf_target(options_.target)) {
    if (fits(matrix, FloatForm::F16, pool_)) return FloatForm::F16;
  } else if (matrix.form != FloatForm::Blocks) {
    return matrix.form;
  }
  return fits(matrix, FloatForm::Bf16, pool_) ? FloatForm::Bf16 : FloatForm::F32;
}

void Conversion::Impl::plan_vocab(std::string_view from, std::string_view to) {
  const ModelConfig& c = checkpoint_.model;
  const std::string name(to);
  if (options_.head != HeadForm::Stored) return plan_rounded_vocab(std::string(from), name);
  const FloatMatrix matrix = checkpoint_.source->matrix(std::string(from), c.vocab, c.hidden);
  const FloatForm form = choose_form(matrix);
  const bool is_packed = options_.target == Target::Packed;
  const char* packed_type = form == FloatForm::F16   ? "f16"
                            : form == FloatForm::F32 ? "f32"
                                                     : "bf16";
  tensors_.push_back({.name = name,
                      .type = is_packed ? packed_type : type_name(form),
                      .shape = {c.vocab, c.hidden},
                      .bytes = std::uint64_t{c.vocab} * c.hidden * float_bytes(form),
                      .write = [this, matrix, form, name](const ByteSink& sink) {
                        try {
                          write_floats(matrix, form, pool_, sink);
                        } catch (const std::invalid_argument& error) {
                          throw std::runtime_error(path_.string() + ": tensor " + name + " " +
                                                   error.what());
                        }
                      }});
}

void Conversion::Impl::plan_rounded_vocab(const std::string& from, const std::string& to) {
  const ModelConfig& c = checkpoint_.model;
  const bool is_int8 = options_.head == HeadForm::Int8;
  const PackedForm form = is_int8 ? PackedForm::Int8 : PackedForm::Int6;
  const auto scales = std::make_shared<std::vector<float>>(c.vocab);
  tensors_.push_back({.name = to,
                      .type = std::string(name_of(form)),
                      .shape = {c.vocab, c.hidden},
                      .bytes = packed_form_bytes(form, c.vocab, c.hidden),
                      .write = [this, from, is_int8, scales](const ByteSink& sink) {
                        const ModelConfig& model = checkpoint_.model;
                        const VocabMatrix matrix = checkpoint_.source->vocab_matrix(
                            from, model.vocab, model.hidden, options_.head,
                            std::pmr::new_delete_resource(), pool_);
                        if (is_int8) {
                          const auto& int8 = std::get<ScaledInt8>(matrix.values);
                          sink(std::as_bytes(int8.codes.bytes()));
                          *scales = int8.scales;
                        } else {
                          const auto& planes = std::get<PlanedInt8>(matrix.values);
                          sink(std::as_bytes(planes.codes.upper()));
                          sink(std::as_bytes(planes.codes.lower()));
                          *scales = planes.scales;
                        }
                      }});
  add_scalars(to + "_scales", scales);
}

// The scale as the target will hold it.
float Conversion::Impl::check_scale(const std::string& name, float scale) {
  ++rounded_.of;
  const bool is_half = target_.form == TritForm::Tq1 || target_.form == TritForm::Tq2;
  if (!is_half || is_float16(scale)) return scale;
  const float half = from_float16(to_float16(scale));
  const double error = std::abs(static_cast<double>(half) / static_cast<double>(scale) - 1.0);
  const std::string sentence = path_.string() + ": the scale of " + name + " is " +
                               std::to_string(scale) + ", which " + target_.title;
  if (!(error <= kHalfUnit)) {
    throw std::runtime_error(sentence + " cannot hold in float16: choose gguf-i2s, hf or sterna");
  }
  if (options_.exact) {
    throw std::runtime_error(sentence +
                             " would round to float16: choose gguf-i2s, hf or sterna, or leave out "
                             "--exact");
  }
  ++rounded_.rounded;
  rounded_.worst = std::max(rounded_.worst, error);
  return half;
}

void Conversion::Impl::write_matrix(const std::string& from, const ProjectionShape& shape,
                                    float& scale, const ByteSink& sink) {
  const TernaryLinear linear =
      checkpoint_.source->linear(from, shape, std::pmr::new_delete_resource(), pool_);
  scale = linear.scale;
  check_scale(from, scale);
  if (options_.target == Target::Packed) return sink(std::as_bytes(linear.trits.bytes()));
  sink(encode_trits(linear, target_.form, pool_));
}

void Conversion::Impl::plan_matrix(const std::string& from, const std::string& to,
                                   const ProjectionShape& shape) {
  const bool is_packed = options_.target == Target::Packed;
  const std::size_t block = block_cols(target_.form);
  if (!is_packed && shape.cols % block != 0) {
    throw std::invalid_argument(
        path_.string() + ": " + from + " has " + std::to_string(shape.cols) + " columns, and " +
        target_.title + " holds whole blocks of " + std::to_string(block) +
        " only: choose hf or sterna" + (shape.cols % 128 == 0 ? ", or gguf-i2s" : ""));
  }
  const bool is_hf = options_.target == Target::HuggingFace;
  const auto scale = std::make_shared<std::vector<float>>(1);
  tensors_.push_back({.name = to + ".weight",
                      .type = target_.tensor_type,
                      .shape = {is_hf ? (shape.rows + 3) / 4 : shape.rows, shape.cols},
                      .bytes = is_packed
                                   ? packed_form_bytes(PackedForm::Ternary, shape.rows, shape.cols)
                                   : encoded_bytes(target_.form, shape.rows, shape.cols),
                      .write = [this, from, shape, scale](const ByteSink& sink) {
                        write_matrix(from, shape, scale->front(), sink);
                      }});
  if (is_hf || is_packed) add_scalars(to + ".weight_scale", scale);
}

void Conversion::Impl::plan_layer(std::size_t index) {
  const ModelConfig& c = checkpoint_.model;
  const TensorNames& from = checkpoint_.source->names();
  const TensorNames& to = *target_.names;
  const auto prefix = [&](const TensorNames& names) {
    return std::string(names.layer) + std::to_string(index) + ".";
  };
  const auto norm = [&](std::string_view read, std::string_view written, std::size_t width) {
    plan_norm(prefix(to) + std::string(written),
              checkpoint_.source->vector(prefix(from) + std::string(read), width));
  };
  const auto sub_norm = [&](const auto& spellings, std::string_view written, std::size_t width) {
    const auto found = std::find_if(spellings.begin(), spellings.end(), [&](std::string_view name) {
      return checkpoint_.source->has(prefix(from) + std::string(name));
    });
    if (found == spellings.end()) return;
    has_sub_norms_ = true;
    norm(*found, written, width);
  };
  const auto matrix = [&](std::string_view TensorNames::*name, std::size_t rows, std::size_t cols,
                          std::size_t rotary_width = 0) {
    plan_matrix(prefix(from) + std::string(from.*name), prefix(to) + std::string(to.*name),
                {rows, cols, rotary_width});
  };
  norm(from.attention_norm, to.attention_norm, c.hidden);
  sub_norm(from.attention_sub_norm, to.attention_sub_norm[0], c.q_width());
  norm(from.ffn_norm, to.ffn_norm, c.hidden);
  sub_norm(from.ffn_sub_norm, to.ffn_sub_norm[0], c.ffn);
  matrix(&TensorNames::q, c.q_width(), c.hidden, c.head_dim);
  matrix(&TensorNames::k, c.kv_width(), c.hidden, c.head_dim);
  matrix(&TensorNames::v, c.kv_width(), c.hidden);
  matrix(&TensorNames::o, c.hidden, c.q_width());
  matrix(&TensorNames::gate, c.ffn, c.hidden);
  matrix(&TensorNames::up, c.ffn, c.hidden);
  matrix(&TensorNames::down, c.hidden, c.ffn);
}

// Norms first, scales last: those of a matrix are known once it was read.
void Conversion::Impl::plan_tensors() {
  const ModelConfig& c = checkpoint_.model;
  const TensorNames& from = checkpoint_.source->names();
  const TensorNames& to = *target_.names;
  plan_norm(std::string(to.final_norm),
            checkpoint_.source->vector(std::string(from.final_norm), c.hidden));
  for (std::size_t i = 0; i < c.layers; ++i) plan_layer(i);
  plan_vocab(from.embedding, to.embedding);
  if (!c.tied_head) plan_vocab(from.head, to.head);
  norms_.insert(norms_.end(), std::move_iterator(tensors_.begin()),
                std::move_iterator(tensors_.end()));
  norms_.insert(norms_.end(), std::move_iterator(scales_.begin()),
                std::move_iterator(scales_.end()));
  tensors_ = std::move(norms_);
  for (const PlannedTensor& tensor : tensors_) total_bytes += tensor.bytes;
}

void Conversion::Impl::plan_files() {
  if (options_.target == Target::HuggingFace) {
    const std::string config =
        config_json_text(checkpoint_.model, checkpoint_.special, has_sub_norms_);
    files.push_back({"config.json", [config](const ByteSink& sink) { put(sink, config); }});
    files.push_back(
        {"model.safetensors", [this](const ByteSink& sink) { write_safetensors(tensors_, sink); }});
    for (const CarriedFile& file : hugging_face_files(carried_, notes_)) {
      files.push_back({file.name, [file](const ByteSink& sink) { put(sink, file.bytes); }});
    }
  } else if (options_.target == Target::Packed) {
    files.push_back({"", [this](const ByteSink& sink) {
                       write_packed(
                           config_json_text(checkpoint_.model, checkpoint_.special, has_sub_norms_),
                           carried_, tensors_, sink);
                     }});
  } else {
    GgufMetadata metadata =
        model_metadata(checkpoint_.model, path_.stem().string(), target_.gguf_file_type);
    add_tokenizer(carried_, checkpoint_.special, checkpoint_.model.vocab, metadata, notes_);
    files.push_back({"", [this, metadata = std::move(metadata)](const ByteSink& sink) {
                       write_gguf(metadata, tensors_, sink);
                     }});
  }
}

std::vector<std::string> Conversion::Impl::notes() const {
  std::vector<std::string> notes = notes_;
  if (rounded_.rounded > 0) {
    notes.push_back(std::to_string(rounded_.rounded) + " of " + std::to_string(rounded_.of) +
                    " scales are no float16 and were rounded: their products change by a factor "
                    "within 2^-11 of 1, here by at most " +
                    std::to_string(100 * rounded_.worst) + " % (--exact refuses this)");
  }
  return notes;
}

Conversion::Conversion(const std::filesystem::path& source, const ConvertOptions& options)
    : impl_(std::make_unique<Impl>(source, options)) {}
Conversion::~Conversion() = default;
const std::vector<OutputFile>& Conversion::files() const { return impl_->files; }
std::uint64_t Conversion::total_bytes() const { return impl_->total_bytes; }
void Conversion::finish() const { impl_->finish(); }
std::vector<std::string> Conversion::notes() const { return impl_->notes(); }

}  // namespace sterna
