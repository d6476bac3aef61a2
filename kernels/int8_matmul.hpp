// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "kernels/activation_tiles.hpp"
#include "kernels/packed_int8.hpp"
#include "kernels/panel_kernels.hpp"
#include "kernels/thread_pool.hpp"

namespace sterna {

/// sums[t, r] = sum_c w[r, c] * x[t, c], exact.
///
/// Shapes  x (tokens, w.cols()), sums (tokens, w.rows()) row-major
void int8_matmul(const PanelKernels& kernels, const PackedInt8& w, const ActivationTiles& x,
                 std::size_t tokens, std::span<std::int32_t> sums, ThreadPool& pool);

}  // namespace sterna
