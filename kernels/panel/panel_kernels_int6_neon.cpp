// SPDX-License-Identifier: Apache-2.0
#include <arm_neon.h>

#include "kernels/panel/panel_steps.hpp"

namespace sterna {
namespace {

// y = sum((w + 32) * x) - 32 * sum(x); the codes, at most 63, are within int8.

constexpr std::size_t kRegisterBytes = 16;
constexpr std::size_t kRegisterRows = kPanelRows / 4;

// One quad of columns of a few tokens, a token a lane.
template <std::size_t Tokens>
int8x16_t load_activations(const std::int8_t* x) {
  if constexpr (Tokens == kStepTokens) return vld1q_s8(x);
  std::int8_t bytes[kRegisterBytes] = {};
  __builtin_memcpy(bytes, x, Tokens * kQuadCols);
  return vld1q_s8(bytes);
}

// The codes of the four quads of four rows of a block, one a byte.
inline void unpack(const std::uint8_t* w, int8x16_t (&codes)[4]) {
  const uint8x16_t b0 = vld1q_u8(w);
  const uint8x16_t b1 = vld1q_u8(w + kBlockBytes);
  const uint8x16_t b2 = vld1q_u8(w + 2 * kBlockBytes);
  const uint8x16_t six = vdupq_n_u8(0x3F);
  codes[0] = vreinterpretq_s8_u8(vandq_u8(b0, six));
  codes[1] = vreinterpretq_s8_u8(vandq_u8(b1, six));
  codes[2] = vreinterpretq_s8_u8(vandq_u8(b2, six));
  // Each insertion keeps the bits below its shift.
  const uint8x16_t four = vsliq_n_u8(vshrq_n_u8(b0, 6), vshrq_n_u8(b1, 6), 2);
  codes[3] = vreinterpretq_s8_u8(vsliq_n_u8(four, vshrq_n_u8(b2, 6), 4));
}

// One panel times up to four tokens of one tile.
template <std::size_t Tokens>
void multiply(const PanelProduct& p, std::size_t token, std::size_t panel) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const Place place = activations_of(p, token, 0);
  const std::int8_t* x = place.x;
  int32x4_t sums[Tokens][4];
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (int32x4_t& four : sums[t]) four = vdupq_n_s32(-kInt6Zero * p.x_sum[token + t]);
  }
  for (std::size_t block = 0; block < p.quads / 4; ++block) {
    int8x16_t act[4];
    for (std::size_t quad = 0; quad < 4; ++quad) {
      act[quad] = load_activations<Tokens>(x + quad * place.stride);
    }
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      int8x16_t codes[4];
      unpack(w + i * kRegisterBytes, codes);
#pragma GCC unroll 4
      for (std::size_t q = 0; q < 4; ++q) {
        sums[0][i] = vdotq_laneq_s32(sums[0][i], codes[q], act[q], 0);
        if constexpr (Tokens > 1) sums[1][i] = vdotq_laneq_s32(sums[1][i], codes[q], act[q], 1);
        if constexpr (Tokens > 2) sums[2][i] = vdotq_laneq_s32(sums[2][i], codes[q], act[q], 2);
        if constexpr (Tokens > 3) sums[3][i] = vdotq_laneq_s32(sums[3][i], codes[q], act[q], 3);
      }
    }
    w += kInt6BlockBytes;
    x += 4 * place.stride;
  }
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t row = panel * kPanelRows + i * kRegisterRows;
      const std::size_t rows = p.rows > row ? smaller(p.rows - row, kRegisterRows) : 0;
      std::int32_t four[kRegisterRows];
      vst1q_s32(four, sums[t][i]);
      __builtin_memcpy(p.y + (token + t) * p.y_stride + row, four, rows * sizeof *four);
    }
  }
}

}  // namespace

void int6_panels_neon(const PanelProduct& p) {
  all_panels_in_steps(p, {multiply<1>, multiply<2>, multiply<3>, multiply<4>});
}

}  // namespace sterna
