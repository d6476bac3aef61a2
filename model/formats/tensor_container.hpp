// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/formats/gguf/file.hpp"
#include "model/formats/huggingface/config_json.hpp"
#include "model/formats/inventory.hpp"
#include "model/formats/packed/file.hpp"
#include "model/formats/trit_count.hpp"
#include "model/formats/weight_source.hpp"

namespace sterna {

/// How the trits of a matrix can be counted where they lie.
enum class CountForm : std::uint8_t { TwoBit, Tq1, Tq2, None };

/// A matrix and where its trits lie.
struct Counted {
  MatrixInfo info;
  std::span<const std::byte> codes;
  CountForm form;
  std::uint64_t padding_zeros;  // zero codes that are no weights
  TritCount count{0, 0};
  bool has_one_scale = true;
};

/// Reads tensors of one container by their names, without their values.
/// Errors  std::runtime_error naming file and tensor, when one is missing or of another shape
class Container {
 public:
  virtual ~Container() = default;
  [[nodiscard]] virtual const TensorNames& names() const = 0;
  virtual Counted matrix(const std::string& name, std::size_t kind, std::uint64_t rows,
                         std::uint64_t cols) = 0;
  virtual VocabInfo vocab(const std::string& name, const ModelConfig& model) = 0;
  /// Nothing when it is absent; empty when it is of a form that this does not read.
  virtual std::optional<std::vector<float>> norm(const std::string& name, std::size_t width) = 0;
};

/// A Hugging Face folder.
[[nodiscard]] std::unique_ptr<Container> open_folder_container(const std::filesystem::path& folder,
                                                               WeightForm form);
/// Both files outlive the container.
[[nodiscard]] std::unique_ptr<Container> open_gguf_container(const GgufFile& file);
[[nodiscard]] std::unique_ptr<Container> open_packed_container(const PackedFile& file);

}  // namespace sterna
