// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kernels/packing/packed_ternary.hpp"

namespace sterna {

/// Names a matrix that a backend holds; dense from 0 in the order of add_matrix().
using MatrixId = std::size_t;

/// int8 activations of a batch of tokens.
///
/// Shape   values (tokens, cols), row-major
/// Range   -128..127, the whole of int8
struct ActivationBatch {
  std::span<const std::int8_t> values;
  std::size_t tokens;
  std::size_t cols;
};

/// One matrix to multiply the batch by, and where its sums go.
///
/// Shape   sums (tokens, rows of the matrix), row-major
/// Range   |sum| <= 128 * cols, so int32 is exact for any cols below 2^24
struct Product {
  MatrixId matrix;
  std::span<std::int32_t> sums;
};

/// What runs the ternary products of a transformer. The CPU implements it in kernels/, the
/// accelerator's driver in host/; the transformer cannot tell them apart, and every
/// implementation gives the same int32 sums.
class MatmulBackend {
 public:
  virtual ~MatmulBackend() = default;

  /// Registers `weights`, which outlives the backend: it may read them in place. `name` appears in
  /// reports, for example "layers.3.q_proj".
  /// Errors  std::invalid_argument when the backend cannot hold such a shape
  virtual MatrixId add_matrix(std::string_view name, const PackedTernary& weights) = 0;

  /// Multiplies one batch by every matrix in `products`: sums[t, r] = sum_c w[r, c] * x[t, c].
  /// All matrices of one call share the batch, so a backend may load it once (q, k and v; gate
  /// and up).
  /// Errors  std::invalid_argument when a shape disagrees
  virtual void multiply(const ActivationBatch& x, std::span<const Product> products) = 0;
};

}  // namespace sterna
