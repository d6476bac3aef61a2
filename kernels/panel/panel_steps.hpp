// SPDX-License-Identifier: Apache-2.0
#pragma once

// How kernels of 16 and 32 byte vectors walk over the tokens of a batch. All of it is in the unnamed
// namespace: each file keeps its own copy (see panel_kernels_impl.hpp).

#include "kernels/panel/panel_kernels_impl.hpp"
#include "kernels/panel/panel_layout.hpp"

namespace sterna {
namespace {

// Tokens side by side. AVX2: 8 accumulators, 2 codes, 2 temporaries of 16 registers. NEON: 16, 4 and 1 of
// 32; the activations of a quad are one register. Divides kTileTokens.
constexpr std::size_t kStepTokens = 4;

constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

// Calls `step(first token, count)` on groups of kStepTokens tokens, which never leave a tile.
template <typename Step>
void in_steps(const PanelProduct& p, Step step) {
  for (std::size_t token = 0; token < p.tokens; token += kStepTokens) {
    step(token, smaller(p.tokens - token, kStepTokens));
  }
}

// Multiplies every panel by all tokens; functions[count - 1](product, first token, panel) does `count` of them.
using StepFunction = void (*)(const PanelProduct&, std::size_t, std::size_t);
inline void all_panels_in_steps(const PanelProduct& p,
                                const StepFunction (&functions)[kStepTokens]) {
  for (std::size_t panel = p.panel_begin; panel < p.panel_end; ++panel) {
    in_steps(
        p, [&](std::size_t token, std::size_t tokens) { functions[tokens - 1](p, token, panel); });
  }
}

// Where column 4 * quad of a token lies, and how far it is from there to the next quad.
struct Place {
  const std::int8_t* x;
  std::size_t stride;
};

inline Place activations_of(const PanelProduct& p, std::size_t token, std::size_t quad) {
  const std::size_t first = token - token % kTileTokens;
  const std::size_t stride = smaller(p.tokens - first, kTileTokens) * kQuadCols;
  return {p.x + first * p.quads * kQuadCols + quad * stride + (token - first) * kQuadCols, stride};
}

}  // namespace
}  // namespace sterna
