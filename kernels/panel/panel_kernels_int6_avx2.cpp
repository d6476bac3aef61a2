// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/panel/panel_kernels_avx2.hpp"

namespace sterna {
namespace {

// y = sum((w + 32) * x) - 32 * sum(x). Codes are at most 63, so two pairs of products, 4 * 63 * 128 =
// 32256, still fit the int16 lanes of vpmaddubsw.

// The codes of the four quads of half a block, one a byte.
inline void unpack(const std::uint8_t* w, __m256i (&codes)[4]) {
  const __m256i six = _mm256_set1_epi8(0x3F);
  const __m256i b0 = load(w);
  const __m256i b1 = load(w + kBlockBytes);
  const __m256i b2 = load(w + 2 * kBlockBytes);
  codes[0] = _mm256_and_si256(b0, six);
  codes[1] = _mm256_and_si256(b1, six);
  codes[2] = _mm256_and_si256(b2, six);
  // Shifts of 16 bits bring bits of the neighbouring byte, which the masks leave out.
  codes[3] = _mm256_or_si256(
      _mm256_and_si256(_mm256_srli_epi16(b0, 6), _mm256_set1_epi8(0x03)),
      _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(b1, 4), _mm256_set1_epi8(0x0C)),
                      _mm256_and_si256(_mm256_srli_epi16(b2, 2), _mm256_set1_epi8(0x30))));
}

// Sums of quads `first` and `first` + 1 of a block with one token.
inline __m256i two_quads(const __m256i (&codes)[4], std::size_t first, const std::int8_t* x,
                         std::size_t stride) {
  const __m256i pairs =
      _mm256_add_epi16(_mm256_maddubs_epi16(codes[first], broadcast(x + first * stride)),
                       _mm256_maddubs_epi16(codes[first + 1], broadcast(x + (first + 1) * stride)));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

// One panel times up to four tokens of one tile.
template <std::size_t Tokens>
void multiply(const PanelProduct& p, std::size_t token, std::size_t panel) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const Place place = activations_of(p, token, 0);
  const std::int8_t* x = place.x;
  __m256i sums[Tokens][2];
  for (std::size_t t = 0; t < Tokens; ++t) {
    sums[t][0] = sums[t][1] = _mm256_set1_epi32(-kInt6Zero * p.x_sum[token + t]);
  }
  for (std::size_t block = 0; block < p.quads / 4; ++block) {
    for (std::size_t i = 0; i < 3; ++i) prefetch(w + i * kBlockBytes);
#pragma GCC unroll 2
    for (std::size_t h = 0; h < 2; ++h) {
      __m256i codes[4];
      unpack(w + h * kHalfBytes, codes);
#pragma GCC unroll 4
      for (std::size_t t = 0; t < Tokens; ++t) {
        const std::int8_t* act = x + t * kQuadCols;
        sums[t][h] = _mm256_add_epi32(sums[t][h], two_quads(codes, 0, act, place.stride));
        sums[t][h] = _mm256_add_epi32(sums[t][h], two_quads(codes, 2, act, place.stride));
      }
    }
    w += kInt6BlockBytes;
    x += 4 * place.stride;
  }
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t h = 0; h < 2; ++h) store_sums(p, panel, h, token + t, sums[t][h]);
  }
}

}  // namespace

void int6_panels_avx2(const PanelProduct& p) {
  all_panels_in_steps(p, {multiply<1>, multiply<2>, multiply<3>, multiply<4>});
}

}  // namespace sterna
