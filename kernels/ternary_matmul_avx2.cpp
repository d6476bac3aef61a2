// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/ternary_matmul_impl.hpp"

namespace sterna {
namespace {

// y = sum((w + 1) * x) - sum(x). The stored code w + 1 is unsigned (0, 1 or 2), which vpmaddubsw
// multiplies by a signed byte exactly; negating x would overflow at -128.

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kBlockCols = 256;
constexpr std::size_t kHalfBytes = 32;  // one ymm of weight codes

// Adds sum((w + 1) * x) over half a block (32 bytes, four planes of 32 columns) to eight int32
// lanes. An int16 lane adds 4 planes x 2 products of at most 2 * 128 in magnitude: 2048.
__m256i add_half_block(__m256i acc, const std::uint8_t* packed, const std::int8_t* x) {
  const __m256i mask = _mm256_set1_epi8(3);
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(packed));
  __m256i wide = _mm256_setzero_si256();
  for (int plane = 0; plane < 4; ++plane) {
    const __m256i code = _mm256_and_si256(_mm256_srli_epi16(bytes, 2 * plane), mask);
    const __m256i act = _mm256_loadu_si256(
        reinterpret_cast<const __m256i*>(x + static_cast<std::size_t>(plane) * kBlockBytes));
    wide = _mm256_add_epi16(wide, _mm256_maddubs_epi16(code, act));
  }
  return _mm256_add_epi32(acc, _mm256_madd_epi16(wide, _mm256_set1_epi16(1)));
}

std::int32_t sum_lanes(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));  // swap halves
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1));  // swap neighbours
  return _mm_cvtsi128_si32(s);
}

std::int32_t dot_plus_one(const std::uint8_t* row, const std::int8_t* x, std::size_t blocks) {
  __m256i low = _mm256_setzero_si256();
  __m256i high = _mm256_setzero_si256();
  for (std::size_t block = 0; block < blocks; ++block) {
    low = add_half_block(low, row, x);
    high = add_half_block(high, row + kHalfBytes, x + kHalfBytes);
    row += kBlockBytes;
    x += kBlockCols;
  }
  return sum_lanes(_mm256_add_epi32(low, high));
}

}  // namespace

void ternary_matmul_avx2(const TernaryMatmulArgs& args) {
  for (std::size_t r = args.row_begin; r < args.row_end; ++r) {
    for (std::size_t t = 0; t < args.tokens; ++t) {
      args.y[t * args.y_stride + r] =
          dot_plus_one(args.packed + r * args.blocks * kBlockBytes,
                       args.x + t * args.blocks * kBlockCols, args.blocks) -
          args.x_sum[t];
    }
  }
}

}  // namespace sterna
