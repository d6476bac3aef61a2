// SPDX-License-Identifier: Apache-2.0
#include "model/formats/huggingface/ternarize.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "model/formats/trit_codes.hpp"

namespace sterna {
namespace {

void lower(std::atomic<std::size_t>& value, std::size_t to) {
  for (std::size_t old = value; to < old && !value.compare_exchange_weak(old, to);) {
  }
}

[[noreturn]] void refuse_code(std::span<const std::byte> bytes, std::size_t row,
                              std::size_t quarter, std::size_t cols) {
  const auto codes = bytes.subspan(row % quarter * cols, cols);
  const auto bad = std::find_if(codes.begin(), codes.end(), [&](std::byte code) {
    return ((std::to_integer<unsigned>(code) >> (2 * (row / quarter))) & 3U) == 3U;
  });
  throw std::invalid_argument("holds code 3, which is no trit, for row " + std::to_string(row) +
                              ", column " + std::to_string(bad - codes.begin()));
}

}  // namespace

TernaryLinear ternarize(std::size_t rows, std::size_t cols, const RowReader& read_row,
                        std::pmr::memory_resource* memory) {
  constexpr float kSmallest = 1e-5F;
  std::vector<float> weights(cols);
  double sum = 0.0;
  for (std::size_t r = 0; r < rows; ++r) {
    read_row(r, weights);
    for (const float weight : weights) sum += std::abs(static_cast<double>(weight));
  }
  // A sum of float32 magnitudes cannot overflow float64, so only a bad weight makes it infinite.
  if (!std::isfinite(sum)) {
    throw std::invalid_argument("has a weight that is infinite or not a number");
  }
  const auto mean =
      static_cast<float>(sum / (static_cast<double>(rows) * static_cast<double>(cols)));
  const float scale = 1.0F / std::max(mean, kSmallest);

  TernaryLinear linear{.trits = PackedTernary(rows, cols, memory), .scale = 1.0F / scale};
  std::vector<Trit> trits(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    read_row(r, weights);
    for (std::size_t c = 0; c < cols; ++c) {
      // Round half to even and clamp: 0.5 goes to 0, so a trit is nonzero strictly above it.
      const float scaled = weights[c] * scale;
      trits[c] = static_cast<Trit>((scaled > 0.5F ? 1 : 0) - (scaled < -0.5F ? 1 : 0));
    }
    linear.trits.set_row(r, trits);
  }
  return linear;
}

PackedRows pack_rows(std::size_t rows, std::size_t cols, const TritReader& read_row,
                     std::pmr::memory_resource* memory, ThreadPool& pool) {
  PackedTernary packed(rows, cols, memory);
  std::atomic<std::size_t> first_bad{rows};
  pool.parallel_for(
      rows,
      [&](std::size_t begin, std::size_t end) {
        std::vector<Trit> trits(cols);
        for (std::size_t row = begin; row < end; ++row) {
          if (!read_row(row, trits)) {
            lower(first_bad, row);
            return;
          }
          packed.set_row(row, trits);
        }
      },
      kPanelRows);
  return {std::move(packed), first_bad};
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
