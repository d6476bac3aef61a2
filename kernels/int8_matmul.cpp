// SPDX-License-Identifier: Apache-2.0
#include "kernels/int8_matmul.hpp"

#include <cassert>

#include "kernels/panel_kernels_impl.hpp"

namespace sterna {

void int8_matmul(const PanelKernels& kernels, const PackedInt8& w, const ActivationTiles& x,
                 std::size_t tokens, std::span<std::int32_t> sums, ThreadPool& pool) {
  assert(sums.size() == tokens * w.rows());
  pool.parallel_for(
      w.panels(),
      [&](std::size_t begin, std::size_t end) {
        kernels.int8({.panels = w.bytes().data(),
                      .panel_bytes = w.quads() * kBlockBytes,
                      .panel_begin = begin,
                      .panel_end = end,
                      .quads = w.quads(),
                      .rows = w.rows(),
                      .x = x.tiles(),
                      .x_sum = x.sums(),
                      .tokens = tokens,
                      .y = sums.data(),
                      .y_stride = w.rows()});
      },
      2);
}

}  // namespace sterna
