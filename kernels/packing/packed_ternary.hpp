// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>

#include "kernels/packing/elements.hpp"
#include "kernels/packing/trit.hpp"
#include "kernels/panel/panel_layout.hpp"

namespace sterna {

/// A ternary matrix at 2 bits a weight: the one form in which the engine keeps weights.
///
/// Shape   (rows, cols); padded with zero weights to whole panels of 16 rows and blocks of 16 columns
/// Layout  in the order in which a product reads it: panel after panel of 16 rows; in a panel block
///         after block of 16 columns, 64 bytes each. Column 4 * quad + c of row r of a block sits in
///         byte 4 * r + c at bit 2 * quad, so one mask (or shift) of 64 bytes gives four neighbouring
///         columns of 16 rows: the operand of one dot-product instruction. The code is the trit plus
///         one (trit.hpp).
class PackedTernary {
 public:
  /// Packs row-major `trits`, shape (rows, cols). `memory` outlives the matrix.
  /// Errors  std::invalid_argument on a wrong length or a value outside {-1, 0, 1}
  PackedTernary(std::span<const Trit> trits, std::size_t rows, std::size_t cols,
                std::pmr::memory_resource* memory = std::pmr::get_default_resource());

  /// A matrix of zero weights, to be filled by set_row().
  PackedTernary(std::size_t rows, std::size_t cols,
                std::pmr::memory_resource* memory = std::pmr::get_default_resource());

  /// Bytes of a matrix of this shape.
  /// Range  rows and cols at most 2^32
  [[nodiscard]] static std::size_t packed_bytes(std::size_t rows, std::size_t cols);

  /// A matrix of bytes that are in the layout above already.
  /// Errors  std::invalid_argument on a wrong length, and naming row and column of the first code 3
  [[nodiscard]] static PackedTernary from_bytes(Elements<std::uint8_t> bytes, std::size_t rows,
                                                std::size_t cols);

  /// Replaces row `row` by `trits`, shape (cols,). Rows of different panels may be set at the same
  /// time. Errors as the constructor.
  void set_row(std::size_t row, std::span<const Trit> trits);

  /// Writes row `row` into `trits`, shape (cols,).
  void unpack_row(std::size_t row, std::span<Trit> trits) const;

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t cols() const { return cols_; }
  [[nodiscard]] std::size_t panels() const { return (rows_ + kPanelRows - 1) / kPanelRows; }
  /// Blocks of 16 columns in a panel.
  [[nodiscard]] std::size_t blocks() const { return blocks_; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_.span(); }

 private:
  PackedTernary(Elements<std::uint8_t> bytes, std::size_t rows, std::size_t cols);

  std::size_t rows_;
  std::size_t cols_;
  std::size_t blocks_;
  Elements<std::uint8_t> bytes_;
};

}  // namespace sterna
