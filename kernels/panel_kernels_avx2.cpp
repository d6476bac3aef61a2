// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/panel_kernels_impl.hpp"
#include "kernels/panel_layout.hpp"

namespace sterna {
namespace {

// Ternary: y = sum((w + 1) * x) - sum(x). The stored code w + 1 is unsigned (0, 1 or 2), which
// vpmaddubsw multiplies by a signed byte exactly; negating x would overflow at -128.
// int8: vpmaddubsw would saturate, so weights and activations are widened to int16 first.

constexpr std::size_t kHalfRows = kPanelRows / 2;  // rows of one 256-bit register
constexpr std::size_t kStepTokens = 4;             // 8 accumulators, 2 codes, 1 activation

__m256i broadcast_quad(const std::int8_t* x) {
  std::int32_t quad;
  __builtin_memcpy(&quad, x, sizeof quad);
  return _mm256_set1_epi32(quad);
}

__m256i load_half_block(const std::uint8_t* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

// Writes the sums of one panel and token less `excess`, as many as there are rows.
void store(const PanelProduct& p, std::size_t panel, std::size_t token, const __m256i (&acc)[2],
           std::int32_t excess) {
  alignas(32) std::int32_t sums[kPanelRows];
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums), acc[0]);
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums + kHalfRows), acc[1]);
  for (std::size_t r = 0; r < kPanelRows && panel * kPanelRows + r < p.rows; ++r) {
    p.y[token * p.y_stride + panel * kPanelRows + r] = sums[r] - excess;
  }
}

// Tokens from `token` on, which lie in a tile of `width` tokens; x is the first one's first quad.
struct Tokens {
  std::size_t token;
  const std::int8_t* x;
  std::size_t width;
};

// An int16 lane adds 4 quads x 2 products of at most 2 * 128 in magnitude before it is widened: 2048.
template <std::size_t Count>
void multiply_ternary(const PanelProduct& p, std::size_t panel, const Tokens& tokens) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const std::int8_t* x = tokens.x;
  const __m256i mask = _mm256_set1_epi8(3);
  __m256i acc[Count][2] = {};
  for (std::size_t block = 0; block < p.quads / 4; ++block) {
    __m256i bytes[2] = {load_half_block(w + block * kBlockBytes),
                        load_half_block(w + block * kBlockBytes + kBlockBytes / 2)};
    __m256i wide[Count][2] = {};
    for (std::size_t quad = 0; quad < 4; ++quad) {
      __m256i codes[2];
      for (std::size_t h = 0; h < 2; ++h) {
        codes[h] = _mm256_and_si256(bytes[h], mask);
        bytes[h] = _mm256_srli_epi16(bytes[h], 2);
      }
      for (std::size_t t = 0; t < Count; ++t) {
        const __m256i act = broadcast_quad(x + t * kQuadCols);
        for (std::size_t h = 0; h < 2; ++h) {
          wide[t][h] = _mm256_add_epi16(wide[t][h], _mm256_maddubs_epi16(codes[h], act));
        }
      }
      x += tokens.width * kQuadCols;
    }
    for (std::size_t t = 0; t < Count; ++t) {
      for (std::size_t h = 0; h < 2; ++h) {
        acc[t][h] =
            _mm256_add_epi32(acc[t][h], _mm256_madd_epi16(wide[t][h], _mm256_set1_epi16(1)));
      }
    }
  }
  for (std::size_t t = 0; t < Count; ++t) {
    store(p, panel, tokens.token + t, acc[t], p.x_sum[tokens.token + t]);
  }
}

// Adds neighbouring int32 lanes of four rows each: lanes of `low` and `high` are row pairs.
__m256i add_pairs(__m256i low, __m256i high) {
  return _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xD8);
}

// Four registers of 16 int16 hold the four columns of 16 rows; a lane pair of the sums is a row.
template <std::size_t Count>
void multiply_int8(const PanelProduct& p, std::size_t panel, const Tokens& tokens) {
  const std::uint8_t* w = p.panels + panel * p.panel_bytes;
  const std::int8_t* x = tokens.x;
  const __m256i zero = _mm256_set1_epi16(kInt8Zero);
  __m256i acc[Count][4] = {};
  for (std::size_t quad = 0; quad < p.quads; ++quad) {
    for (std::size_t part = 0; part < 4; ++part) {
      const auto* bytes =
          reinterpret_cast<const __m128i*>(w + quad * kBlockBytes + part * kBlockBytes / 4);
      const __m256i weights = _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128(bytes)), zero);
      for (std::size_t t = 0; t < Count; ++t) {
        const __m256i act =
            _mm256_cvtepi8_epi16(_mm256_castsi256_si128(broadcast_quad(x + t * kQuadCols)));
        acc[t][part] = _mm256_add_epi32(acc[t][part], _mm256_madd_epi16(weights, act));
      }
    }
    x += tokens.width * kQuadCols;
  }
  for (std::size_t t = 0; t < Count; ++t) {
    const __m256i rows[2] = {add_pairs(acc[t][0], acc[t][1]), add_pairs(acc[t][2], acc[t][3])};
    store(p, panel, tokens.token + t, rows, 0);
  }
}

// Calls `many` on groups of kStepTokens tokens and `one` on those that are left of a tile.
template <typename Many, typename One>
void all_tokens(const PanelProduct& p, Many many, One one) {
  for (std::size_t panel = p.panel_begin; panel < p.panel_end; ++panel) {
    for (std::size_t first = 0; first < p.tokens; first += kTileTokens) {
      const std::size_t left = p.tokens - first;
      const std::size_t width = left < kTileTokens ? left : kTileTokens;
      const std::int8_t* x = p.x + first * p.quads * kQuadCols;
      std::size_t t = 0;
      for (; t + kStepTokens <= width; t += kStepTokens) {
        many(p, panel, Tokens{first + t, x + t * kQuadCols, width});
      }
      for (; t < width; ++t) one(p, panel, Tokens{first + t, x + t * kQuadCols, width});
    }
  }
}

}  // namespace

void ternary_panels_avx2(const PanelProduct& p) {
  all_tokens(p, multiply_ternary<kStepTokens>, multiply_ternary<1>);
}

void int8_panels_avx2(const PanelProduct& p) {
  all_tokens(p, multiply_int8<kStepTokens>, multiply_int8<1>);
}

}  // namespace sterna
