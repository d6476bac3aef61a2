// SPDX-License-Identifier: Apache-2.0
#include "kernels/panel_layout.hpp"
#include "kernels/ternary_matmul_impl.hpp"

namespace sterna {
namespace {

// One row times one token. `row` points at the row's first byte in its panel, `x` at the token's
// first quad in a tile of `width` tokens.
std::int32_t dot(const std::uint8_t* row, const std::int8_t* x, std::size_t width,
                 std::size_t blocks) {
  std::int32_t sum = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t c = 0; c < kTernaryBlockCols; ++c) {
      const std::size_t quad = c / kQuadCols;
      const int trit = ((row[block * kBlockBytes + c % kQuadCols] >> (2 * quad)) & 3) - 1;
      sum += trit * x[(block * 4 + quad) * width * kQuadCols + c % kQuadCols];
    }
  }
  return sum;
}

}  // namespace

void ternary_matmul_scalar(const TernaryMatmulArgs& args) {
  for (std::size_t r = args.panel_begin * kPanelRows;
       r < args.panel_end * kPanelRows && r < args.rows; ++r) {
    const std::uint8_t* row =
        args.packed + r / kPanelRows * args.blocks * kBlockBytes + r % kPanelRows * kQuadCols;
    for (std::size_t t = 0; t < args.tokens; ++t) {
      const std::size_t first = t - t % kTileTokens;
      const std::size_t left = args.tokens - first;
      const std::size_t width = left < kTileTokens ? left : kTileTokens;
      const std::int8_t* x =
          args.x + first * args.blocks * kTernaryBlockCols + (t - first) * kQuadCols;
      args.y[t * args.rows + r] = dot(row, x, width, args.blocks);
    }
  }
}

}  // namespace sterna
