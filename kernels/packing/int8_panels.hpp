// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/packing/activation_tiles.hpp"
#include "kernels/panel/panel_kernels.hpp"

namespace sterna {

/// A view of an int8 matrix in panels (layout in packed_int8.hpp), or of a part of one: the head, or
/// what a cache of keys and values has grown to.
struct Int8Panels {
  const std::uint8_t* bytes;
  std::size_t panel_bytes;  // from one panel to the next
  std::size_t rows;
  std::size_t quads;  // of columns
};

/// sums[t * stride + r] = sum_c w[r, c] * x[t, c] for all rows r and tokens t of `x`, exact. Runs on the
/// calling thread.
///
/// Shapes  x (tokens, 4 * quads), sums at least (tokens, stride), stride >= rows
void multiply_int8(const PanelKernels& kernels, const Int8Panels& w, const ActivationTiles& x,
                   std::span<std::int32_t> sums, std::size_t stride);

}  // namespace sterna
