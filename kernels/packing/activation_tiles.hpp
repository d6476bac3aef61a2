// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/panel/panel_layout.hpp"
#include "kernels/thread_pool.hpp"

namespace sterna {

/// Activations of a batch in the order in which the kernels read them.
///
/// Layout  tiles of kTileTokens tokens, the last one as wide as what is left. In a tile of w tokens
///         quad after quad of columns, token after token: column c of token t of the tile sits at
///         byte (c / 4 * w + t) * 4 + c % 4. Columns are padded with zeros. So one token alone is
///         its plain row.
class ActivationTiles {
 public:
  /// Makes room for `tokens` rows of `padded_cols` columns (a multiple of 4), to be filled by set().
  void resize(std::size_t tokens, std::size_t padded_cols);

  /// Places row `t`, shape (cols,) with cols <= padded_cols, and sums it. Different rows may be set at
  /// the same time.
  void set(std::size_t t, std::span<const std::int8_t> row);

  /// All rows of `values`, shape (tokens, cols) row-major, padded to `padded_cols`.
  void fill(std::span<const std::int8_t> values, std::size_t tokens, std::size_t cols,
            std::size_t padded_cols, ThreadPool& pool);

  [[nodiscard]] std::size_t tokens() const { return sums_.size(); }
  [[nodiscard]] std::size_t padded_cols() const { return padded_cols_; }
  [[nodiscard]] const std::int8_t* tiles() const { return tiles_.data(); }
  /// Sum of each token's activations, shape (tokens,).
  [[nodiscard]] const std::int32_t* sums() const { return sums_.data(); }

 private:
  void fill_tile(std::size_t first, std::span<const std::int8_t> values, std::size_t cols);

  std::size_t padded_cols_ = 0;
  std::vector<std::int8_t> tiles_;
  std::vector<std::int32_t> sums_;
};

}  // namespace sterna
