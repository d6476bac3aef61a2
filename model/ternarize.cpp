// SPDX-License-Identifier: Apache-2.0
#include "model/ternarize.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

namespace sterna {

TernaryLinear ternarize(std::size_t rows, std::size_t cols, const RowReader& read_row) {
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

  TernaryLinear linear{.trits = PackedTernary(rows, cols), .scale = 1.0F / scale};
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

PackedTernary unpack_quarters(std::span<const std::byte> bytes, std::size_t rows,
                              std::size_t cols) {
  const std::size_t quarter = (rows + 3) / 4;
  PackedTernary packed(rows, cols);
  std::vector<Trit> trits(cols);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::byte* codes = bytes.data() + row % quarter * cols;
    const auto shift = static_cast<unsigned>(2 * (row / quarter));
    for (std::size_t c = 0; c < cols; ++c) {
      const int code = std::to_integer<int>(codes[c] >> shift) & 3;
      if (code == 3) {
        throw std::invalid_argument("holds code 3, which is no trit, for row " +
                                    std::to_string(row) + ", column " + std::to_string(c));
      }
      trits[c] = static_cast<Trit>(code - 1);
    }
    packed.set_row(row, trits);
  }
  return packed;
}

}  // namespace sterna
