// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/panel/panel_kernels_avx2.hpp"

namespace sterna {
namespace {

// y = sum((w + 128) * x) - 128 * sum(x). vpmaddubsw would saturate at codes above 127, so the even and
// the odd bytes of a block are widened to int16 and meet activations widened before.

// Quads of activations widened at a time, of all tokens of a step together: 16 KiB, half the first cache.
// Fewer tokens get longer runs of columns.
constexpr std::size_t kWideQuads = 2048;

// Panels of int8 weights that many tokens read again before the next ones: 320 KiB at 2560 columns.
// Widened activations serve that often.
constexpr std::size_t kInt8Panels = 8;

// Activations of a few tokens as int16: for a quad the columns 0 and 2 of each token, then 1 and 3, to
// meet the even and the odd bytes of a block.
struct WideTile {
  alignas(64) std::int16_t x[(kWideQuads + kStepTokens) * kQuadCols];
  std::size_t first_quad;
  std::size_t quads;
  std::size_t token;
};

// Writes whole registers: what lies beyond the tokens is overwritten by what comes next.
void widen(const PanelProduct& p, std::size_t tokens, WideTile& tile) {
  const Place place = activations_of(p, tile.token, tile.first_quad);
  const __m128i present =
      _mm_cmpgt_epi32(_mm_set1_epi32(static_cast<int>(tokens)), _mm_setr_epi32(0, 1, 2, 3));
  for (std::size_t quad = 0; quad < tile.quads; ++quad) {
    const __m128i x =
        _mm_maskload_epi32(reinterpret_cast<const int*>(place.x + quad * place.stride), present);
    std::int16_t* even = tile.x + quad * tokens * kQuadCols;
    std::int16_t* odd = even + tokens * kQuadCols / 2;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(even), _mm_srai_epi16(_mm_slli_epi16(x, 8), 8));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(odd), _mm_srai_epi16(x, 8));
  }
}

// A run of columns of one int8 panel times a few tokens. A lane of sums is a row from the start.
template <std::size_t Tokens>
void multiply_int8_tile(const PanelProduct& p, const WideTile& tile, std::size_t panel) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes + tile.first_quad * kBlockBytes;
  const std::int16_t* x = tile.x;
  const __m256i low = _mm256_set1_epi16(0xFF);
  __m256i sums[Tokens][2];
#pragma GCC unroll 4
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t h = 0; h < 2; ++h) {
      sums[t][h] = tile.first_quad == 0 ? _mm256_set1_epi32(-kInt8Zero * p.x_sum[tile.token + t])
                                        : load_sums(p, panel, h, tile.token + t);
    }
  }
  for (std::size_t quad = 0; quad < tile.quads; ++quad) {
    prefetch(w);
#pragma GCC unroll 2
    for (std::size_t h = 0; h < 2; ++h) {
      const __m256i bytes = load(w + h * kHalfBytes);
      const __m256i even = _mm256_and_si256(bytes, low);
      const __m256i odd = _mm256_srli_epi16(bytes, 8);
#pragma GCC unroll 4
      for (std::size_t t = 0; t < Tokens; ++t) {
        const __m256i of_even = _mm256_madd_epi16(even, broadcast(x + t * 2));
        const __m256i of_odd = _mm256_madd_epi16(odd, broadcast(x + (Tokens + t) * 2));
        sums[t][h] = _mm256_add_epi32(_mm256_add_epi32(sums[t][h], of_even), of_odd);
      }
    }
    w += kBlockBytes;
    x += Tokens * kQuadCols;
  }
#pragma GCC unroll 4
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t h = 0; h < 2; ++h) store_sums(p, panel, h, tile.token + t, sums[t][h]);
  }
}

// Panels begin..end times all tokens.
void int8_range(const PanelProduct& p, std::size_t begin, std::size_t end) {
  using TileFunction = void (*)(const PanelProduct&, const WideTile&, std::size_t);
  static constexpr TileFunction kTileFunctions[kStepTokens] = {
      multiply_int8_tile<1>, multiply_int8_tile<2>, multiply_int8_tile<3>, multiply_int8_tile<4>};
  WideTile tile;
  in_steps(p, [&](std::size_t token, std::size_t tokens) {
    const std::size_t most = kWideQuads / tokens;
    for (std::size_t quad = 0; quad < p.quads; quad += most) {
      tile.first_quad = quad;
      tile.quads = smaller(p.quads - quad, most);
      tile.token = token;
      widen(p, tokens, tile);
      for (std::size_t panel = begin; panel < end; ++panel) {
        kTileFunctions[tokens - 1](p, tile, panel);
      }
    }
  });
}

}  // namespace

void int8_panels_avx2(const PanelProduct& p) {
  const std::size_t range = p.tokens <= kStepTokens ? p.panel_end - p.panel_begin : kInt8Panels;
  for (std::size_t panel = p.panel_begin; panel < p.panel_end; panel += range) {
    int8_range(p, panel, smaller(panel + range, p.panel_end));
  }
}

}  // namespace sterna
