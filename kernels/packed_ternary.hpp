// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/trit.hpp"

namespace sterna {

/// A ternary matrix at 2 bits a weight: the one form in which the engine keeps weights.
///
/// Shape   (rows, cols); a row is padded with zero weights to a whole block of kBlockCols
/// Layout  row after row, row_bytes() each. A block is 256 columns in 64 bytes: column c of a block
///         sits in byte c % 64 at bit 2 * (c / 64), so one shift and one mask give 64 neighbouring
///         columns. The code is the trit plus one (trit.hpp); padding holds code 1, a zero weight.
class PackedTernary {
 public:
  static constexpr std::size_t kBlockCols = 256;
  static constexpr std::size_t kBlockBytes = 64;

  /// Packs row-major `trits`, shape (rows, cols).
  /// Errors  std::invalid_argument on a wrong length or a value outside {-1, 0, 1}
  PackedTernary(std::span<const Trit> trits, std::size_t rows, std::size_t cols);

  /// A matrix of zero weights, to be filled by set_row().
  PackedTernary(std::size_t rows, std::size_t cols);

  /// Replaces row `row` by `trits`, shape (cols,). Errors as the constructor.
  void set_row(std::size_t row, std::span<const Trit> trits);

  /// Writes row `row` into `trits`, shape (cols,).
  void unpack_row(std::size_t row, std::span<Trit> trits) const;

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t cols() const { return cols_; }
  [[nodiscard]] std::size_t row_bytes() const { return row_bytes_; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }
  [[nodiscard]] std::span<const std::uint8_t> row(std::size_t r) const {
    return bytes().subspan(r * row_bytes_, row_bytes_);
  }

 private:
  std::size_t rows_;
  std::size_t cols_;
  std::size_t row_bytes_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace sterna
