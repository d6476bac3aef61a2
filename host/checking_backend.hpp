// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/matmul_backend.hpp"

namespace sterna::host {

/// The first sum in which a backend left the reference.
struct Difference {
  std::int64_t layer;      // -1 where the matrix belongs to no layer
  std::string projection;  // "q_proj"; the whole name where the matrix belongs to no layer
  std::size_t token;       // position in the sequence, all batches counted
  std::size_t row;
  std::int32_t expected;
  std::int32_t got;

  friend bool operator==(const Difference&, const Difference&) = default;
};

/// Splits "layers.3.q_proj" into 3 and "q_proj"; any other name into -1 and itself.
[[nodiscard]] std::pair<std::int64_t, std::string> split_matrix_name(std::string_view name);

/// The first sum of a product of this matrix in which `got` is not `expected`; token 0 is the batch's first.
/// Shapes  expected and got (tokens, rows)
[[nodiscard]] std::optional<Difference> find_difference(std::string_view name, std::size_t rows,
                                                        std::span<const std::int32_t> expected,
                                                        std::span<const std::int32_t> got);

/// Runs every product on two backends and compares every sum.
///
/// The tested backend's sums go on to the transformer, so an error shows in its logits as it would
/// without the check; both always see the same activations, so the first difference is a real one.
class CheckingBackend final : public MatmulBackend {
 public:
  /// Both must outlive this object.
  CheckingBackend(MatmulBackend& reference, MatmulBackend& tested);

  MatrixId add_matrix(std::string_view name, const PackedTernary& weights) override;
  void multiply(const ActivationBatch& x, std::span<const Product> products) override;

  /// Starts to count positions at 0. Each product by the first matrix added (of layer 0) then
  /// begins a batch whose tokens follow those of the batch before.
  void start_sequence() { next_token_ = 0; }

  [[nodiscard]] const std::optional<Difference>& first_difference() const { return difference_; }
  [[nodiscard]] std::uint64_t compared_sums() const { return compared_sums_; }
  [[nodiscard]] double reference_s() const { return reference_s_; }  // wall time of the reference

 private:
  struct Matrix {
    std::string name;
    std::size_t rows;
    MatrixId reference;
    MatrixId tested;
  };

  void compare(const Matrix& matrix, std::span<const std::int32_t> expected,
               std::span<const std::int32_t> got);

  MatmulBackend& reference_;
  MatmulBackend& tested_;
  std::vector<Matrix> matrices_;
  std::vector<std::vector<std::int32_t>> expected_;  // of the products of one call
  std::optional<Difference> difference_;
  std::size_t first_token_ = 0;  // position of the first token of the batch at hand
  std::size_t next_token_ = 0;   // of the batch to come
  std::uint64_t compared_sums_ = 0;
  double reference_s_ = 0.0;
};

}  // namespace sterna::host
