// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the AVX2 kernels of ternary and of int8 weights share. All of it is in the unnamed namespace:
// each file keeps its own copy (see panel_kernels_impl.hpp).

#include <immintrin.h>

#include "kernels/panel/panel_kernels_impl.hpp"
#include "kernels/panel/panel_layout.hpp"
#include "kernels/panel/panel_steps.hpp"

namespace sterna {
namespace {

constexpr std::size_t kHalfRows = kPanelRows / 2;    // rows of one register of int32 sums
constexpr std::size_t kHalfBytes = kBlockBytes / 2;  // their bytes in a block

// How far ahead of its use a weight is asked for; past the end of a matrix lies the next one.
constexpr std::size_t kPrefetchBytes = 4096;

inline __m256i load(const void* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

// Four bytes, in every lane.
inline __m256i broadcast(const void* bytes) {
  std::int32_t lane = 0;
  __builtin_memcpy(&lane, bytes, sizeof lane);
  return _mm256_set1_epi32(lane);
}

inline void prefetch(const std::uint8_t* bytes) {
  _mm_prefetch(reinterpret_cast<const char*>(bytes + kPrefetchBytes), _MM_HINT_T0);
}

// Rows of half a panel that y has a place for: the last panel may be padding.
inline std::size_t rows_left(const PanelProduct& p, std::size_t panel, std::size_t half) {
  const std::size_t first = panel * kPanelRows + half * kHalfRows;
  return p.rows > first ? smaller(p.rows - first, kHalfRows) : 0;
}

inline __m256i mask_of(std::size_t rows) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(rows)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline int* place_of(const PanelProduct& p, std::size_t panel, std::size_t half,
                     std::size_t token) {
  return p.y + token * p.y_stride + panel * kPanelRows + half * kHalfRows;
}

inline __m256i load_sums(const PanelProduct& p, std::size_t panel, std::size_t half,
                         std::size_t token) {
  const std::size_t rows = rows_left(p, panel, half);
  const int* place = place_of(p, panel, half, token);
  return rows == kHalfRows ? load(place) : _mm256_maskload_epi32(place, mask_of(rows));
}

// Masked stores take some 20 micro-operations where a plain one takes two.
inline void store_sums(const PanelProduct& p, std::size_t panel, std::size_t half,
                       std::size_t token, __m256i sums) {
  const std::size_t rows = rows_left(p, panel, half);
  int* place = place_of(p, panel, half, token);
  if (rows == kHalfRows) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(place), sums);
  } else {
    _mm256_maskstore_epi32(place, mask_of(rows), sums);
  }
}

}  // namespace
}  // namespace sterna
