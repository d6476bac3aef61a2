// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/panel/panel_kernels_impl.hpp"
#include "kernels/panel/panel_layout.hpp"
#include "kernels/panel/panel_steps.hpp"

namespace sterna {
namespace {

// y = sum((w + 32) * x) - 32 * sum(x): as for int8 weights (panel_kernels_avx512vnni.cpp), with four
// operands out of three loads.

// How far ahead of its use a weight is asked for; past the end of a matrix lies the next one.
constexpr std::size_t kPrefetchBytes = 6144;

// See panel_kernels_avx512vnni.cpp for why this is not the intrinsic.
inline __m512i dot_quads(__m512i sum, __m512i codes, __m512i act) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(codes), "v"(act));
  return sum;
}

inline __m512i broadcast_quad(const std::int8_t* x) {
  std::int32_t quad;
  __builtin_memcpy(&quad, x, sizeof quad);
  return _mm512_set1_epi32(quad);
}

// Truth table of a bitwise "mask ? a : b" with operands in the order mask, a, b.
constexpr int kSelect = 0xCA;

// The codes of the four quads of one block, one a byte.
inline void unpack(const std::uint8_t* w, __m512i (&codes)[4]) {
  const __m512i six = _mm512_set1_epi8(0x3F);
  __m512i b[3];
#pragma GCC unroll 3
  for (std::size_t i = 0; i < 3; ++i) {
    b[i] = _mm512_loadu_si512(w + i * kBlockBytes);
    codes[i] = _mm512_and_si512(b[i], six);
    _mm_prefetch(reinterpret_cast<const char*>(w + i * kBlockBytes + kPrefetchBytes), _MM_HINT_T0);
  }
  // Shifts of 16 bits bring bits of the neighbouring byte, which the masks leave out.
  const __m512i four = _mm512_ternarylogic_epi32(_mm512_set1_epi8(0x03), _mm512_srli_epi16(b[0], 6),
                                                 _mm512_srli_epi16(b[1], 4), kSelect);
  const __m512i all =
      _mm512_ternarylogic_epi32(_mm512_set1_epi8(0x0F), four, _mm512_srli_epi16(b[2], 2), kSelect);
  codes[3] = _mm512_and_si512(all, six);
}

// One panel times up to four tokens of one tile. A sum for each quad of a block, so that no addition
// waits for the one before it.
template <std::size_t Tokens>
void multiply(const PanelProduct& p, std::size_t token, std::size_t panel) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const Place place = activations_of(p, token, 0);
  const std::int8_t* x = place.x;
  __m512i sums[4][Tokens] = {};
  for (std::size_t block = 0; block < p.quads / 4; ++block) {
    __m512i codes[4];
    unpack(w, codes);
#pragma GCC unroll 4
    for (std::size_t quad = 0; quad < 4; ++quad) {
#pragma GCC unroll 4
      for (std::size_t t = 0; t < Tokens; ++t) {
        sums[quad][t] = dot_quads(sums[quad][t], codes[quad],
                                  broadcast_quad(x + quad * place.stride + t * kQuadCols));
      }
    }
    w += kInt6BlockBytes;
    x += 4 * place.stride;
  }
  const std::size_t left = p.rows - panel * kPanelRows;
  const auto rows = static_cast<__mmask16>(left >= kPanelRows ? 0xFFFFU : (1U << left) - 1);
  for (std::size_t t = 0; t < Tokens; ++t) {
    const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(sums[0][t], sums[1][t]),
                                         _mm512_add_epi32(sums[2][t], sums[3][t]));
    _mm512_mask_storeu_epi32(
        p.y + (token + t) * p.y_stride + panel * kPanelRows, rows,
        _mm512_sub_epi32(sum, _mm512_set1_epi32(kInt6Zero * p.x_sum[token + t])));
  }
}

}  // namespace

void int6_panels_avx512vnni(const PanelProduct& p) {
  all_panels_in_steps(p, {multiply<1>, multiply<2>, multiply<3>, multiply<4>});
}

}  // namespace sterna
