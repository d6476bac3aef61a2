// SPDX-License-Identifier: Apache-2.0
#pragma once

// Private to kernels/. A file built for one instruction set sees plain pointers and no shared
// inline code: the linker keeps one copy of an inline function, and it could keep the AVX-512 one.

#include <cstddef>
#include <cstdint>

namespace sterna {

/// y[t, r] = sum_c w[r, c] * x[t, c] for the rows of panels panel_begin..panel_end and all tokens.
struct PanelProduct {
  const std::uint8_t* panels;  // panel 0 of the matrix
  std::size_t panel_bytes;     // from one panel to the next
  std::size_t panel_begin;
  std::size_t panel_end;
  std::size_t quads;          // of 4 columns; a multiple of 4 for ternary and 6-bit weights
  std::size_t rows;           // of the matrix; y has no place for the padding of the last panel
  const std::int8_t* x;       // (tokens, quads * 4) in tiles, layout in activation_tiles.hpp
  const std::int32_t* x_sum;  // (tokens,) sum of each token's activations
  std::size_t tokens;
  std::int32_t* y;       // (tokens, y_stride)
  std::size_t y_stride;  // at least rows
};

void ternary_panels_avx512vnni(const PanelProduct& product);
void ternary_panels_avx2(const PanelProduct& product);
void ternary_panels_neon(const PanelProduct& product);
void ternary_panels_scalar(const PanelProduct& product);

void int8_panels_avx512vnni(const PanelProduct& product);
void int8_panels_avx2(const PanelProduct& product);
void int8_panels_neon(const PanelProduct& product);
void int8_panels_scalar(const PanelProduct& product);

void int6_panels_avx512vnni(const PanelProduct& product);
void int6_panels_avx2(const PanelProduct& product);
void int6_panels_neon(const PanelProduct& product);
void int6_panels_scalar(const PanelProduct& product);

}  // namespace sterna
