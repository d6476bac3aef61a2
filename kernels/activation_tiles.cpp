// SPDX-License-Identifier: Apache-2.0
#include "kernels/activation_tiles.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace sterna {
namespace {

// Writes one token into its place of a tile of `width` tokens.
void interleave(std::span<const std::int8_t> token, std::size_t padded_cols, std::size_t width,
                std::int8_t* out) {
  const std::size_t stride = width * kQuadCols;
  const std::size_t whole = token.size() / kQuadCols;
  for (std::size_t quad = 0; quad < whole; ++quad) {
    std::memcpy(out + quad * stride, token.data() + quad * kQuadCols, kQuadCols);
  }
  for (std::size_t quad = whole; quad < padded_cols / kQuadCols; ++quad) {
    std::memset(out + quad * stride, 0, kQuadCols);
    if (quad == whole && token.size() % kQuadCols != 0) {
      std::memcpy(out + quad * stride, token.data() + quad * kQuadCols, token.size() % kQuadCols);
    }
  }
}

}  // namespace

void ActivationTiles::fill(std::span<const std::int8_t> values, std::size_t tokens,
                           std::size_t cols, std::size_t padded_cols, ThreadPool& pool) {
  tiles_.resize(tokens * padded_cols);
  sums_.resize(tokens);
  pool.parallel_for(
      tokens,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t t = begin; t < end; ++t) {
          const auto token = values.subspan(t * cols, cols);
          const std::size_t first = t - t % kTileTokens;
          const std::size_t width = std::min(kTileTokens, tokens - first);
          interleave(token, padded_cols, width,
                     tiles_.data() + first * padded_cols + (t - first) * kQuadCols);
          sums_[t] = std::accumulate(token.begin(), token.end(), std::int32_t{0});
        }
      },
      kTileTokens);
}

}  // namespace sterna
