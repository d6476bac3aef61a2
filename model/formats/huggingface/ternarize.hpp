// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "model/weights.hpp"

namespace sterna {

/// Ternarises a float matrix: s = 1 / max(mean |W|, 1e-5), trit = clamp(round_half_even(W * s), -1,
/// 1), scale = 1 / s; float32 arithmetic as the reference, the mean summed in float64 over the sums of
/// the rows. `read_row` is called by several threads at once.
///
/// Errors  std::invalid_argument when a weight is infinite or NaN
[[nodiscard]] TernaryLinear ternarize(std::size_t rows, std::size_t cols, const RowReader& read_row,
                                      std::pmr::memory_resource* memory, ThreadPool& pool);

/// Unpacks four rows a byte: with R = ceil(rows / 4), bits 2i+1..2i of byte (r, c) are the trit of
/// row i * R + r, column c, plus one.
///
/// Shape   bytes (R, cols)
/// Errors  std::invalid_argument naming row and column when a code is 3, which is no trit
[[nodiscard]] PackedTernary unpack_quarters(std::span<const std::byte> bytes, std::size_t rows,
                                            std::size_t cols, std::pmr::memory_resource* memory,
                                            ThreadPool& pool);

}  // namespace sterna
