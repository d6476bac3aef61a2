// SPDX-License-Identifier: Apache-2.0
#include "kernels/panel/panel_kernels_avx2.hpp"

#include <immintrin.h>

namespace sterna {
namespace {

// y = sum((w + 1) * x) - sum(x). The stored code w + 1 is unsigned (0, 1 or 2): vpmaddubsw multiplies
// it by a signed byte and adds two products to an int16, exactly. Negating x would overflow at -128.

// Quads whose products an int16 lane holds: each adds two products of a code 0..2 and an activation,
// so 64 of them reach -32768 .. 32512.
constexpr std::size_t kExactQuads = 64;

// Ternary columns unpacked at a time: 16 KiB of a panel, which with the activations of a tile stay in
// the nearest cache.
constexpr std::size_t kUnpackedBlocks = 64;

// Below this many tokens a ternary weight is used too rarely to be worth writing out unpacked.
constexpr std::size_t kWorthUnpacking = 3;

// sum + codes * act in int16: sums of the columns 0 and 1 and of 2 and 3 of a quad stay apart. GCC 12
// makes all products of a step before it adds one, and so runs out of registers; behind an asm it does
// not.
__m256i add_products(__m256i sum, __m256i codes, __m256i act) {
  __m256i product;
  asm("vpmaddubsw %3, %2, %1\n\tvpaddw %1, %0, %0"
      : "+x"(sum), "=&x"(product)
      : "x"(codes), "x"(act));
  return sum;
}

// sum + the two int16 of each lane.
__m256i add_widened(__m256i sum, __m256i pairs) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

// int16 sums of a run of blocks, for `Tokens` tokens and both halves of a panel.
template <std::size_t Tokens>
struct BlockSums {
  __m256i low[Tokens][2] = {};   // of the quads 0 and 2
  __m256i high[Tokens][2] = {};  // of the quads 1 and 3, four times too large
};

// One ternary block times a few tokens. The codes of quads 1 and 3 stay at bit 2 of their nibble: a
// shift less.
template <std::size_t Tokens>
inline void add_block(const std::uint8_t* block, const std::int8_t* x, BlockSums<Tokens>& sums) {
  const __m256i first = _mm256_set1_epi8(0x03);
  const __m256i second = _mm256_set1_epi8(0x0C);
#pragma GCC unroll 2
  for (std::size_t h = 0; h < 2; ++h) {
    const __m256i bytes = load(block + h * kHalfBytes);
    const __m256i shifted = _mm256_srli_epi16(bytes, 4);
    const __m256i codes[4] = {_mm256_and_si256(bytes, first), _mm256_and_si256(bytes, second),
                              _mm256_and_si256(shifted, first), _mm256_and_si256(shifted, second)};
#pragma GCC unroll 2
    for (std::size_t t = 0; t < Tokens; ++t) {
      const std::int8_t* quad = x + t * kQuadCols;
      constexpr std::size_t kNext = Tokens * kQuadCols;
      sums.low[t][h] = add_products(sums.low[t][h], codes[0], broadcast(quad));
      sums.high[t][h] = add_products(sums.high[t][h], codes[1], broadcast(quad + kNext));
      sums.low[t][h] = add_products(sums.low[t][h], codes[2], broadcast(quad + 2 * kNext));
      sums.high[t][h] = add_products(sums.high[t][h], codes[3], broadcast(quad + 3 * kNext));
    }
  }
}

// One ternary panel times one or two tokens: reads the weights once, in order.
template <std::size_t Tokens>
void ternary_few_tokens(const PanelProduct& p, std::size_t panel) {
  // `high` adds two quads a block, each as large as four of those that kExactQuads counts.
  constexpr std::size_t kExactBlocks = kExactQuads / 2 / 4;
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const std::int8_t* x = p.x;
  __m256i total[Tokens][2];
  for (std::size_t t = 0; t < Tokens; ++t) {
    total[t][0] = total[t][1] = _mm256_set1_epi32(-p.x_sum[t]);
  }
  std::size_t left = p.quads / 4;
  while (left > 0) {
    const std::size_t count = smaller(left, kExactBlocks);
    BlockSums<Tokens> sums;
    for (std::size_t block = 0; block < count; ++block) {
      prefetch(w);
      add_block(w, x, sums);
      w += kBlockBytes;
      x += Tokens * kTernaryBlockCols;
    }
#pragma GCC unroll 2
    for (std::size_t t = 0; t < Tokens; ++t) {
#pragma GCC unroll 2
      for (std::size_t h = 0; h < 2; ++h) {
        // A quarter of `high` and `low` together are within a half of int16.
        const __m256i quarter = _mm256_srai_epi16(sums.high[t][h], 2);
        total[t][h] = add_widened(total[t][h], _mm256_add_epi16(sums.low[t][h], quarter));
      }
    }
    left -= count;
  }
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t h = 0; h < 2; ++h) store_sums(p, panel, h, t, total[t][h]);
  }
}

// A run of columns of one panel times tokens that lie in one tile.
struct Tile {
  const std::uint8_t* codes;  // one a byte
  std::size_t quads;
  const std::int8_t* x;  // the first column of the first token
  std::size_t x_stride;  // from one quad to the next
  std::size_t panel;
  std::size_t token;
  bool first;  // columns of the row: start from -sum(x); else go on from y
};

template <std::size_t Tokens>
void multiply_ternary_tile(const PanelProduct& p, const Tile& tile) {
  __m256i total[Tokens][2];
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t h = 0; h < 2; ++h) {
      total[t][h] = tile.first ? _mm256_set1_epi32(-p.x_sum[tile.token + t])
                               : load_sums(p, tile.panel, h, tile.token + t);
    }
  }
  const std::uint8_t* w = tile.codes;
  const std::int8_t* x = tile.x;
  for (std::size_t left = tile.quads; left > 0;) {
    const std::size_t count = smaller(left, kExactQuads);
    __m256i sums[Tokens][2] = {};
    for (std::size_t quad = 0; quad < count; ++quad) {
      const __m256i codes[2] = {load(w), load(w + kHalfBytes)};
#pragma GCC unroll 4
      for (std::size_t t = 0; t < Tokens; ++t) {
        const __m256i act = broadcast(x + t * kQuadCols);
        sums[t][0] = add_products(sums[t][0], codes[0], act);
        sums[t][1] = add_products(sums[t][1], codes[1], act);
      }
      w += kBlockBytes;
      x += tile.x_stride;
    }
#pragma GCC unroll 4
    for (std::size_t t = 0; t < Tokens; ++t) {
      total[t][0] = add_widened(total[t][0], sums[t][0]);
      total[t][1] = add_widened(total[t][1], sums[t][1]);
    }
    left -= count;
  }
  for (std::size_t t = 0; t < Tokens; ++t) {
    for (std::size_t h = 0; h < 2; ++h) {
      store_sums(p, tile.panel, h, tile.token + t, total[t][h]);
    }
  }
}

// Writes the codes of `count` ternary blocks of one panel, one a byte.
void unpack(const std::uint8_t* blocks, std::size_t count, std::uint8_t* out) {
  const __m256i mask = _mm256_set1_epi8(3);
  for (std::size_t half = 0; half < 2 * count; ++half) {
    const __m256i bytes = load(blocks + half * kHalfBytes);
    std::uint8_t* to = out + (half / 2 * 4 * 2 + half % 2) * kHalfBytes;
#pragma GCC unroll 4
    for (std::size_t quad = 0; quad < 4; ++quad) {
      const __m256i codes = _mm256_srli_epi16(bytes, static_cast<int>(2 * quad));
      _mm256_store_si256(reinterpret_cast<__m256i*>(to + quad * kBlockBytes),
                         _mm256_and_si256(codes, mask));
    }
  }
}

void ternary_many_tokens(const PanelProduct& p, std::size_t panel) {
  using TileFunction = void (*)(const PanelProduct&, const Tile&);
  static constexpr TileFunction kTileFunctions[kStepTokens] = {
      multiply_ternary_tile<1>, multiply_ternary_tile<2>, multiply_ternary_tile<3>,
      multiply_ternary_tile<4>};
  alignas(64) std::uint8_t codes[kUnpackedBlocks * 4 * kBlockBytes];
  const std::size_t blocks = p.quads / 4;
  for (std::size_t block = 0; block < blocks; block += kUnpackedBlocks) {
    const std::size_t count = smaller(blocks - block, kUnpackedBlocks);
    unpack(p.panels + panel * p.panel_bytes + block * kBlockBytes, count, codes);
    in_steps(p, [&](std::size_t token, std::size_t tokens) {
      const Place place = activations_of(p, token, block * 4);
      kTileFunctions[tokens - 1](p, {.codes = codes,
                                     .quads = count * 4,
                                     .x = place.x,
                                     .x_stride = place.stride,
                                     .panel = panel,
                                     .token = token,
                                     .first = block == 0});
    });
  }
}

}  // namespace

void ternary_panels_avx2(const PanelProduct& p) {
  for (std::size_t panel = p.panel_begin; panel < p.panel_end; ++panel) {
    if (p.tokens == 1) {
      ternary_few_tokens<1>(p, panel);
    } else if (p.tokens < kWorthUnpacking) {
      ternary_few_tokens<2>(p, panel);
    } else {
      ternary_many_tokens(p, panel);
    }
  }
}

}  // namespace sterna
