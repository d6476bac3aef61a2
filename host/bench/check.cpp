// SPDX-License-Identifier: Apache-2.0
#include "host/bench/check.hpp"

#include <array>

#include <fmt/format.h>

namespace sterna::host {

MatrixId SampleCheck::add_matrix(std::string_view name, const PackedTernary& weights) {
  Matrix matrix{std::string(name), weights.rows(), {}};
  // Both ends, where tiles are cut off, and two rows that differ from matrix to matrix.
  const std::size_t n = weights.rows();
  const std::size_t stride = 7919 * (matrices_.size() + 1);
  for (const std::size_t row : std::array{std::size_t{0}, stride % n, 2 * stride % n, n - 1}) {
    Row sampled{row, std::vector<Trit>(weights.cols())};
    weights.unpack_row(row, sampled.trits);
    matrix.sample.push_back(std::move(sampled));
  }
  const MatrixId id = tested_.add_matrix(name, weights);
  if (matrices_.size() <= id) matrices_.resize(id + 1);
  matrices_[id] = std::move(matrix);
  return id;
}

void SampleCheck::multiply(const ActivationBatch& x, std::span<const Product> products) {
  tested_.multiply(x, products);
  if (!on_) return;
  for (const Product& product : products) compare(matrices_[product.matrix], x, product.sums);
}

void SampleCheck::compare(const Matrix& matrix, const ActivationBatch& x,
                          std::span<const std::int32_t> sums) {
  for (std::size_t token = 0; token < x.tokens; ++token) {
    const auto values = x.values.subspan(token * x.cols, x.cols);
    for (const Row& row : matrix.sample) {
      std::int32_t expected = 0;
      for (std::size_t c = 0; c < x.cols; ++c) expected += row.trits[c] * values[c];
      const std::int32_t got = sums[token * matrix.rows + row.index];
      ++compared_sums_;
      if (got != expected && !failure_) {
        failure_ = fmt::format("{}, row {}, token {}: the sum is {}, expected {}", matrix.name,
                               row.index, token, got, expected);
      }
    }
  }
}

}  // namespace sterna::host
