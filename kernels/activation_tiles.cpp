// SPDX-License-Identifier: Apache-2.0
#include "kernels/activation_tiles.hpp"

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

void ActivationTiles::fill(std::span<const std::int8_t> values, std::size_t tokens,
                           std::size_t cols, std::size_t padded_cols, ThreadPool& pool) {
  resize(tokens, padded_cols);
  pool.parallel_for(
      tokens,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t t = begin; t < end; ++t) set(t, values.subspan(t * cols, cols));
      },
      kTileTokens);
}

}  // namespace sterna
