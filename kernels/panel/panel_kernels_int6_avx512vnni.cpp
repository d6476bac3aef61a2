// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/panel/panel_kernels_impl.hpp"
#include "kernels/panel/panel_layout.hpp"
#include "kernels/panel/panel_steps.hpp"

namespace sterna {
namespace {

// y = sum((w + 32) * x) - 32 * sum(x): as for int8 weights (panel_kernels_avx512vnni.cpp), with four
// operands out of three loads.

// See panel_kernels_avx512vnni.cpp for why this is not the intrinsic.
inline __m512i dot_quads(__m512i sum, __m512i codes, __m512i act) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(codes), "v"(act));
  return sum;
}

inline __m512i broadcast_quad(const std::int8_t* x) {
  std::int32_t quad = 0;
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
    asm("" : "+v"(b[i]));  // loaded once: not again by each instruction that uses it
    codes[i] = _mm512_and_si512(b[i], six);
  }
  // Shifts of 16 bits bring bits of the neighbouring byte, which the masks leave out.
  const __m512i four = _mm512_ternarylogic_epi32(_mm512_set1_epi8(0x03), _mm512_srli_epi16(b[0], 6),
                                                 _mm512_srli_epi16(b[1], 4), kSelect);
  const __m512i all =
      _mm512_ternarylogic_epi32(_mm512_set1_epi8(0x0F), four, _mm512_srli_epi16(b[2], 2), kSelect);
  codes[3] = _mm512_and_si512(all, six);
}

// One panel times up to four tokens of one tile. Sums for each quad of a block apart, so that no addition
// waits for the one before it, and in arrays of their own: GCC 12 copies those of one array in the loop.
template <std::size_t Tokens>
void multiply(const PanelProduct& p, std::size_t token, std::size_t panel) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const Place place = activations_of(p, token, 0);
  const std::int8_t* x = place.x;
  __m512i sums0[Tokens] = {};
  __m512i sums1[Tokens] = {};
  __m512i sums2[Tokens] = {};
  __m512i sums3[Tokens] = {};
  const auto add = [&](__m512i(&sums)[Tokens], __m512i codes) {
#pragma GCC unroll 4
    for (std::size_t t = 0; t < Tokens; ++t) {
      sums[t] = dot_quads(sums[t], codes, broadcast_quad(x + t * kQuadCols));
    }
    x += place.stride;
  };
  for (std::size_t block = 0; block < p.quads / 4; ++block) {
    __m512i codes[4];
    unpack(w, codes);
    add(sums0, codes[0]);
    add(sums1, codes[1]);
    add(sums2, codes[2]);
    add(sums3, codes[3]);
    w += kInt6BlockBytes;
  }
  const std::size_t left = p.rows - panel * kPanelRows;
  const auto rows = static_cast<__mmask16>(left >= kPanelRows ? 0xFFFFU : (1U << left) - 1);
  for (std::size_t t = 0; t < Tokens; ++t) {
    const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(sums0[t], sums1[t]),
                                         _mm512_add_epi32(sums2[t], sums3[t]));
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
