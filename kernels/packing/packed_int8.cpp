// SPDX-License-Identifier: Apache-2.0
#include "kernels/packing/packed_int8.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace sterna {
namespace {

// Byte of column `col` of row `row`.
std::size_t offset(std::size_t row, std::size_t col, std::size_t quads) {
  return row / kPanelRows * quads * kBlockBytes + col / kQuadCols * kBlockBytes +
         row % kPanelRows * kQuadCols + col % kQuadCols;
}

}  // namespace

PackedInt8::PackedInt8(std::size_t rows, std::size_t cols, std::pmr::memory_resource* memory)
    : rows_(rows),
      cols_(cols),
      bytes_(panels() * quads() * kBlockBytes, std::uint8_t{kInt8Zero}, memory) {
  if (cols > kMaxCols) {
    throw std::invalid_argument("PackedInt8: " + std::to_string(cols) +
                                " columns: sums are exact in int32 up to " +
                                std::to_string(kMaxCols));
  }
}

void PackedInt8::set_row(std::size_t row, std::span<const std::int8_t> weights) {
  if (weights.size() != cols_) {
    throw std::invalid_argument("PackedInt8::set_row: " + std::to_string(weights.size()) +
                                " weights for a row of " + std::to_string(cols_));
  }
  for (std::size_t c = 0; c < cols_; ++c) {
    bytes_[offset(row, c, quads())] = static_cast<std::uint8_t>(weights[c] + kInt8Zero);
  }
}

void PackedInt8::unpack_row(std::size_t row, std::span<std::int8_t> weights) const {
  for (std::size_t c = 0; c < cols_; ++c) {
    weights[c] = static_cast<std::int8_t>(bytes_[offset(row, c, quads())] - kInt8Zero);
  }
}

Int8Panels PackedInt8::panels_from(std::size_t first, std::size_t count) const {
  const std::size_t panel_bytes = quads() * kBlockBytes;
  const std::size_t last = first + std::min(count, panels() - first);
  return {.bytes = bytes_.data() + first * panel_bytes,
          .panel_bytes = panel_bytes,
          .rows = std::min(rows_, last * kPanelRows) - first * kPanelRows,
          .quads = quads()};
}

}  // namespace sterna
