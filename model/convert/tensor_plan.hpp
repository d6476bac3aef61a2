// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/thread_pool.hpp"
#include "model/convert/convert.hpp"
#include "model/convert/gguf_writer.hpp"
#include "model/convert/targets.hpp"
#include "model/formats/checkpoint.hpp"

namespace sterna {

/// What rounding did to the scales so far.
struct RoundedScales {
  std::size_t of = 0;
  std::size_t rounded = 0;
  double worst = 0.0;  // relative
};

/// The tensors that a model becomes in a target: names, types and shapes at once, contents when they are
/// written, one matrix in memory at a time.
class TensorPlan {
 public:
  /// `path` is for sentences. Errors  std::invalid_argument when the target cannot hold a shape
  TensorPlan(const std::filesystem::path& path, Checkpoint& checkpoint,
             const ConvertOptions& options);
  TensorPlan(const TensorPlan&) = delete;
  TensorPlan& operator=(const TensorPlan&) = delete;

  /// Norms first, scales last: that of a matrix is known once the matrix was written.
  [[nodiscard]] const std::vector<PlannedTensor>& tensors() const { return tensors_; }
  [[nodiscard]] bool has_sub_norms() const { return has_sub_norms_; }
  /// Of the matrices written so far.
  [[nodiscard]] const RoundedScales& rounded() const { return rounded_; }

 private:
  void plan_layer(std::size_t index);
  void plan_norm(std::string name, std::vector<float> values);
  void plan_matrix(const std::string& from, const std::string& to, const ProjectionShape& shape);
  void plan_vocab(std::string_view from, std::string_view to);
  void plan_rounded_vocab(const std::string& from, const std::string& to);
  void write_matrix(const std::string& from, const ProjectionShape& shape, float& scale,
                    const ByteSink& sink);
  void check_scale(const std::string& name, float scale);
  FloatForm choose_form(const FloatMatrix& matrix);
  void add_scalars(const std::string& name, std::shared_ptr<std::vector<float>> values);

  std::filesystem::path path_;
  Checkpoint& checkpoint_;
  ConvertOptions options_;
  const TargetInfo& target_;
  ThreadPool pool_{ThreadPool::one_a_core()};
  bool has_sub_norms_ = false;
  std::vector<PlannedTensor> norms_, tensors_, scales_;
  RoundedScales rounded_;
};

}  // namespace sterna
