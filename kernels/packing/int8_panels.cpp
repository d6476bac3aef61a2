// SPDX-License-Identifier: Apache-2.0
#include "kernels/packing/int8_panels.hpp"

#include <cassert>

#include "kernels/panel/panel_kernels_impl.hpp"

namespace sterna {

void multiply_int8(const PanelKernels& kernels, const Int8Panels& w, const ActivationTiles& x,
                   std::span<std::int32_t> sums, std::size_t stride) {
  assert(stride >= w.rows && sums.size() >= (x.tokens() - 1) * stride + w.rows);
  assert(x.padded_cols() == w.quads * kQuadCols);
  kernels.int8({.panels = w.bytes,
                .panel_bytes = w.panel_bytes,
                .panel_begin = 0,
                .panel_end = (w.rows + kPanelRows - 1) / kPanelRows,
                .quads = w.quads,
                .rows = w.rows,
                .x = x.tiles(),
                .x_sum = x.sums(),
                .tokens = x.tokens(),
                .y = sums.data(),
                .y_stride = stride});
}

}  // namespace sterna
