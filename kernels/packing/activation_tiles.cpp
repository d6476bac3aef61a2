// SPDX-License-Identifier: Apache-2.0
#include "kernels/packing/activation_tiles.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <numeric>

namespace sterna {

void ActivationTiles::resize(std::size_t tokens, std::size_t padded_cols) {
  padded_cols_ = padded_cols;
  tiles_.resize(tokens * padded_cols);
  sums_.resize(tokens);
}

void ActivationTiles::set(std::size_t t, std::span<const std::int8_t> row) {
  assert(t < tokens() && row.size() <= padded_cols_);
  const std::size_t first = t - t % kTileTokens;
  const std::size_t stride = std::min(kTileTokens, tokens() - first) * kQuadCols;
  std::int8_t* out = tiles_.data() + first * padded_cols_ + (t - first) * kQuadCols;
  const std::size_t whole = row.size() / kQuadCols;
  for (std::size_t quad = 0; quad < whole; ++quad) {
    std::memcpy(out + quad * stride, row.data() + quad * kQuadCols, kQuadCols);
  }
  for (std::size_t quad = whole; quad < padded_cols_ / kQuadCols; ++quad) {
    std::memset(out + quad * stride, 0, kQuadCols);
  }
  if (const std::size_t rest = row.size() % kQuadCols; rest != 0) {
    std::memcpy(out + whole * stride, row.data() + whole * kQuadCols, rest);
  }
  sums_[t] = std::accumulate(row.begin(), row.end(), std::int32_t{0});
}

// All tokens of one tile together: every line of the tile is written once.
void ActivationTiles::fill_tile(std::size_t first, std::span<const std::int8_t> values,
                                std::size_t cols) {
  const std::size_t width = std::min(kTileTokens, tokens() - first);
  const std::size_t whole = cols / kQuadCols;
  std::int8_t* out = tiles_.data() + first * padded_cols_;
  for (std::size_t quad = 0; quad < whole; ++quad) {
    for (std::size_t t = 0; t < width; ++t) {
      std::memcpy(out, values.data() + (first + t) * cols + quad * kQuadCols, kQuadCols);
      out += kQuadCols;
    }
  }
  std::memset(out, 0, (padded_cols_ - whole * kQuadCols) * width);
  for (std::size_t t = 0; t < width; ++t) {
    const auto row = values.subspan((first + t) * cols, cols);
    std::memcpy(out + t * kQuadCols, row.data() + whole * kQuadCols, cols % kQuadCols);
    sums_[first + t] = std::accumulate(row.begin(), row.end(), std::int32_t{0});
  }
}

void ActivationTiles::fill(std::span<const std::int8_t> values, std::size_t tokens,
                           std::size_t cols, std::size_t padded_cols, ThreadPool& pool) {
  resize(tokens, padded_cols);
  pool.parallel_for((tokens + kTileTokens - 1) / kTileTokens,
                    [&](std::size_t begin, std::size_t end) {
                      for (std::size_t tile = begin; tile < end; ++tile) {
                        fill_tile(tile * kTileTokens, values, cols);
                      }
                    });
}

}  // namespace sterna
