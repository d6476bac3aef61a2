// SPDX-License-Identifier: Apache-2.0
#include "model/formats/huggingface/ternarize.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "model/formats/trit_codes.hpp"

namespace sterna {
namespace {

[[noreturn]] void refuse_code(std::span<const std::byte> bytes, std::size_t row,
                              std::size_t quarter, std::size_t cols) {
  const auto codes = bytes.subspan(row % quarter * cols, cols);
  const auto bad = std::find_if(codes.begin(), codes.end(), [&](std::byte code) {
    return ((std::to_integer<unsigned>(code) >> (2 * (row / quarter))) & 3U) == 3U;
  });
  throw std::invalid_argument("holds code 3, which is no trit, for row " + std::to_string(row) +
                              ", column " + std::to_string(bad - codes.begin()));
}

// Mean magnitude of the weights, added up in an order that does not depend on the threads.
float mean_magnitude(std::size_t rows, std::size_t cols, const RowReader& read_row,
                     ThreadPool& pool) {
  std::vector<double> sums(rows);
  pool.parallel_for(rows, [&](std::size_t begin, std::size_t end) {
    std::vector<float> weights(cols);
    for (std::size_t r = begin; r < end; ++r) {
      read_row(r, weights);
      for (const float weight : weights) sums[r] += std::abs(static_cast<double>(weight));
    }
  });
  const double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
  // A sum of float32 magnitudes cannot overflow float64, so only a bad weight makes it infinite.
  if (!std::isfinite(sum)) {
    throw std::invalid_argument("has a weight that is infinite or not a number");
  }
  return static_cast<float>(sum / (static_cast<double>(rows) * static_cast<double>(cols)));
}

}  // namespace

TernaryLinear ternarize(std::size_t rows, std::size_t cols, const RowReader& read_row,
                        std::pmr::memory_resource* memory, ThreadPool& pool) {
  constexpr float kSmallest = 1e-5F;
  const float scale = 1.0F / std::max(mean_magnitude(rows, cols, read_row, pool), kSmallest);
  const TritReader read_trits = [&](std::size_t r, std::span<Trit> trits) {
    thread_local std::vector<float> weights;
    weights.resize(cols);
    read_row(r, weights);
    for (std::size_t c = 0; c < cols; ++c) {
      // Round half to even and clamp: 0.5 goes to 0, so a trit is nonzero strictly above it.
      const float scaled = weights[c] * scale;
      trits[c] = static_cast<Trit>((scaled > 0.5F ? 1 : 0) - (scaled < -0.5F ? 1 : 0));
    }
    return true;
  };
  return {.trits = pack_rows(rows, cols, read_trits, memory, pool).trits, .scale = 1.0F / scale};
}

PackedTernary unpack_quarters(std::span<const std::byte> bytes, std::size_t rows, std::size_t cols,
                              std::pmr::memory_resource* memory, ThreadPool& pool) {
  const std::size_t quarter = (rows + 3) / 4;
  const TritReader read_row = [&](std::size_t row, std::span<Trit> trits) {
    const auto shift = static_cast<unsigned>(2 * (row / quarter));
    return extract_codes(bytes.subspan(row % quarter * cols, cols), shift, trits);
  };
  PackedRows packed = pack_rows(rows, cols, read_row, memory, pool);
  if (packed.first_bad < rows) refuse_code(bytes, packed.first_bad, quarter, cols);
  return std::move(packed.trits);
}

}  // namespace sterna
