// SPDX-License-Identifier: Apache-2.0
#include <arm_neon.h>

#include "kernels/panel/panel_steps.hpp"

namespace sterna {
namespace {

// A block of 64 bytes is four registers of four rows by four columns; sdot adds the four products of each
// row straight into int32 and takes the activations of one of four tokens from a lane. Ternary codes
// w + 1 (0, 1 or 2) are within int8: y = sum((w + 1) * x) - sum(x). An int8 weight is its code with the
// highest bit turned.

constexpr std::size_t kRegisterBytes = 16;
constexpr std::size_t kRegisterRows = kPanelRows / 4;

// Ternary columns unpacked at a time: 16 KiB of a panel, which with the activations of a tile stay in
// the nearest cache.
constexpr std::size_t kUnpackedBlocks = 64;

// Columns that one token can have in ternary_one_token: pair 2 adds 4 * 2 * 16 * 128 = 2^14 a block.
constexpr std::size_t kOneTokenMaxQuads = 4 * ((std::size_t{1} << 17) - 1);

enum class Weights : std::uint8_t { Ternary, Int8 };

// Int32 sums of a panel and a few tokens.
template <std::size_t Tokens>
struct Sums {
  int32x4_t of[Tokens][4];
};

int32x4_t load_sums(const std::int32_t* y, std::size_t rows) {
  std::int32_t sums[kRegisterRows] = {};
  __builtin_memcpy(sums, y, rows * sizeof *y);
  return vld1q_s32(sums);
}

void store_sums(std::int32_t* y, std::size_t rows, int32x4_t sums) {
  std::int32_t all[kRegisterRows];
  vst1q_s32(all, sums);
  __builtin_memcpy(y, all, rows * sizeof *y);
}

// Calls `visit(sums of 4 rows, their place in y, rows there)`; the last panel may be padding.
template <std::size_t Tokens, typename Visit>
void each_place(const PanelProduct& p, std::size_t panel, std::size_t token, Sums<Tokens>& sums,
                Visit visit) {
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t row = panel * kPanelRows + i * kRegisterRows;
      const std::size_t rows = p.rows > row ? smaller(p.rows - row, kRegisterRows) : 0;
      visit(sums.of[t][i], p.y + (token + t) * p.y_stride + row, rows);
    }
  }
}

template <std::size_t Tokens>
void store(const PanelProduct& p, std::size_t panel, std::size_t token, Sums<Tokens>& sums) {
  each_place(p, panel, token, sums,
             [](int32x4_t& four, std::int32_t* y, std::size_t rows) { store_sums(y, rows, four); });
}

// One quad of columns of a few tokens, a token a lane.
template <std::size_t Tokens>
int8x16_t load_activations(const std::int8_t* x) {
  if constexpr (Tokens == kStepTokens) return vld1q_s8(x);
  std::int8_t bytes[kRegisterBytes] = {};
  __builtin_memcpy(bytes, x, Tokens * kQuadCols);
  return vld1q_s8(bytes);
}

// sums + codes * act for one quad of columns.
template <std::size_t Tokens>
inline void add_products(Sums<Tokens>& sums, const int8x16_t (&codes)[4], int8x16_t act) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) {
    sums.of[0][i] = vdotq_laneq_s32(sums.of[0][i], codes[i], act, 0);
    if constexpr (Tokens > 1) sums.of[1][i] = vdotq_laneq_s32(sums.of[1][i], codes[i], act, 1);
    if constexpr (Tokens > 2) sums.of[2][i] = vdotq_laneq_s32(sums.of[2][i], codes[i], act, 2);
    if constexpr (Tokens > 3) sums.of[3][i] = vdotq_laneq_s32(sums.of[3][i], codes[i], act, 3);
  }
}

// A run of columns of one panel times tokens that lie in one tile.
struct Tile {
  const std::uint8_t* codes;  // one a byte
  std::size_t quads;
  Place place;  // of the first column of the first token
  std::size_t panel;
  std::size_t token;
  bool first;  // columns of the row: start anew; else go on from y
};

template <Weights Kind, std::size_t Tokens>
void multiply_tile(const PanelProduct& p, const Tile& tile) {
  Sums<Tokens> sums;
  each_place(p, tile.panel, tile.token, sums,
             [&](int32x4_t& four, const std::int32_t* y, std::size_t rows) {
               if (!tile.first) four = load_sums(y, rows);
             });
  for (std::size_t t = 0; tile.first && t < Tokens; ++t) {
    const std::int32_t start = Kind == Weights::Ternary ? -p.x_sum[tile.token + t] : 0;
    for (int32x4_t& four : sums.of[t]) four = vdupq_n_s32(start);
  }
  const std::uint8_t* w = tile.codes;
  const std::int8_t* x = tile.place.x;
  for (std::size_t quad = 0; quad < tile.quads; ++quad) {
    int8x16_t codes[4];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      const uint8x16_t bytes = vld1q_u8(w + i * kRegisterBytes);
      codes[i] = vreinterpretq_s8_u8(Kind == Weights::Int8 ? veorq_u8(bytes, vdupq_n_u8(kInt8Zero))
                                                           : bytes);
    }
    add_products(sums, codes, load_activations<Tokens>(x));
    w += kBlockBytes;
    x += tile.place.stride;
  }
  store(p, tile.panel, tile.token, sums);
}

template <Weights Kind>
void multiply_all_tokens(const PanelProduct& p, Tile tile, std::size_t first_quad) {
  using TileFunction = void (*)(const PanelProduct&, const Tile&);
  static constexpr TileFunction kTileFunctions[kStepTokens] = {
      multiply_tile<Kind, 1>, multiply_tile<Kind, 2>, multiply_tile<Kind, 3>,
      multiply_tile<Kind, 4>};
  in_steps(p, [&](std::size_t token, std::size_t tokens) {
    tile.token = token;
    tile.place = activations_of(p, token, first_quad);
    kTileFunctions[tokens - 1](p, tile);
  });
}

// Writes the codes of `count` ternary blocks of one panel, one a byte.
void unpack(const std::uint8_t* blocks, std::size_t count, std::uint8_t* out) {
  const uint8x16_t mask = vdupq_n_u8(3);
  for (std::size_t b = 0; b < count; ++b) {
    for (std::size_t i = 0; i < kBlockBytes; i += kRegisterBytes) {
      const uint8x16_t bytes = vld1q_u8(blocks + b * kBlockBytes + i);
      std::uint8_t* to = out + b * 4 * kBlockBytes + i;
      vst1q_u8(to, vandq_u8(bytes, mask));
      vst1q_u8(to + kBlockBytes, vandq_u8(vshrq_n_u8(bytes, 2), mask));
      vst1q_u8(to + 2 * kBlockBytes, vandq_u8(vshrq_n_u8(bytes, 4), mask));
      vst1q_u8(to + 3 * kBlockBytes, vshrq_n_u8(bytes, 6));
    }
  }
}

void ternary_many_tokens(const PanelProduct& p, std::size_t panel) {
  alignas(kBlockBytes) std::uint8_t codes[kUnpackedBlocks * 4 * kBlockBytes];
  const std::size_t blocks = p.quads / 4;
  for (std::size_t block = 0; block < blocks; block += kUnpackedBlocks) {
    const std::size_t count = smaller(blocks - block, kUnpackedBlocks);
    unpack(p.panels + panel * p.panel_bytes + block * kBlockBytes, count, codes);
    multiply_all_tokens<Weights::Ternary>(p,
                                          {.codes = codes,
                                           .quads = count * 4,
                                           .place = {},
                                           .panel = panel,
                                           .token = 0,
                                           .first = block == 0},
                                          block * 4);
  }
}

int8x16_t masked(uint8x16_t bytes, std::uint8_t mask) {
  return vreinterpretq_s8_u8(vandq_u8(bytes, vdupq_n_u8(mask)));
}

// One ternary panel times one token: reads the weights once, in order. The codes of pairs 1 and 2 stay
// where they are in the byte: their sums are 4 and 16 times too large, and are divided once at the end.
void ternary_one_token(const PanelProduct& p, std::size_t panel) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  int32x4_t one[4] = {};
  int32x4_t four[4] = {};
  int32x4_t sixteen[4] = {};
  for (std::size_t block = 0; block < p.quads / 4; ++block) {
    const int8x16_t x = vld1q_s8(p.x + block * kTernaryBlockCols);  // a quad a lane
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      const uint8x16_t bytes = vld1q_u8(w + i * kRegisterBytes);
      one[i] = vdotq_laneq_s32(one[i], masked(bytes, 0x03), x, 0);
      four[i] = vdotq_laneq_s32(four[i], masked(bytes, 0x0C), x, 1);
      sixteen[i] = vdotq_laneq_s32(sixteen[i], masked(bytes, 0x30), x, 2);
      one[i] = vdotq_laneq_s32(one[i], vreinterpretq_s8_u8(vshrq_n_u8(bytes, 6)), x, 3);
    }
    w += kBlockBytes;
  }
  Sums<1> sums;
  for (std::size_t i = 0; i < 4; ++i) {
    const int32x4_t pairs = vaddq_s32(vshrq_n_s32(four[i], 2), vshrq_n_s32(sixteen[i], 4));
    sums.of[0][i] = vsubq_s32(vaddq_s32(one[i], pairs), vdupq_n_s32(*p.x_sum));
  }
  store(p, panel, 0, sums);
}

}  // namespace

void ternary_panels_neon(const PanelProduct& p) {
  const bool one_token = p.tokens == 1 && p.quads <= kOneTokenMaxQuads;
  for (std::size_t panel = p.panel_begin; panel < p.panel_end; ++panel) {
    one_token ? ternary_one_token(p, panel) : ternary_many_tokens(p, panel);
  }
}

void int8_panels_neon(const PanelProduct& p) {
  for (std::size_t panel = p.panel_begin; panel < p.panel_end; ++panel) {
    multiply_all_tokens<Weights::Int8>(p,
                                       {.codes = p.panels + panel * p.panel_bytes,
                                        .quads = p.quads,
                                        .place = {},
                                        .panel = panel,
                                        .token = 0,
                                        .first = true},
                                       0);
  }
}

}  // namespace sterna
