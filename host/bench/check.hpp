// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernels/matmul_backend.hpp"

namespace sterna::host {

/// Compares a sample of a backend's sums with plain loops over the trits, on the products that a
/// transformer asks for. Off, it costs one call a product.
///
/// Keeps copies of the sampled rows only, so it may outlive the weights.
class SampleCheck final : public MatmulBackend {
 public:
  /// `tested` outlives this object.
  explicit SampleCheck(MatmulBackend& tested) : tested_(tested) {}

  MatrixId add_matrix(std::string_view name, const PackedTernary& weights) override;
  void multiply(const ActivationBatch& x, std::span<const Product> products) override;

  void set_on(bool on) { on_ = on; }

  [[nodiscard]] std::uint64_t compared_sums() const { return compared_sums_; }

  /// The first sum that was wrong, as a sentence.
  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }

 private:
  struct Row {
    std::size_t index;
    std::vector<Trit> trits;  // (cols,)
  };
  struct Matrix {
    std::string name;
    std::size_t rows;
    std::vector<Row> sample;
  };

  void compare(const Matrix& matrix, const ActivationBatch& x, std::span<const std::int32_t> sums);

  MatmulBackend& tested_;
  std::vector<Matrix> matrices_;
  bool on_ = false;
  std::uint64_t compared_sums_ = 0;
  std::optional<std::string> failure_;
};

}  // namespace sterna::host
