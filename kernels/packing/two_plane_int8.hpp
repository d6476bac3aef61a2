// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "kernels/packing/activation_tiles.hpp"
#include "kernels/packing/elements.hpp"
#include "kernels/packing/int8_panels.hpp"
#include "kernels/panel/panel_kernels.hpp"
#include "kernels/panel/panel_layout.hpp"

namespace sterna {

/// An int8 matrix as two planes, so that a product can read six of the eight bits of every weight and
/// the other two only of the rows that need them: weight = 4 * upper + lower, upper in -32..31, lower in
/// 0..3.
///
/// Shape   (rows, cols); padded with zero weights to whole panels of 16 rows and blocks of 16 columns
/// Layout  upper: panel after panel of 16 rows; in a panel block after block of 16 columns, 192 bytes
///         each. A quad of columns would be 64 bytes, byte 4 * r + c for column c of row r; quads 0, 1
///         and 2 of a block lie there as upper + 32 in the lower six bits. The code of quad 3 lies in the
///         upper two bits of all three, its lowest bits in the first.
///         lower: row after row of padded_cols / 4 = n bytes; column c in byte c % n at bit 2 * (c / n).
class TwoPlaneInt8 {
 public:
  /// A matrix of zero weights, to be filled by set_row(). `memory` outlives the matrix.
  /// Errors  std::invalid_argument when there are more than PackedInt8::kMaxCols columns
  TwoPlaneInt8(std::size_t rows, std::size_t cols,
               std::pmr::memory_resource* memory = std::pmr::get_default_resource());

  /// Bytes of the two planes of a matrix of this shape.
  struct PlaneBytes {
    std::size_t upper;
    std::size_t lower;
  };
  [[nodiscard]] static PlaneBytes packed_bytes(std::size_t rows, std::size_t cols);

  /// A matrix of planes that are in the layout above already.
  /// Errors  std::invalid_argument on a wrong length, and as the constructor
  [[nodiscard]] static TwoPlaneInt8 from_bytes(Elements<std::uint8_t> upper,
                                               Elements<std::uint8_t> lower, std::size_t rows,
                                               std::size_t cols);

  /// Replaces row `row` by `weights`, shape (cols,). Different rows may not be set at the same time
  /// unless they are of different panels. Errors  std::invalid_argument on a wrong length
  void set_row(std::size_t row, std::span<const std::int8_t> weights);

  /// Writes row `row` into `weights`, shape (cols,).
  void unpack_row(std::size_t row, std::span<std::int8_t> weights) const;

  /// Writes `count` panels as packed_int8.hpp lays them out, of padded_cols() columns each.
  /// Shape   codes (count, padded_cols() * 16)
  void unpack_panels(std::size_t first, std::size_t count, std::span<std::uint8_t> codes) const;

  /// Exact sums of the upper plane: sums[t * stride + r] = sum_c upper[r, c] * x[t, c] for the rows of
  /// panels first..first + count, r counted from the first of them. Runs on the calling thread.
  /// Shape   x (tokens, padded_cols()), sums at least (tokens, stride), stride >= those rows
  void multiply_upper(const PanelKernels& kernels, std::size_t first, std::size_t count,
                      const ActivationTiles& x, std::span<std::int32_t> sums,
                      std::size_t stride) const;

  /// sum_c lower[row, c] * x[c] for two rows of activations at once, exact.
  /// Shape   x (padded_cols(),)   Range  int8 values
  struct LowerSums {
    std::int32_t first;
    std::int32_t second;
  };
  [[nodiscard]] LowerSums multiply_lower(std::size_t row, std::span<const std::int16_t> x_first,
                                         std::span<const std::int16_t> x_second) const;

  /// Asks for the memory that multiply_lower() of that row reads.
  void prefetch_lower(std::size_t row) const;

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t cols() const { return cols_; }
  [[nodiscard]] std::size_t padded_cols() const;
  [[nodiscard]] std::size_t panels() const { return (rows_ + kPanelRows - 1) / kPanelRows; }
  [[nodiscard]] std::span<const std::uint8_t> upper() const { return upper_.span(); }
  [[nodiscard]] std::span<const std::uint8_t> lower() const { return lower_.span(); }

  /// Euclidean norm of lower - 1.5 over the columns of each row, rounded up; shape (rows,).
  [[nodiscard]] std::span<const float> lower_norms() const { return norms_; }

 private:
  TwoPlaneInt8(Elements<std::uint8_t> upper, Elements<std::uint8_t> lower, std::size_t rows,
               std::size_t cols);

  [[nodiscard]] std::size_t blocks() const { return (cols_ + kInt6BlockCols - 1) / kInt6BlockCols; }
  [[nodiscard]] std::size_t lower_row_bytes() const { return padded_cols() / 4; }
  [[nodiscard]] std::size_t block_offset(std::size_t row, std::size_t col) const;

  std::size_t rows_;
  std::size_t cols_;
  Elements<std::uint8_t> upper_;
  Elements<std::uint8_t> lower_;
  std::vector<float> norms_;
};

}  // namespace sterna
