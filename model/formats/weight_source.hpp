// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/thread_pool.hpp"
#include "model/config.hpp"
#include "model/formats/float_matrix.hpp"
#include "model/weights.hpp"

namespace sterna {

/// What a format calls the tensors of a model. Those of a layer follow `layer`, its number and a dot.
struct TensorNames {
  std::string_view embedding, final_norm, head, layer;
  std::string_view attention_norm, ffn_norm;
  std::string_view q, k, v, o, gate, up, down;  // without ".weight"
  // Every spelling that is known; absent norms are ones that the model does not have.
  std::array<std::string_view, 2> attention_sub_norm, ffn_sub_norm;
};
extern const TensorNames kHuggingFaceNames;
extern const TensorNames kGgufNames;

/// A projection that is asked for.
struct ProjectionShape {
  std::size_t rows;
  std::size_t cols;
  std::size_t rotary_width;  // of a query or key head, whose rows RoPE turns in pairs; else 0
};

/// The tensors of one checkpoint, in whatever format. Every one that was asked for is remembered.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  [[nodiscard]] virtual const TensorNames& names() const = 0;
  [[nodiscard]] virtual bool has(const std::string& tensor) const = 0;
  /// Each of these throws std::runtime_error, one sentence with file, tensor and value, when the
  /// tensor is missing, of another shape or of a type that does not serve.
  virtual FloatMatrix matrix(const std::string& tensor, std::size_t rows, std::size_t cols) = 0;
  /// The embedding or the head in memory, in the form the user asked for.
  virtual VocabMatrix vocab_matrix(const std::string& tensor, std::size_t rows, std::size_t cols,
                                   HeadForm head, std::pmr::memory_resource* memory,
                                   ThreadPool& pool) {
    return keep_matrix(matrix(tensor, rows, cols), head, memory, pool);
  }
  virtual std::vector<float> vector(const std::string& tensor, std::size_t width) = 0;
  virtual TernaryLinear linear(const std::string& name, const ProjectionShape& shape,
                               std::pmr::memory_resource* memory, ThreadPool& pool) = 0;
  /// Refuses tensors that nobody asked for: they belong to a model that computes something else (a
  /// bias, a norm inside a projection).
  virtual void refuse_unused() const = 0;
  /// Keeps what the matrices that it gave point into, where they are views.
  [[nodiscard]] virtual std::shared_ptr<const void> keep_alive() const = 0;
};

/// The model that `config` describes out of the tensors of `source`.
/// Errors  those of the source
[[nodiscard]] ModelWeights load_weights(WeightSource& source, const ModelConfig& config,
                                        const SpecialTokens& special, HeadForm head);

}  // namespace sterna
