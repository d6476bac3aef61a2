// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>

#include "kernels/packing/elements.hpp"
#include "kernels/packing/int8_panels.hpp"
#include "kernels/panel/panel_layout.hpp"

namespace sterna {

/// An int8 matrix in the order in which a product reads it: the output head, which is the embedding
/// too.
///
/// Shape   (rows, cols); padded with zero weights to whole panels of 16 rows and quads of 4 columns
/// Layout  panel after panel of 16 rows; in a panel quad after quad of columns, 64 bytes each. Column
///         4 * quad + c of row r of a panel sits in byte 64 * quad + 4 * r + c, as weight + 128.
class PackedInt8 {
 public:
  /// A matrix of zero weights, to be filled by set_row(). `memory` outlives the matrix.
  /// Errors  std::invalid_argument when there are more than kMaxCols columns
  PackedInt8(std::size_t rows, std::size_t cols,
             std::pmr::memory_resource* memory = std::pmr::get_default_resource());

  /// Columns for which (128 + 127) * 128 * cols stays below 2^31.
  static constexpr std::size_t kMaxCols = 65536;

  /// Bytes of a matrix of this shape.
  [[nodiscard]] static std::size_t packed_bytes(std::size_t rows, std::size_t cols);

  /// A matrix of bytes that are in the layout above already.
  /// Errors  std::invalid_argument on a wrong length, and as the constructor
  [[nodiscard]] static PackedInt8 from_bytes(Elements<std::uint8_t> bytes, std::size_t rows,
                                             std::size_t cols);

  /// Replaces row `row` by `weights`, shape (cols,). Rows of different panels may be set at the same
  /// time. Errors  std::invalid_argument on a wrong length
  void set_row(std::size_t row, std::span<const std::int8_t> weights);

  /// Writes row `row` into `weights`, shape (cols,).
  void unpack_row(std::size_t row, std::span<std::int8_t> weights) const;

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t cols() const { return cols_; }
  [[nodiscard]] std::size_t panels() const { return (rows_ + kPanelRows - 1) / kPanelRows; }
  [[nodiscard]] std::size_t quads() const { return (cols_ + kQuadCols - 1) / kQuadCols; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_.span(); }

  /// The rows of panel `first` and of those after it, `count` panels at most.
  [[nodiscard]] Int8Panels panels_from(std::size_t first,
                                       std::size_t count = static_cast<std::size_t>(-1)) const;

 private:
  PackedInt8(Elements<std::uint8_t> bytes, std::size_t rows, std::size_t cols);

  std::size_t rows_;
  std::size_t cols_;
  Elements<std::uint8_t> bytes_;
};

}  // namespace sterna
