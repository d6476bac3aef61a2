// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/panel/panel_kernels_impl.hpp"
#include "kernels/panel/panel_layout.hpp"

namespace sterna {
namespace {

// y = sum((w + zero) * x) - zero * sum(x). The stored code w + zero is unsigned (zero is 1 for
// ternary weights, 128 for int8), which vpdpbusd multiplies by a signed byte and adds four at a time
// straight into int32. One 64-byte operand is four columns of a panel's 16 rows; the activations of
// these columns are broadcast, so the 16 lanes are 16 sums and nothing is added across lanes.

// Most ternary columns unpacked at a time, in blocks of 16: two panels of them are 24 KiB, half the first
// cache, and stay there for all tokens.
constexpr std::size_t kUnpackedBlocks = 48;

// Tokens for which a run of columns stays unpacked: their sums, 33 KiB for two panels, wait next to it for the
// next run. As many as a transformer takes at once; more go group by group and unpack again.
constexpr std::size_t kGroupTokens = 22 * kTileTokens;

// Below this many tokens a ternary weight is used too rarely to be worth writing out unpacked.
constexpr std::size_t kWorthUnpacking = 8;

// How far ahead of its use a weight is asked for; past the end of a matrix lies the next one.
constexpr std::size_t kPrefetchBytes = 4096;

// sum + codes * act, four products a lane. GCC 12 moves every accumulator through a copy around its own
// intrinsic, which halves the speed of the tile below; behind an asm it does not.
__m512i dot_quads(__m512i sum, __m512i codes, __m512i act) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(codes), "v"(act));
  return sum;
}

// The same with the activations of a quad in memory, broadcast by the instruction itself: one
// micro-operation less to issue, one load more.
__m512i dot_quads_at(__m512i sum, __m512i codes, const std::int8_t* x) {
  using Quad [[gnu::may_alias]] = std::int32_t;
  asm("vpdpbusd %2%{1to16%}, %1, %0"
      : "+v"(sum)
      : "v"(codes), "m"(*reinterpret_cast<const Quad*>(x)));
  return sum;
}

// Rows of the last panel may be padding, for which y has no place.
__mmask16 rows_of(const PanelProduct& p, std::size_t panel) {
  const std::size_t left = p.rows - panel * kPanelRows;
  return left >= kPanelRows ? __mmask16{0xFFFF} : static_cast<__mmask16>((1U << left) - 1);
}

__m512i broadcast_quad(const std::int8_t* x) {
  std::int32_t quad = 0;
  __builtin_memcpy(&quad, x, sizeof quad);
  return _mm512_set1_epi32(quad);
}

__m512i load_block(const std::uint8_t* bytes) {
  return _mm512_loadu_si512(reinterpret_cast<const void*>(bytes));
}

void prefetch(const std::uint8_t* bytes) {
  _mm_prefetch(reinterpret_cast<const char*>(bytes + kPrefetchBytes), _MM_HINT_T0);
}

// The four dot products of one ternary block with one token. The codes stay where they are in the
// byte: the sum of pair q is 4^q times too large, and is divided once at the end.
inline void add_block(const std::uint8_t* bytes, const std::int8_t* x, __m512i (&sum)[4]) {
  const __m512i block = load_block(bytes);
#pragma GCC unroll 4
  for (std::size_t quad = 0; quad < 4; ++quad) {
    const __m512i pair = _mm512_set1_epi8(static_cast<char>(3 << (2 * quad)));
    sum[quad] = dot_quads(sum[quad], _mm512_and_si512(block, pair), broadcast_quad(x + quad * 4));
  }
}

// The pair times 64 has sums up to 64 * 2 * 128 * (quads * 4 / 4), below 2^31 for 4 * 2^17 columns.
constexpr std::size_t kGemvMaxQuads = (std::size_t{1} << 17) - 1;

__m512i total(const __m512i (&sum)[4]) {
  return _mm512_add_epi32(
      _mm512_add_epi32(sum[0], _mm512_srai_epi32(sum[1], 2)),
      _mm512_add_epi32(_mm512_srai_epi32(sum[2], 4), _mm512_srai_epi32(sum[3], 6)));
}

// One ternary panel times one token: reads the weights once, in order.
void ternary_gemv(const PanelProduct& p, std::size_t panel) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const std::int8_t* x = p.x;
  const std::size_t blocks = p.quads / 4;
  __m512i even[4] = {};
  __m512i odd[4] = {};
  for (std::size_t pair = 0; pair < blocks / 2; ++pair) {
    prefetch(w);
    prefetch(w + kBlockBytes);
    add_block(w, x, even);
    add_block(w + kBlockBytes, x + kTernaryBlockCols, odd);
    w += 2 * kBlockBytes;
    x += 2 * kTernaryBlockCols;
  }
  if (blocks % 2 != 0) add_block(w, x, even);
  const __m512i sums =
      _mm512_sub_epi32(_mm512_add_epi32(total(even), total(odd)), _mm512_set1_epi32(*p.x_sum));
  _mm512_mask_storeu_epi32(p.y + panel * kPanelRows, rows_of(p, panel), sums);
}

// One ternary panel times a few tokens: a block is unpacked in registers for all of them.
template <std::size_t Tokens>
void ternary_few_tokens(const PanelProduct& p, std::size_t panel) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const std::int8_t* x = p.x;
  __m512i acc[Tokens];
#pragma GCC unroll 8
  for (std::size_t t = 0; t < Tokens; ++t) acc[t] = _mm512_set1_epi32(-p.x_sum[t]);
  for (std::size_t block = 0; block < p.quads / 4; ++block) {
    __m512i bytes = load_block(w + block * kBlockBytes);
    for (std::size_t quad = 0; quad < 4; ++quad) {
      const __m512i codes = _mm512_and_si512(bytes, _mm512_set1_epi8(3));
      bytes = _mm512_srli_epi16(bytes, 2);
#pragma GCC unroll 8
      for (std::size_t t = 0; t < Tokens; ++t) {
        acc[t] = dot_quads(acc[t], codes, broadcast_quad(x + t * kQuadCols));
      }
      x += Tokens * kQuadCols;
    }
  }
#pragma GCC unroll 8
  for (std::size_t t = 0; t < Tokens; ++t) {
    _mm512_mask_storeu_epi32(p.y + t * p.y_stride + panel * kPanelRows, rows_of(p, panel), acc[t]);
  }
}

using FewFunction = void (*)(const PanelProduct&, std::size_t);

// Entry t - 1 multiplies t tokens.
constexpr FewFunction kFewFunctions[kWorthUnpacking - 1] = {
    ternary_few_tokens<1>, ternary_few_tokens<2>, ternary_few_tokens<3>, ternary_few_tokens<4>,
    ternary_few_tokens<5>, ternary_few_tokens<6>, ternary_few_tokens<7>};

// One int8 panel times a few tokens (the digits of a head's or a query's activations), read in one stream:
// sums of even and of odd quads apart, so that no addition waits for the one before it.
template <std::size_t Tokens>
void int8_few_tokens(const PanelProduct& p, std::size_t panel) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const std::int8_t* x = p.x;
  __m512i even[Tokens] = {};
  __m512i odd[Tokens] = {};
  const auto add = [&](__m512i(&sums)[Tokens]) {
    const __m512i codes = load_block(w);
    prefetch(w);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < Tokens; ++t) {
      sums[t] = dot_quads_at(sums[t], codes, x + t * kQuadCols);
    }
    w += kBlockBytes;
    x += Tokens * kQuadCols;
  };
  for (std::size_t pair = 0; pair < p.quads / 2; ++pair) {
    add(even);
    add(odd);
  }
  if (p.quads % 2 != 0) add(even);
#pragma GCC unroll 8
  for (std::size_t t = 0; t < Tokens; ++t) {
    const __m512i sums = _mm512_sub_epi32(_mm512_add_epi32(even[t], odd[t]),
                                          _mm512_set1_epi32(kInt8Zero * p.x_sum[t]));
    _mm512_mask_storeu_epi32(p.y + t * p.y_stride + panel * kPanelRows, rows_of(p, panel), sums);
  }
}

constexpr std::size_t kInt8FewTokens = 8;

// Entry t - 1 multiplies t tokens.
constexpr FewFunction kInt8FewFunctions[kInt8FewTokens] = {
    int8_few_tokens<1>, int8_few_tokens<2>, int8_few_tokens<3>, int8_few_tokens<4>,
    int8_few_tokens<5>, int8_few_tokens<6>, int8_few_tokens<7>, int8_few_tokens<8>};

// A run of columns of neighbouring panels, one code a byte, times a tile of tokens.
struct Tile {
  const std::uint8_t* codes;
  std::size_t panel_bytes;  // from the codes of one panel to those of the next
  std::size_t quads;
  const std::int8_t* x;  // the same columns of the tile
  std::size_t panel;
  std::size_t token;
  std::int32_t zero;         // what the codes have too much
  std::int32_t* sums;        // (tokens, Panels, 16) from run to run; aligned to 64 bytes
  bool first;                // run of the row: start from -zero * sum(x); else go on from sums
  bool last;                 // run of the row: leave the result in y; else in sums
  const std::uint8_t* next;  // lines to ask for meanwhile, one every kQuadsAPrefetch quads
};

// Tokens of a tile whose activations the dot products take from memory. Balances loads (two a clock)
// against instructions issued: of 0 to 12 seven to ten were the fastest where another hardware thread
// shares the core (docs/cpu.md).
constexpr std::size_t kTokensFromMemory = 8;

// Quads between two prefetches of a tile: one line each, so that they never crowd out its own loads.
constexpr std::size_t kQuadsAPrefetch = 16;

template <std::size_t Panels, std::size_t Tokens>
void multiply_tile(const PanelProduct& p, const Tile& tile) {
  const auto sums = [&](std::size_t t, std::size_t i) {
    return tile.sums + ((tile.token + t) * Panels + i) * kPanelRows;
  };
  __m512i acc[Tokens][Panels];
#pragma GCC unroll 12
  for (std::size_t t = 0; t < Tokens; ++t) {
    const __m512i start = _mm512_set1_epi32(-tile.zero * p.x_sum[tile.token + t]);
#pragma GCC unroll 2
    for (std::size_t i = 0; i < Panels; ++i) {
      acc[t][i] = tile.first ? start : _mm512_load_si512(sums(t, i));
    }
  }
  const std::uint8_t* w = tile.codes;
  const std::int8_t* x = tile.x;
  const auto add_quad = [&] {
    __m512i codes[Panels];
#pragma GCC unroll 2
    for (std::size_t i = 0; i < Panels; ++i) codes[i] = load_block(w + i * tile.panel_bytes);
#pragma GCC unroll 12
    for (std::size_t t = 0; t < Tokens; ++t) {
      const std::int8_t* act = x + t * kQuadCols;
      if (t < kTokensFromMemory) {
#pragma GCC unroll 2
        for (std::size_t i = 0; i < Panels; ++i) acc[t][i] = dot_quads_at(acc[t][i], codes[i], act);
      } else {
        const __m512i quads = broadcast_quad(act);
#pragma GCC unroll 2
        for (std::size_t i = 0; i < Panels; ++i) acc[t][i] = dot_quads(acc[t][i], codes[i], quads);
      }
    }
    w += kBlockBytes;
    x += Tokens * kQuadCols;
  };
  const std::uint8_t* next = tile.next;
  for (std::size_t left = tile.quads; left != 0;) {
    const std::size_t quads = left < kQuadsAPrefetch ? left : kQuadsAPrefetch;
    _mm_prefetch(reinterpret_cast<const char*>(next), _MM_HINT_T1);
    next += kBlockBytes;
#pragma GCC unroll 2
    for (std::size_t quad = 0; quad < quads; ++quad) add_quad();
    left -= quads;
  }
  std::int32_t* y = p.y + tile.token * p.y_stride + tile.panel * kPanelRows;
#pragma GCC unroll 12
  for (std::size_t t = 0; t < Tokens; ++t) {
#pragma GCC unroll 2
    for (std::size_t i = 0; i < Panels; ++i) {
      if (tile.last) {
        _mm512_mask_storeu_epi32(y + t * p.y_stride + i * kPanelRows, rows_of(p, tile.panel + i),
                                 acc[t][i]);
      } else {
        _mm512_store_si512(sums(t, i), acc[t][i]);
      }
    }
  }
}

using TileFunction = void (*)(const PanelProduct&, const Tile&);

// Entry w - 1 multiplies a tile of w tokens.
template <std::size_t Panels>
constexpr TileFunction kTileFunctions[kTileTokens] = {
    multiply_tile<Panels, 1>,  multiply_tile<Panels, 2>,  multiply_tile<Panels, 3>,
    multiply_tile<Panels, 4>,  multiply_tile<Panels, 5>,  multiply_tile<Panels, 6>,
    multiply_tile<Panels, 7>,  multiply_tile<Panels, 8>,  multiply_tile<Panels, 9>,
    multiply_tile<Panels, 10>, multiply_tile<Panels, 11>, multiply_tile<Panels, 12>};

// Columns [first_quad, first_quad + tile.quads) of `Panels` panels times all tokens. The tiles share the
// lines from tile.next on, panel by panel in turn, so that the next run has come when its turn does.
template <std::size_t Panels>
void multiply_all_tokens(const PanelProduct& p, Tile tile, std::size_t first_quad) {
  const std::uint8_t* next = tile.next;
  const std::size_t step = tile.quads / kQuadsAPrefetch * kBlockBytes;
  for (std::size_t token = 0; token < p.tokens; token += kTileTokens) {
    const std::size_t left = p.tokens - token;
    const std::size_t width = left < kTileTokens ? left : kTileTokens;
    tile.token = token;
    tile.x = p.x + (token * p.quads + first_quad * width) * kQuadCols;
    const std::size_t n = token / kTileTokens;
    tile.next = next + n % Panels * p.panel_bytes + n / Panels * step;
    kTileFunctions<Panels>[width - 1](p, tile);
  }
}

// Writes the codes of `count` ternary blocks of one panel, one a byte.
void unpack(const std::uint8_t* blocks, std::size_t count, std::uint8_t* out) {
  const __m512i mask = _mm512_set1_epi8(3);
  for (std::size_t b = 0; b < count; ++b) {
    __m512i bytes = load_block(blocks + b * kBlockBytes);
    for (std::size_t quad = 0; quad < 4; ++quad) {
      _mm512_store_si512(out + (b * 4 + quad) * kBlockBytes, _mm512_and_si512(bytes, mask));
      bytes = _mm512_srli_epi16(bytes, 2);
    }
  }
}

// At most kGroupTokens tokens.
template <std::size_t Panels>
void ternary_many_tokens(const PanelProduct& p, std::size_t panel) {
  constexpr std::size_t kPanelBytes = kUnpackedBlocks * 4 * kBlockBytes;
  alignas(64) std::uint8_t codes[Panels * kPanelBytes];
  alignas(64) std::int32_t sums[kGroupTokens * Panels * kPanelRows];
  const std::size_t blocks = p.quads / 4;
  const std::size_t runs = (blocks + kUnpackedBlocks - 1) / kUnpackedBlocks;
  const std::size_t most = (blocks + runs - 1) / runs;  // all runs about as long
  for (std::size_t block = 0; block < blocks; block += most) {
    const std::size_t left = blocks - block;
    const std::size_t count = left < most ? left : most;
    const bool last = count == left;
    for (std::size_t i = 0; i < Panels; ++i) {
      const std::uint8_t* w = p.panels + (panel + i) * p.panel_bytes;
      unpack(w + block * kBlockBytes, count, codes + i * kPanelBytes);
    }
    multiply_all_tokens<Panels>(
        p,
        {.codes = codes,
         .panel_bytes = kPanelBytes,
         .quads = count * 4,
         .x = nullptr,
         .panel = panel,
         .token = 0,
         .zero = 1,
         .sums = sums,
         .first = block == 0,
         .last = last,
         .next = last ? p.panels + (panel + Panels) * p.panel_bytes
                      : p.panels + panel * p.panel_bytes + (block + count) * kBlockBytes},
        block * 4);
  }
}

template <std::size_t Panels>
void int8_many_tokens(const PanelProduct& p, std::size_t panel) {
  multiply_all_tokens<Panels>(p,
                              {.codes = p.panels + panel * p.panel_bytes,
                               .panel_bytes = p.panel_bytes,
                               .quads = p.quads,
                               .x = nullptr,
                               .panel = panel,
                               .token = 0,
                               .zero = kInt8Zero,
                               .sums = nullptr,
                               .first = true,
                               .last = true,
                               .next = p.panels + (panel + Panels) * p.panel_bytes},
                              0);
}

// Calls `two` on pairs of panels and `one` on the panel that may be left.
template <typename Two, typename One>
void in_pairs(const PanelProduct& p, Two two, One one) {
  std::size_t panel = p.panel_begin;
  for (; panel + 2 <= p.panel_end; panel += 2) two(p, panel);
  if (panel < p.panel_end) one(p, panel);
}

// Calls `function` on products of at most kGroupTokens tokens each, which are whole tiles but for the last.
template <typename Function>
void in_groups(const PanelProduct& p, Function function) {
  for (std::size_t token = 0; token < p.tokens; token += kGroupTokens) {
    PanelProduct group = p;
    group.x += token * p.quads * kQuadCols;
    group.x_sum += token;
    group.y += token * p.y_stride;
    group.tokens = p.tokens - token < kGroupTokens ? p.tokens - token : kGroupTokens;
    function(group);
  }
}

template <typename Function>
void one_by_one(const PanelProduct& p, Function function) {
  for (std::size_t panel = p.panel_begin; panel < p.panel_end; ++panel) function(p, panel);
}

}  // namespace

void ternary_panels_avx512vnni(const PanelProduct& p) {
  if (p.tokens == 1 && p.quads <= kGemvMaxQuads) {
    one_by_one(p, ternary_gemv);
  } else if (p.tokens < kWorthUnpacking) {
    one_by_one(p, kFewFunctions[p.tokens - 1]);
  } else {
    in_groups(p, [](const PanelProduct& group) {
      in_pairs(group, ternary_many_tokens<2>, ternary_many_tokens<1>);
    });
  }
}

void int8_panels_avx512vnni(const PanelProduct& p) {
  if (p.tokens <= kInt8FewTokens) {
    one_by_one(p, kInt8FewFunctions[p.tokens - 1]);
  } else {
    in_pairs(p, int8_many_tokens<2>, int8_many_tokens<1>);
  }
}

}  // namespace sterna
