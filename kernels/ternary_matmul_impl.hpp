// SPDX-License-Identifier: Apache-2.0
#pragma once

// Private to kernels/. A file built for one instruction set sees plain pointers and no shared
// inline code: the linker keeps one copy of an inline function, and it could keep the AVX-512 one.

#include <cstddef>
#include <cstdint>

namespace sterna {

/// y[t, r] = sum_c w[r, c] * x[t, c] for rows row_begin..row_end and all tokens.
struct TernaryMatmulArgs {
  const std::uint8_t* packed;  // (rows, blocks * 64), layout in packed_ternary.hpp
  std::size_t row_begin;
  std::size_t row_end;
  std::size_t blocks;         // of 256 columns in a row
  const std::int8_t* x;       // (tokens, blocks * 256), zero in the padding
  const std::int32_t* x_sum;  // (tokens,) sum of each token's activations
  std::size_t tokens;
  std::int32_t* y;       // (tokens, y_stride)
  std::size_t y_stride;  // rows of the whole matrix
};

void ternary_matmul_avx512vnni(const TernaryMatmulArgs& args);
void ternary_matmul_avx2(const TernaryMatmulArgs& args);
void ternary_matmul_scalar(const TernaryMatmulArgs& args);

}  // namespace sterna
