// SPDX-License-Identifier: Apache-2.0
#include "kernels/packing/two_plane_int8.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/packing/packed_int8.hpp"
#include "kernels/panel/panel_kernels_impl.hpp"

namespace sterna {
namespace {

constexpr unsigned kLowBits = 2;  // of a weight, in the lower plane
constexpr unsigned kLowMask = 3;
constexpr unsigned kCodeMask = 63;  // of a code in the upper plane

// The code of column `col` (within its quad and row) of quad `quad` of the block at `block`.
unsigned read_code(const std::uint8_t* block, std::size_t quad) {
  if (quad < 3) return block[quad * kBlockBytes] & kCodeMask;
  const auto top = [&](std::size_t line) { return unsigned{block[line * kBlockBytes]} >> 6U; };
  return top(0) | top(1) << 2U | top(2) << 4U;
}

void write_code(std::uint8_t* block, std::size_t quad, unsigned code) {
  if (quad < 3) {
    std::uint8_t& byte = block[quad * kBlockBytes];
    byte = static_cast<std::uint8_t>((byte & ~kCodeMask) | code);
    return;
  }
  for (std::size_t i = 0; i < 3; ++i) {
    std::uint8_t& byte = block[i * kBlockBytes];
    byte = static_cast<std::uint8_t>((byte & kCodeMask) | (code >> (2 * i) & kLowMask) << 6U);
  }
}

float rounded_up(double value) {
  return std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity());
}

// Norm of lower - 1.5 over `cols` columns, of which `extremes` are 0 or 3: the squares of twice that
// are 9 for those and 1 for the others.
float norm_of(std::size_t extremes, std::size_t cols) {
  return rounded_up(std::sqrt(static_cast<double>(cols + 8 * extremes)) / 2);
}

// Fields of two bits that are 0 or 3. Range  a multiple of 4 bytes
std::size_t count_extremes(std::span<const std::uint8_t> bytes) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint32_t)) {
    std::uint32_t fields = 0;
    std::memcpy(&fields, bytes.data() + i, sizeof fields);
    count += static_cast<std::size_t>(std::popcount(~(fields ^ fields >> 1U) & 0x55555555U));
  }
  return count;
}

void require_exact(std::size_t cols) {
  if (cols > PackedInt8::kMaxCols) {
    throw std::invalid_argument("TwoPlaneInt8: " + std::to_string(cols) +
                                " columns: sums are exact in int32 up to " +
                                std::to_string(PackedInt8::kMaxCols));
  }
}

// Codes of one block, times 4, one a byte.
void unpack_upper(const std::uint8_t* block, std::uint8_t* out) {
  const std::uint8_t* b1 = block + kBlockBytes;
  const std::uint8_t* b2 = block + 2 * kBlockBytes;
  for (std::size_t i = 0; i < 3 * kBlockBytes; ++i) {
    out[i] = static_cast<std::uint8_t>(block[i] << kLowBits);
  }
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    out[3 * kBlockBytes + i] = static_cast<std::uint8_t>((block[i] >> 4U & 0x0CU) |
                                                         (b1[i] >> 2U & 0x30U) | (b2[i] & 0xC0U));
  }
}

}  // namespace

TwoPlaneInt8::TwoPlaneInt8(std::size_t rows, std::size_t cols, std::pmr::memory_resource* memory)
    : rows_(rows),
      cols_(cols),
      upper_(std::pmr::vector<std::uint8_t>(packed_bytes(rows, cols).upper, std::uint8_t{kInt6Zero},
                                            memory)),
      lower_(std::pmr::vector<std::uint8_t>(packed_bytes(rows, cols).lower, memory)),
      norms_(rows) {
  require_exact(cols);
  // Code 32 everywhere: that of quad 3 has its only bit in the third byte.
  std::pmr::vector<std::uint8_t>& upper = upper_.own();
  for (std::size_t at = 2 * kBlockBytes; at < upper.size(); at += kInt6BlockBytes) {
    std::fill_n(upper.begin() + static_cast<std::ptrdiff_t>(at), kBlockBytes,
                std::uint8_t{kInt6Zero | kInt6Zero >> 4U << 6U});
  }
  std::ranges::fill(norms_, rounded_up(1.5 * std::sqrt(static_cast<double>(cols))));
}

TwoPlaneInt8::TwoPlaneInt8(Elements<std::uint8_t> upper, Elements<std::uint8_t> lower,
                           std::size_t rows, std::size_t cols)
    : rows_(rows), cols_(cols), upper_(std::move(upper)), lower_(std::move(lower)), norms_(rows) {
  require_exact(cols);
  const std::size_t n = lower_row_bytes();
  const std::size_t padding =
      padded_cols() - cols;  // zero bits, which lie as far from 1.5 as 3 does
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t extremes = count_extremes(lower_.span().subspan(r * n, n));
    norms_[r] = norm_of(std::max(extremes, padding) - padding, cols);
  }
}

TwoPlaneInt8::PlaneBytes TwoPlaneInt8::packed_bytes(std::size_t rows, std::size_t cols) {
  const std::size_t panels = (rows + kPanelRows - 1) / kPanelRows;
  const std::size_t blocks = (cols + kInt6BlockCols - 1) / kInt6BlockCols;
  return {.upper = panels * blocks * kInt6BlockBytes, .lower = rows * blocks * kInt6BlockCols / 4};
}

TwoPlaneInt8 TwoPlaneInt8::from_bytes(Elements<std::uint8_t> upper, Elements<std::uint8_t> lower,
                                      std::size_t rows, std::size_t cols) {
  const PlaneBytes bytes = packed_bytes(rows, cols);
  if (upper.size() != bytes.upper || lower.size() != bytes.lower) {
    throw std::invalid_argument(
        "has planes of " + std::to_string(upper.size()) + " and " + std::to_string(lower.size()) +
        " bytes where " + std::to_string(rows) + " x " + std::to_string(cols) + " int8 need " +
        std::to_string(bytes.upper) + " and " + std::to_string(bytes.lower));
  }
  return {std::move(upper), std::move(lower), rows, cols};
}

std::size_t TwoPlaneInt8::padded_cols() const { return blocks() * kInt6BlockCols; }

std::size_t TwoPlaneInt8::block_offset(std::size_t row, std::size_t col) const {
  return (row / kPanelRows * blocks() + col / kInt6BlockCols) * kInt6BlockBytes +
         row % kPanelRows * kQuadCols + col % kQuadCols;
}

void TwoPlaneInt8::set_row(std::size_t row, std::span<const std::int8_t> weights) {
  if (weights.size() != cols_) {
    throw std::invalid_argument("TwoPlaneInt8::set_row: " + std::to_string(weights.size()) +
                                " weights for a row of " + std::to_string(cols_));
  }
  const std::size_t n = lower_row_bytes();
  std::uint8_t* upper = upper_.own().data();
  std::uint8_t* lower = lower_.own().data() + row * n;
  std::fill_n(lower, n, std::uint8_t{0});
  std::size_t extremes = 0;  // lower bits 0 or 3
  for (std::size_t c = 0; c < cols_; ++c) {
    const auto code = static_cast<unsigned>(weights[c] + kInt8Zero);
    const unsigned low = code & kLowMask;
    write_code(upper + block_offset(row, c), c % kInt6BlockCols / kQuadCols, code >> kLowBits);
    lower[c % n] = static_cast<std::uint8_t>(lower[c % n] | low << (kLowBits * (c / n)));
    extremes += low == 0 || low == kLowMask ? 1 : 0;
  }
  norms_[row] = norm_of(extremes, cols_);
}

void TwoPlaneInt8::unpack_row(std::size_t row, std::span<std::int8_t> weights) const {
  const std::size_t n = lower_row_bytes();
  const std::uint8_t* lower = lower_.data() + row * n;
  for (std::size_t c = 0; c < cols_; ++c) {
    const unsigned code =
        read_code(upper_.data() + block_offset(row, c), c % kInt6BlockCols / kQuadCols);
    const unsigned low = lower[c % n] >> (kLowBits * (c / n)) & kLowMask;
    weights[c] = static_cast<std::int8_t>(static_cast<int>(code << kLowBits | low) - kInt8Zero);
  }
}

void TwoPlaneInt8::unpack_panels(std::size_t first, std::size_t count,
                                 std::span<std::uint8_t> codes) const {
  const std::size_t panel_codes = padded_cols() * kPanelRows;
  assert(first + count <= panels() && codes.size() >= count * panel_codes);
  const std::uint8_t* block = upper_.data() + first * blocks() * kInt6BlockBytes;
  for (std::size_t b = 0; b < count * blocks(); ++b) {
    unpack_upper(block + b * kInt6BlockBytes, codes.data() + b * kPanelRows * kInt6BlockCols);
  }
  // A quad of a row is one word in both layouts, because a row has whole blocks.
  const std::size_t words = lower_row_bytes() / kQuadCols;
  const std::size_t last = std::min(rows_, (first + count) * kPanelRows);
  for (std::size_t r = first * kPanelRows; r < last; ++r) {
    const std::uint8_t* lower = lower_.data() + r * lower_row_bytes();
    std::uint8_t* row =
        codes.data() + (r / kPanelRows - first) * panel_codes + r % kPanelRows * kQuadCols;
    for (std::size_t pair = 0; pair < 4; ++pair) {
      for (std::size_t i = 0; i < words; ++i) {
        std::uint8_t* quad = row + (pair * words + i) * kBlockBytes;
        std::uint32_t low = 0;
        std::uint32_t code = 0;
        std::memcpy(&low, lower + i * kQuadCols, sizeof low);
        std::memcpy(&code, quad, sizeof code);
        code |= low >> (kLowBits * pair) & 0x03030303U;
        std::memcpy(quad, &code, sizeof code);
      }
    }
  }
}

void TwoPlaneInt8::multiply_upper(const PanelKernels& kernels, std::size_t first, std::size_t count,
                                  const ActivationTiles& x, std::span<std::int32_t> sums,
                                  std::size_t stride) const {
  assert(first + count <= panels() && x.padded_cols() == padded_cols());
  const std::size_t panel_bytes = blocks() * kInt6BlockBytes;
  const std::size_t rows = std::min(rows_, (first + count) * kPanelRows) - first * kPanelRows;
  assert(stride >= rows && sums.size() >= (x.tokens() - 1) * stride + rows);
  kernels.int6({.panels = upper_.data() + first * panel_bytes,
                .panel_bytes = panel_bytes,
                .panel_begin = 0,
                .panel_end = count,
                .quads = padded_cols() / kQuadCols,
                .rows = rows,
                .x = x.tiles(),
                .x_sum = x.sums(),
                .tokens = x.tokens(),
                .y = sums.data(),
                .y_stride = stride});
}

TwoPlaneInt8::LowerSums TwoPlaneInt8::multiply_lower(std::size_t row,
                                                     std::span<const std::int16_t> x_first,
                                                     std::span<const std::int16_t> x_second) const {
  assert(x_first.size() == padded_cols() && x_second.size() == padded_cols());
  const std::size_t n = lower_row_bytes();
  const std::uint8_t* lower = lower_.data() + row * n;
  const std::int16_t* a = x_first.data();
  const std::int16_t* b = x_second.data();
  LowerSums sums{0, 0};
  for (std::size_t i = 0; i < n; ++i) {
    const auto l0 = static_cast<std::int16_t>(lower[i] & 3);
    const auto l1 = static_cast<std::int16_t>(lower[i] >> 2 & 3);
    const auto l2 = static_cast<std::int16_t>(lower[i] >> 4 & 3);
    const auto l3 = static_cast<std::int16_t>(lower[i] >> 6);
    // At most 4 * 3 * 128, so the compiler may stay within 16 bits.
    sums.first += static_cast<std::int16_t>(l0 * a[i] + l1 * a[n + i] + l2 * a[2 * n + i] +
                                            l3 * a[3 * n + i]);
    sums.second += static_cast<std::int16_t>(l0 * b[i] + l1 * b[n + i] + l2 * b[2 * n + i] +
                                             l3 * b[3 * n + i]);
  }
  return sums;
}

void TwoPlaneInt8::prefetch_lower(std::size_t row) const {
  const std::size_t n = lower_row_bytes();
  const std::uint8_t* lower = lower_.data() + row * n;
  for (std::size_t i = 0; i < n; i += kBlockBytes) __builtin_prefetch(lower + i);
}

}  // namespace sterna
