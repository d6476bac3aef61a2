// SPDX-License-Identifier: Apache-2.0
#include "kernels/packed_ternary.hpp"

#include <stdexcept>
#include <string>

namespace sterna {
namespace {

constexpr std::size_t kPlaneCols = PackedTernary::kBlockBytes;  // columns that share one shift

std::size_t blocks(std::size_t cols) {
  return (cols + PackedTernary::kBlockCols - 1) / PackedTernary::kBlockCols;
}

}  // namespace

PackedTernary::PackedTernary(std::size_t rows, std::size_t cols)
    : rows_(rows),
      cols_(cols),
      row_bytes_(blocks(cols) * kBlockBytes),
      bytes_(rows * row_bytes_, kT2ZeroByte) {}

PackedTernary::PackedTernary(std::span<const Trit> trits, std::size_t rows, std::size_t cols)
    : PackedTernary(rows, cols) {
  if (trits.size() != rows * cols) {
    throw std::invalid_argument("PackedTernary: " + std::to_string(trits.size()) +
                                " trits for a matrix of " + std::to_string(rows) + " x " +
                                std::to_string(cols));
  }
  for (std::size_t r = 0; r < rows; ++r) set_row(r, trits.subspan(r * cols, cols));
}

void PackedTernary::set_row(std::size_t row, std::span<const Trit> trits) {
  if (trits.size() != cols_) {
    throw std::invalid_argument("PackedTernary::set_row: " + std::to_string(trits.size()) +
                                " trits for a row of " + std::to_string(cols_));
  }
  std::uint8_t* out = bytes_.data() + row * row_bytes_;
  for (std::size_t c = 0; c < cols_; ++c) {
    const Trit trit = trits[c];
    if (trit < -1 || trit > 1) {
      throw std::invalid_argument("PackedTernary: weight " + std::to_string(trit) + " at row " +
                                  std::to_string(row) + ", column " + std::to_string(c) +
                                  " is not -1, 0 or 1");
    }
    std::uint8_t& byte = out[c / kBlockCols * kBlockBytes + c % kPlaneCols];
    const auto shift = static_cast<unsigned>(kT2Bits * (c % kBlockCols / kPlaneCols));
    byte = static_cast<std::uint8_t>((byte & ~(3U << shift)) |
                                     (static_cast<unsigned>(trit + 1) << shift));
  }
}

void PackedTernary::unpack_row(std::size_t row, std::span<Trit> trits) const {
  const std::uint8_t* in = bytes_.data() + row * row_bytes_;
  for (std::size_t c = 0; c < cols_; ++c) {
    const unsigned shift = static_cast<unsigned>(kT2Bits * (c % kBlockCols / kPlaneCols));
    const unsigned code = (in[c / kBlockCols * kBlockBytes + c % kPlaneCols] >> shift) & 3U;
    trits[c] = static_cast<Trit>(static_cast<int>(code) - 1);
  }
}

}  // namespace sterna
