// SPDX-License-Identifier: Apache-2.0
#include "kernels/packing/packed_int8.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace sterna {
namespace {

// Byte of column `col` of row `row`.
std::size_t offset(std::size_t row, std::size_t col, std::size_t quads) {
  return row / kPanelRows * quads * kBlockBytes + col / kQuadCols * kBlockBytes +
         row % kPanelRows * kQuadCols + col % kQuadCols;
}

void require_exact(std::size_t cols) {
  if (cols > PackedInt8::kMaxCols) {
    throw std::invalid_argument("PackedInt8: " + std::to_string(cols) +
                                " columns: sums are exact in int32 up to " +
                                std::to_string(PackedInt8::kMaxCols));
  }
}

}  // namespace

PackedInt8::PackedInt8(std::size_t rows, std::size_t cols, std::pmr::memory_resource* memory)
    : rows_(rows),
      cols_(cols),
      bytes_(std::pmr::vector<std::uint8_t>(packed_bytes(rows, cols), std::uint8_t{kInt8Zero},
                                            memory)) {
  require_exact(cols);
}

PackedInt8::PackedInt8(Elements<std::uint8_t> bytes, std::size_t rows, std::size_t cols)
    : rows_(rows), cols_(cols), bytes_(std::move(bytes)) {
  require_exact(cols);
}

std::size_t PackedInt8::packed_bytes(std::size_t rows, std::size_t cols) {
  return (rows + kPanelRows - 1) / kPanelRows * ((cols + kQuadCols - 1) / kQuadCols) * kBlockBytes;
}

PackedInt8 PackedInt8::from_bytes(Elements<std::uint8_t> bytes, std::size_t rows,
                                  std::size_t cols) {
  if (bytes.size() != packed_bytes(rows, cols)) {
    throw std::invalid_argument("has " + std::to_string(bytes.size()) + " bytes where " +
                                std::to_string(rows) + " x " + std::to_string(cols) +
                                " int8 in panels need " + std::to_string(packed_bytes(rows, cols)));
  }
  return {std::move(bytes), rows, cols};
}

void PackedInt8::set_row(std::size_t row, std::span<const std::int8_t> weights) {
  if (weights.size() != cols_) {
    throw std::invalid_argument("PackedInt8::set_row: " + std::to_string(weights.size()) +
                                " weights for a row of " + std::to_string(cols_));
  }
  std::pmr::vector<std::uint8_t>& bytes = bytes_.own();
  for (std::size_t c = 0; c < cols_; ++c) {
    bytes[offset(row, c, quads())] = static_cast<std::uint8_t>(weights[c] + kInt8Zero);
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
