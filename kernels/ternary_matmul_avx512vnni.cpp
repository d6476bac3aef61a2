// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/ternary_matmul_impl.hpp"

namespace sterna {
namespace {

// y = sum((w + 1) * x) - sum(x). The stored code w + 1 is unsigned (0, 1 or 2), which vpdpbusd
// multiplies by a signed byte and adds four at a time straight into int32: nothing can wrap below
// 2^31 / (2 * 128) = 8 M columns.

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kBlockCols = 256;
constexpr std::size_t kPlanes = 4;    // of 64 columns in a block
constexpr std::size_t kTileRows = 4;  // 4 x 4 accumulators, 4 codes, 1 activation: 21 of 32 zmm
constexpr std::size_t kTileTokens = 4;

// Rows x Tokens dot products. Both are template arguments so that the accumulators stay in
// registers.
template <std::size_t Rows, std::size_t Tokens>
void tile(const TernaryMatmulArgs& args, std::size_t r0, std::size_t t0) {
  const std::size_t row_bytes = args.blocks * kBlockBytes;
  const std::size_t token_bytes = args.blocks * kBlockCols;
  const std::uint8_t* w = args.packed + r0 * row_bytes;
  const std::int8_t* x = args.x + t0 * token_bytes;
  const __m512i mask = _mm512_set1_epi8(3);

  __m512i acc[Rows][Tokens];
  for (auto& row : acc) {
    for (__m512i& a : row) a = _mm512_setzero_si512();
  }
  for (std::size_t block = 0; block < args.blocks; ++block) {
    __m512i bytes[Rows];
    for (std::size_t r = 0; r < Rows; ++r) {
      bytes[r] = _mm512_loadu_si512(w + r * row_bytes + block * kBlockBytes);
    }
    for (std::size_t plane = 0; plane < kPlanes; ++plane) {
      __m512i code[Rows];
      for (std::size_t r = 0; r < Rows; ++r) {
        code[r] = _mm512_and_si512(bytes[r], mask);
        bytes[r] = _mm512_srli_epi16(bytes[r], 2);
      }
      for (std::size_t t = 0; t < Tokens; ++t) {
        const __m512i act =
            _mm512_loadu_si512(x + t * token_bytes + block * kBlockCols + plane * kBlockBytes);
        for (std::size_t r = 0; r < Rows; ++r) {
          acc[r][t] = _mm512_dpbusd_epi32(acc[r][t], code[r], act);
        }
      }
    }
  }
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t r = 0; r < Rows; ++r) {
      args.y[(t0 + t) * args.y_stride + r0 + r] =
          _mm512_reduce_add_epi32(acc[r][t]) - args.x_sum[t0 + t];
    }
  }
}

template <std::size_t Rows>
void all_tokens(const TernaryMatmulArgs& args, std::size_t r0) {
  std::size_t t = 0;
  for (; t + kTileTokens <= args.tokens; t += kTileTokens) tile<Rows, kTileTokens>(args, r0, t);
  for (; t < args.tokens; ++t) tile<Rows, 1>(args, r0, t);
}

}  // namespace

void ternary_matmul_avx512vnni(const TernaryMatmulArgs& args) {
  std::size_t r = args.row_begin;
  for (; r + kTileRows <= args.row_end; r += kTileRows) all_tokens<kTileRows>(args, r);
  for (; r < args.row_end; ++r) all_tokens<1>(args, r);
}

}  // namespace sterna
