// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sizes of the layouts that every kernel reads. Constants only: files built for one instruction set
// include this (see panel_kernels_impl.hpp).

#include <cstddef>

namespace sterna {

/// Rows that lie interleaved: one 512-bit register of int32 sums. A row of a matrix is padded with
/// zero weights to a whole panel.
inline constexpr std::size_t kPanelRows = 16;

/// Columns that meet in one dot-product instruction (vpdpbusd, sdot): four neighbours, called a quad.
inline constexpr std::size_t kQuadCols = 4;

/// Bytes of the smallest unit of a panel: 16 rows x 4 bytes, a cache line.
inline constexpr std::size_t kBlockBytes = kPanelRows * kQuadCols;

/// Columns of a block of 2-bit weights: four quads, one at each bit pair of the bytes.
inline constexpr std::size_t kTernaryBlockCols = 4 * kQuadCols;

/// Columns and bytes of a block of 6-bit weights: four quads in three times 64 bytes.
inline constexpr std::size_t kInt6BlockCols = 4 * kQuadCols;
inline constexpr std::size_t kInt6BlockBytes = 3 * kBlockBytes;

/// What a 6-bit weight has added to it in its layout.
inline constexpr int kInt6Zero = 32;

/// What an int8 weight has added to it in its layout, so that its code is unsigned.
inline constexpr int kInt8Zero = 128;

/// Tokens whose activations lie interleaved (activation_tiles.hpp): with two panels they make 24
/// accumulators of the 32 registers of AVX-512.
inline constexpr std::size_t kTileTokens = 12;

}  // namespace sterna
