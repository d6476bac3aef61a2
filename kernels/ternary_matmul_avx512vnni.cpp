// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/panel_layout.hpp"
#include "kernels/ternary_matmul_impl.hpp"

namespace sterna {
namespace {

// y = sum((w + 1) * x) - sum(x). The stored code w + 1 is unsigned (0, 1 or 2), which vpdpbusd
// multiplies by a signed byte and adds four at a time straight into int32. One 64-byte operand is
// four columns of a panel's 16 rows; the activations of these columns are broadcast, so the 16 lanes
// are 16 sums and nothing is added across lanes.

// Columns unpacked at a time: two panels of them are 32 KiB, which with the activations of a
// tile stays in the caches nearest to a core.
constexpr std::size_t kUnpackedBlocks = 64;  // of 16 columns

// Below this many tokens a weight is used too rarely to be worth writing out unpacked.
constexpr std::size_t kWorthUnpacking = 8;

// A product without shifts leaves the third bit pair times 64: 64 * 2 * 128 * (cols / 4) < 2^31.
constexpr std::size_t kGemvMaxBlocks = (std::size_t{1} << 19) / kTernaryBlockCols - 1;

// How far ahead of its use a weight is asked for; past the end of a matrix lies the next one.
constexpr std::size_t kPrefetchBytes = 4096;

// sum + codes * act, four products a lane. GCC 12 moves every accumulator through a copy around its own
// intrinsic, which halves the speed of the tile below; behind an asm it does not.
__m512i dot_quads(__m512i sum, __m512i codes, __m512i act) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(codes), "v"(act));
  return sum;
}

// Rows of the last panel may be padding, for which y has no place.
__mmask16 rows_of(const TernaryMatmulArgs& args, std::size_t panel) {
  const std::size_t left = args.rows - panel * kPanelRows;
  return left >= kPanelRows ? __mmask16{0xFFFF} : static_cast<__mmask16>((1U << left) - 1);
}

__m512i broadcast_quad(const std::int8_t* x) {
  std::int32_t quad;
  __builtin_memcpy(&quad, x, sizeof quad);
  return _mm512_set1_epi32(quad);
}

__m512i load_block(const std::uint8_t* bytes) {
  return _mm512_loadu_si512(reinterpret_cast<const void*>(bytes));
}

// The four dot products of one block with one token. The codes stay where they are in the byte: the
// sum of pair q is 4^q times too large, and is divided once at the end.
inline void add_block(const std::uint8_t* bytes, const std::int8_t* x, __m512i (&sum)[4]) {
  const __m512i block = load_block(bytes);
  for (int quad = 0; quad < 4; ++quad) {
    const __m512i pair = _mm512_set1_epi8(static_cast<char>(3 << (2 * quad)));
    sum[quad] = dot_quads(sum[quad], _mm512_and_si512(block, pair), broadcast_quad(x + quad * 4));
  }
}

__m512i total(const __m512i (&sum)[4]) {
  return _mm512_add_epi32(
      _mm512_add_epi32(sum[0], _mm512_srai_epi32(sum[1], 2)),
      _mm512_add_epi32(_mm512_srai_epi32(sum[2], 4), _mm512_srai_epi32(sum[3], 6)));
}

// One panel times one token: reads the weights once, in order.
void gemv(const TernaryMatmulArgs& args, std::size_t panel) {
  const std::uint8_t* w = args.packed + panel * args.blocks * kBlockBytes;
  __m512i even[4] = {};
  __m512i odd[4] = {};
  std::size_t block = 0;
  for (; block + 2 <= args.blocks; block += 2) {
    const std::int8_t* x = args.x + block * kTernaryBlockCols;
    _mm_prefetch(reinterpret_cast<const char*>(w + kPrefetchBytes), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(w + kPrefetchBytes + kBlockBytes), _MM_HINT_T0);
    add_block(w, x, even);
    add_block(w + kBlockBytes, x + kTernaryBlockCols, odd);
    w += 2 * kBlockBytes;
  }
  if (block < args.blocks) add_block(w, args.x + block * kTernaryBlockCols, even);
  const __m512i sums =
      _mm512_sub_epi32(_mm512_add_epi32(total(even), total(odd)), _mm512_set1_epi32(*args.x_sum));
  _mm512_mask_storeu_epi32(args.y + panel * kPanelRows, rows_of(args, panel), sums);
}

// One panel times a few tokens: a block is unpacked in registers for all of them.
template <std::size_t Tokens>
void few_tokens(const TernaryMatmulArgs& args, std::size_t panel) {
  const std::uint8_t* w = args.packed + panel * args.blocks * kBlockBytes;
  const std::int8_t* x = args.x;
  __m512i acc[Tokens];
#pragma GCC unroll 8
  for (std::size_t t = 0; t < Tokens; ++t) acc[t] = _mm512_set1_epi32(-args.x_sum[t]);
  for (std::size_t block = 0; block < args.blocks; ++block) {
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
    _mm512_mask_storeu_epi32(args.y + t * args.rows + panel * kPanelRows, rows_of(args, panel),
                             acc[t]);
  }
}

template <std::size_t Tokens>
void few_tokens_all_panels(const TernaryMatmulArgs& args) {
  for (std::size_t p = args.panel_begin; p < args.panel_end; ++p) few_tokens<Tokens>(args, p);
}

// Writes the codes of `count` blocks of `Panels` panels, one a byte: quad after quad of columns,
// panel after panel.
template <std::size_t Panels>
void unpack(const TernaryMatmulArgs& args, std::size_t panel, std::size_t block, std::size_t count,
            std::uint8_t* out) {
  const __m512i mask = _mm512_set1_epi8(3);
  for (std::size_t b = 0; b < count; ++b) {
    for (std::size_t p = 0; p < Panels; ++p) {
      __m512i bytes =
          load_block(args.packed + ((panel + p) * args.blocks + block + b) * kBlockBytes);
      for (std::size_t quad = 0; quad < 4; ++quad) {
        _mm512_store_si512(out + ((b * 4 + quad) * Panels + p) * kBlockBytes,
                           _mm512_and_si512(bytes, mask));
        bytes = _mm512_srli_epi16(bytes, 2);
      }
    }
  }
}

// Where the sums of a run of columns start and go.
struct Tile {
  const std::uint8_t* codes;  // of `Panels` panels, `quads` quads
  std::size_t quads;
  const std::int8_t* x;  // of the same columns of a tile of `Tokens` tokens
  std::size_t panel;
  std::size_t token;
  bool first;  // columns of the row: start from -sum(x); else go on from y
};

template <std::size_t Panels, std::size_t Tokens>
void multiply_tile(const TernaryMatmulArgs& args, const Tile& tile) {
  std::int32_t* y = args.y + tile.token * args.rows + tile.panel * kPanelRows;
  __m512i acc[Tokens][Panels];
#pragma GCC unroll 12
  for (std::size_t t = 0; t < Tokens; ++t) {
    const __m512i start = _mm512_set1_epi32(-args.x_sum[tile.token + t]);
#pragma GCC unroll 2
    for (std::size_t p = 0; p < Panels; ++p) {
      const std::int32_t* from = y + t * args.rows + p * kPanelRows;
      acc[t][p] =
          tile.first ? start : _mm512_maskz_loadu_epi32(rows_of(args, tile.panel + p), from);
    }
  }
  const std::uint8_t* w = tile.codes;
  const std::int8_t* x = tile.x;
  for (std::size_t quad = 0; quad < tile.quads; ++quad) {
    __m512i codes[Panels];
#pragma GCC unroll 2
    for (std::size_t p = 0; p < Panels; ++p) codes[p] = load_block(w + p * kBlockBytes);
#pragma GCC unroll 12
    for (std::size_t t = 0; t < Tokens; ++t) {
      const __m512i act = broadcast_quad(x + t * kQuadCols);
#pragma GCC unroll 2
      for (std::size_t p = 0; p < Panels; ++p) {
        acc[t][p] = dot_quads(acc[t][p], codes[p], act);
      }
    }
    w += Panels * kBlockBytes;
    x += Tokens * kQuadCols;
  }
#pragma GCC unroll 12
  for (std::size_t t = 0; t < Tokens; ++t) {
#pragma GCC unroll 2
    for (std::size_t p = 0; p < Panels; ++p) {
      _mm512_mask_storeu_epi32(y + t * args.rows + p * kPanelRows, rows_of(args, tile.panel + p),
                               acc[t][p]);
    }
  }
}

using TileFunction = void (*)(const TernaryMatmulArgs&, const Tile&);

// Entry w - 1 multiplies a tile of w tokens.
template <std::size_t Panels>
constexpr TileFunction kTileFunctions[kTileTokens] = {
    multiply_tile<Panels, 1>,  multiply_tile<Panels, 2>,  multiply_tile<Panels, 3>,
    multiply_tile<Panels, 4>,  multiply_tile<Panels, 5>,  multiply_tile<Panels, 6>,
    multiply_tile<Panels, 7>,  multiply_tile<Panels, 8>,  multiply_tile<Panels, 9>,
    multiply_tile<Panels, 10>, multiply_tile<Panels, 11>, multiply_tile<Panels, 12>};

// `Panels` panels times all tokens, a run of columns at a time.
template <std::size_t Panels>
void many_tokens(const TernaryMatmulArgs& args, std::size_t panel) {
  alignas(64) std::uint8_t codes[kUnpackedBlocks * 4 * Panels * kBlockBytes];
  for (std::size_t block = 0; block < args.blocks; block += kUnpackedBlocks) {
    const std::size_t left = args.blocks - block;
    const std::size_t count = left < kUnpackedBlocks ? left : kUnpackedBlocks;
    unpack<Panels>(args, panel, block, count, codes);
    for (std::size_t token = 0; token < args.tokens; token += kTileTokens) {
      const std::size_t rest = args.tokens - token;
      const std::size_t width = rest < kTileTokens ? rest : kTileTokens;
      kTileFunctions<Panels>[width - 1](
          args, {.codes = codes,
                 .quads = count * 4,
                 .x = args.x + (token * args.blocks + block * width) * kTernaryBlockCols,
                 .panel = panel,
                 .token = token,
                 .first = block == 0});
    }
  }
}

using FewFunction = void (*)(const TernaryMatmulArgs&);

// Entry t - 1 multiplies t tokens.
constexpr FewFunction kFewFunctions[kWorthUnpacking - 1] = {
    few_tokens_all_panels<1>, few_tokens_all_panels<2>, few_tokens_all_panels<3>,
    few_tokens_all_panels<4>, few_tokens_all_panels<5>, few_tokens_all_panels<6>,
    few_tokens_all_panels<7>};

}  // namespace

void ternary_matmul_avx512vnni(const TernaryMatmulArgs& args) {
  if (args.tokens == 1 && args.blocks <= kGemvMaxBlocks) {
    for (std::size_t p = args.panel_begin; p < args.panel_end; ++p) gemv(args, p);
    return;
  }
  if (args.tokens < kWorthUnpacking) return kFewFunctions[args.tokens - 1](args);
  std::size_t p = args.panel_begin;
  for (; p + 2 <= args.panel_end; p += 2) many_tokens<2>(args, p);
  if (p < args.panel_end) many_tokens<1>(args, p);
}

}  // namespace sterna
