// SPDX-License-Identifier: Apache-2.0
#pragma once

// Private to kernels/. A file built for one instruction set sees plain pointers and no shared
// inline code: the linker keeps one copy of an inline function, and it could keep the AVX-512 one.

#include <cstddef>
#include <cstdint>

namespace sterna {

/// y[t, r] = sum_c w[r, c] * x[t, c] for the rows of panels panel_begin..panel_end and all tokens.
struct TernaryMatmulArgs {
  const std::uint8_t* packed;  // panels of `blocks` x 64 bytes, layout in packed_ternary.hpp
  std::size_t panel_begin;
  std::size_t panel_end;
  std::size_t blocks;    // of 16 columns in a row
  std::size_t rows;      // of the whole matrix; y has no place for the padding of the last panel
  const std::int8_t* x;  // (tokens, blocks * 16) in tiles, layout in activation_tiles.hpp
  const std::int32_t* x_sum;  // (tokens,) sum of each token's activations
  std::size_t tokens;
  std::int32_t* y;  // (tokens, rows)
};

void ternary_matmul_avx512vnni(const TernaryMatmulArgs& args);
void ternary_matmul_avx2(const TernaryMatmulArgs& args);
void ternary_matmul_scalar(const TernaryMatmulArgs& args);

}  // namespace sterna
