// SPDX-License-Identifier: Apache-2.0
#include "model/convert/tensor_plan.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "model/convert/float_encoder.hpp"
#include "model/formats/float_formats.hpp"
#include "model/formats/packed/file.hpp"

namespace sterna {
namespace {

// Largest relative error of rounding to float16: half a unit in the last of 11 places.
constexpr float kHalfUnit = 0x1p-11F;

}  // namespace

TensorPlan::TensorPlan(const std::filesystem::path& path, Checkpoint& checkpoint,
                       const ConvertOptions& options)
    : path_(path), checkpoint_(checkpoint), options_(options), target_(info_of(options.target)) {
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
}

// A list of numbers that are known when it is written.
void TensorPlan::add_scalars(const std::string& name, std::shared_ptr<std::vector<float>> values) {
  const bool is_packed = options_.target == Target::Packed;
  scales_.push_back({.name = name,
                     .type = is_packed ? "f32" : "F32",
                     .shape = {values->size()},
                     .bytes = values->size() * sizeof(float),
                     .write = [values = std::move(values)](const ByteSink& sink) {
                       sink(std::as_bytes(std::span(*values)));
                     }});
}

void TensorPlan::plan_norm(std::string name, std::vector<float> values) {
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
FloatForm TensorPlan::choose_form(const FloatMatrix& matrix) {
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
  } else if (matrix.form == FloatForm::F16 && options_.target == Target::Packed) {
    // What the engine would make of it at every load.
    return fits(matrix, FloatForm::Bf16, pool_) ? FloatForm::Bf16 : FloatForm::F16;
  } else if (matrix.form != FloatForm::Blocks) {
    return matrix.form;
  }
  return fits(matrix, FloatForm::Bf16, pool_) ? FloatForm::Bf16 : FloatForm::F32;
}

void TensorPlan::plan_vocab(std::string_view from, std::string_view to) {
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

void TensorPlan::plan_rounded_vocab(const std::string& from, const std::string& to) {
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

// Sees whether the target holds the scale, and notes how well.
void TensorPlan::check_scale(const std::string& name, float scale) {
  ++rounded_.of;
  const bool is_half = target_.form == TritForm::Tq1 || target_.form == TritForm::Tq2;
  if (!is_half || is_float16(scale)) return;
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
}

void TensorPlan::write_matrix(const std::string& from, const ProjectionShape& shape, float& scale,
                              const ByteSink& sink) {
  const TernaryLinear linear =
      checkpoint_.source->linear(from, shape, std::pmr::new_delete_resource(), pool_);
  scale = linear.scale;
  check_scale(from, scale);
  if (options_.target == Target::Packed) return sink(std::as_bytes(linear.trits.bytes()));
  sink(encode_trits(linear, target_.form, pool_));
}

void TensorPlan::plan_matrix(const std::string& from, const std::string& to,
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

void TensorPlan::plan_layer(std::size_t index) {
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

}  // namespace sterna
