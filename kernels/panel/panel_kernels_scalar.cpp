// SPDX-License-Identifier: Apache-2.0
#include "kernels/panel/panel_kernels_impl.hpp"
#include "kernels/panel/panel_layout.hpp"

namespace sterna {
namespace {

using WeightOf = int (*)(const std::uint8_t* row, std::size_t col);

// The weight in column `col`; `row` points at the row's first byte in its panel.
int ternary_weight(const std::uint8_t* row, std::size_t col) {
  const std::size_t quad = col % kTernaryBlockCols / kQuadCols;
  const std::uint8_t byte = row[col / kTernaryBlockCols * kBlockBytes + col % kQuadCols];
  return ((byte >> (2 * quad)) & 3) - 1;
}

int int8_weight(const std::uint8_t* row, std::size_t col) {
  return row[col / kQuadCols * kBlockBytes + col % kQuadCols] - kInt8Zero;
}

int int6_weight(const std::uint8_t* row, std::size_t col) {
  const std::uint8_t* block = row + col / kInt6BlockCols * kInt6BlockBytes + col % kQuadCols;
  const std::size_t quad = col % kInt6BlockCols / kQuadCols;
  if (quad < 3) return (block[quad * kBlockBytes] & 63) - kInt6Zero;
  const int code =
      (block[0] >> 6) | (block[kBlockBytes] >> 6 << 2) | (block[2 * kBlockBytes] >> 6 << 4);
  return code - kInt6Zero;
}

void multiply(const PanelProduct& p, WeightOf weight_of) {
  const std::size_t cols = p.quads * kQuadCols;
  for (std::size_t r = p.panel_begin * kPanelRows; r < p.panel_end * kPanelRows && r < p.rows;
       ++r) {
    const std::uint8_t* row =
        p.panels + r / kPanelRows * p.panel_bytes + r % kPanelRows * kQuadCols;
    for (std::size_t t = 0; t < p.tokens; ++t) {
      const std::size_t first = t - t % kTileTokens;
      const std::size_t left = p.tokens - first;
      const std::size_t width = left < kTileTokens ? left : kTileTokens;
      const std::int8_t* x = p.x + first * cols + (t - first) * kQuadCols;
      std::int32_t sum = 0;
      for (std::size_t c = 0; c < cols; ++c) {
        sum += weight_of(row, c) * x[c / kQuadCols * width * kQuadCols + c % kQuadCols];
      }
      p.y[t * p.y_stride + r] = sum;
    }
  }
}

}  // namespace

void ternary_panels_scalar(const PanelProduct& product) { multiply(product, ternary_weight); }

void int8_panels_scalar(const PanelProduct& product) { multiply(product, int8_weight); }

void int6_panels_scalar(const PanelProduct& product) { multiply(product, int6_weight); }

}  // namespace sterna
