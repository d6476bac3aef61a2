// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/panel_layout.hpp"
#include "kernels/ternary_matmul_impl.hpp"

namespace sterna {
namespace {

// y = sum((w + 1) * x) - sum(x). The stored code w + 1 is unsigned (0, 1 or 2), which vpmaddubsw
// multiplies by a signed byte exactly; negating x would overflow at -128.

constexpr std::size_t kHalfRows = kPanelRows / 2;  // rows of one 256-bit register
constexpr std::size_t kStepTokens = 4;             // 8 accumulators, 2 codes, 1 activation

__m256i broadcast_quad(const std::int8_t* x) {
  return _mm256_set1_epi32(*reinterpret_cast<const std::int32_t*>(x));
}

// Writes the sums of one panel and token, as many as there are rows.
void store(const TernaryMatmulArgs& args, std::size_t panel, std::size_t token,
           const __m256i (&acc)[2]) {
  alignas(32) std::int32_t sums[kPanelRows];
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums), acc[0]);
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums + kHalfRows), acc[1]);
  for (std::size_t r = 0; r < kPanelRows && panel * kPanelRows + r < args.rows; ++r) {
    args.y[token * args.rows + panel * kPanelRows + r] = sums[r] - args.x_sum[token];
  }
}

// One panel times `Tokens` tokens from `token` on, which lie in a tile of `width` tokens at `x`.
// An int16 lane adds 4 quads x 2 products of at most 2 * 128 in magnitude before it is widened: 2048.
template <std::size_t Tokens>
void multiply_panel(const TernaryMatmulArgs& args, std::size_t panel, std::size_t token,
                    const std::int8_t* x, std::size_t width) {
  const std::uint8_t* w = args.packed + panel * args.blocks * kBlockBytes;
  const __m256i mask = _mm256_set1_epi8(3);
  __m256i acc[Tokens][2] = {};
  for (std::size_t block = 0; block < args.blocks; ++block) {
    __m256i bytes[2];
    for (std::size_t h = 0; h < 2; ++h) {
      bytes[h] = _mm256_loadu_si256(
          reinterpret_cast<const __m256i*>(w + block * kBlockBytes + h * kBlockBytes / 2));
    }
    __m256i wide[Tokens][2] = {};
    for (std::size_t quad = 0; quad < 4; ++quad) {
      __m256i codes[2];
      for (std::size_t h = 0; h < 2; ++h) {
        codes[h] = _mm256_and_si256(bytes[h], mask);
        bytes[h] = _mm256_srli_epi16(bytes[h], 2);
      }
      for (std::size_t t = 0; t < Tokens; ++t) {
        const __m256i act = broadcast_quad(x + t * kQuadCols);
        for (std::size_t h = 0; h < 2; ++h) {
          wide[t][h] = _mm256_add_epi16(wide[t][h], _mm256_maddubs_epi16(codes[h], act));
        }
      }
      x += width * kQuadCols;
    }
    for (std::size_t t = 0; t < Tokens; ++t) {
      for (std::size_t h = 0; h < 2; ++h) {
        acc[t][h] =
            _mm256_add_epi32(acc[t][h], _mm256_madd_epi16(wide[t][h], _mm256_set1_epi16(1)));
      }
    }
  }
  for (std::size_t t = 0; t < Tokens; ++t) store(args, panel, token + t, acc[t]);
}

}  // namespace

void ternary_matmul_avx2(const TernaryMatmulArgs& args) {
  for (std::size_t panel = args.panel_begin; panel < args.panel_end; ++panel) {
    for (std::size_t first = 0; first < args.tokens; first += kTileTokens) {
      const std::size_t left = args.tokens - first;
      const std::size_t width = left < kTileTokens ? left : kTileTokens;
      const std::int8_t* x = args.x + first * args.blocks * kTernaryBlockCols;
      std::size_t t = 0;
      for (; t + kStepTokens <= width; t += kStepTokens) {
        multiply_panel<kStepTokens>(args, panel, first + t, x + t * kQuadCols, width);
      }
      for (; t < width; ++t) {
        multiply_panel<1>(args, panel, first + t, x + t * kQuadCols, width);
      }
    }
  }
}

}  // namespace sterna
