// SPDX-License-Identifier: Apache-2.0
#include "model/convert/convert.hpp"

#include <stdexcept>
#include <utility>

#include "model/convert/packed_writer.hpp"
#include "model/convert/targets.hpp"
#include "model/convert/tensor_plan.hpp"
#include "model/convert/tokenizer_files.hpp"
#include "model/formats/checkpoint.hpp"

namespace sterna {

class Conversion::Impl {
 public:
  Impl(const std::filesystem::path& source, const ConvertOptions& options);

  std::vector<OutputFile> files;
  [[nodiscard]] std::uint64_t total_bytes() const;
  void finish() const { checkpoint_.source->refuse_unused(); }
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  void plan_files();

  std::filesystem::path path_;
  ConvertOptions options_;
  const TargetInfo& target_;
  Checkpoint checkpoint_;
  std::vector<CarriedFile> carried_;
  TensorPlan plan_;
  std::vector<std::string> notes_;
};

namespace {

// Before anything is read.
const ConvertOptions& checked(const ConvertOptions& options) {
  if (options.head != HeadForm::Stored && options.target != Target::Packed) {
    throw std::invalid_argument(std::string("a head in int8 or int6 cannot be written to ") +
                                info_of(options.target).title + ": only --to sterna holds one");
  }
  return options;
}

}  // namespace

Conversion::Impl::Impl(const std::filesystem::path& source, const ConvertOptions& options)
    : path_(source),
      options_(checked(options)),
      target_(info_of(options.target)),
      checkpoint_(open_checkpoint(source)),
      carried_(find_tokenizer_files(source.native())),
      plan_(source, checkpoint_, options) {
  plan_files();
}

std::uint64_t Conversion::Impl::total_bytes() const {
  std::uint64_t bytes = 0;
  for (const PlannedTensor& tensor : plan_.tensors()) bytes += tensor.bytes;
  return bytes;
}

void Conversion::Impl::plan_files() {
  if (options_.target == Target::HuggingFace) {
    const std::string config =
        config_json_text(checkpoint_.model, checkpoint_.special, plan_.has_sub_norms());
    files.push_back({"config.json", [config](const ByteSink& sink) { put(sink, config); }});
    files.push_back({"model.safetensors",
                     [this](const ByteSink& sink) { write_safetensors(plan_.tensors(), sink); }});
    for (const CarriedFile& file : hugging_face_files(carried_, notes_)) {
      files.push_back({file.name, [file](const ByteSink& sink) { put(sink, file.bytes); }});
    }
  } else if (options_.target == Target::Packed) {
    files.push_back({"", [this](const ByteSink& sink) {
                       write_packed(config_json_text(checkpoint_.model, checkpoint_.special,
                                                     plan_.has_sub_norms()),
                                    carried_, plan_.tensors(), sink);
                     }});
  } else {
    GgufMetadata metadata =
        model_metadata(checkpoint_.model, path_.stem().string(), target_.gguf_file_type);
    add_tokenizer(carried_, checkpoint_.special, checkpoint_.model.vocab, metadata, notes_);
    files.push_back({"", [this, metadata = std::move(metadata)](const ByteSink& sink) {
                       write_gguf(metadata, plan_.tensors(), sink);
                     }});
  }
}

std::vector<std::string> Conversion::Impl::notes() const {
  std::vector<std::string> notes = notes_;
  const RoundedScales& scales = plan_.rounded();
  if (scales.rounded > 0) {
    notes.push_back(std::to_string(scales.rounded) + " of " + std::to_string(scales.of) +
                    " scales are no float16 and were rounded: their products change by a factor "
                    "within 2^-11 of 1, here by at most " +
                    std::to_string(100 * scales.worst) + " % (--exact refuses this)");
  }
  return notes;
}

Conversion::Conversion(const std::filesystem::path& source, const ConvertOptions& options)
    : impl_(std::make_unique<Impl>(source, options)) {}
Conversion::~Conversion() = default;
const std::vector<OutputFile>& Conversion::files() const { return impl_->files; }
std::uint64_t Conversion::total_bytes() const { return impl_->total_bytes(); }
void Conversion::finish() const { impl_->finish(); }
std::vector<std::string> Conversion::notes() const { return impl_->notes(); }

}  // namespace sterna
