// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/matmul_backend.hpp"

namespace sterna::host {

/// What went into the products of one matrix, and what came out of them, token after token.
///
/// Shapes  activations (tokens, cols), sums (tokens, rows), row-major
struct CapturedProduct {
  std::size_t cols = 0;
  std::size_t rows = 0;
  std::vector<std::int8_t> activations;
  std::vector<std::int32_t> sums;

  [[nodiscard]] std::size_t tokens() const { return cols == 0 ? 0 : activations.size() / cols; }
};

/// Another backend, of which it keeps the products of the matrix of one name.
class CapturingBackend final : public MatmulBackend {
 public:
  /// `inner` outlives the object. `matrix` as add_matrix() will hear it, for example "layers.3.q_proj".
  CapturingBackend(MatmulBackend& inner, std::string_view matrix);

  MatrixId add_matrix(std::string_view name, const PackedTernary& weights) override;
  void multiply(const ActivationBatch& x, std::span<const Product> products) override;

  [[nodiscard]] const CapturedProduct& captured() const { return captured_; }

 private:
  MatmulBackend& inner_;
  std::string matrix_;
  std::optional<MatrixId> id_;  // of the matrix, once it was added
  CapturedProduct captured_;
};

}  // namespace sterna::host
