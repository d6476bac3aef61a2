// SPDX-License-Identifier: Apache-2.0
#include "host/replay/capturing_backend.hpp"

namespace sterna::host {

CapturingBackend::CapturingBackend(MatmulBackend& inner, std::string_view matrix)
    : inner_(inner), matrix_(matrix) {}

MatrixId CapturingBackend::add_matrix(std::string_view name, const PackedTernary& weights) {
  const MatrixId id = inner_.add_matrix(name, weights);
  if (name == matrix_) {
    id_ = id;
    captured_ = {.cols = weights.cols(), .rows = weights.rows(), .activations = {}, .sums = {}};
  }
  return id;
}

void CapturingBackend::multiply(const ActivationBatch& x, std::span<const Product> products) {
  inner_.multiply(x, products);
  for (const Product& product : products) {
    if (product.matrix != id_) continue;
    captured_.activations.insert(captured_.activations.end(), x.values.begin(), x.values.end());
    captured_.sums.insert(captured_.sums.end(), product.sums.begin(), product.sums.end());
  }
}

}  // namespace sterna::host
