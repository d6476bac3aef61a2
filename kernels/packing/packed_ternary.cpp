// SPDX-License-Identifier: Apache-2.0
#include "kernels/packing/packed_ternary.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace sterna {
namespace {

// Four trits of a row as they lie in memory, one a byte.
std::uint32_t load_quad(const Trit* trits) {
  std::uint32_t quad = 0;
  std::memcpy(&quad, trits, sizeof quad);
  return quad;
}

constexpr std::uint32_t kOnes = 0x01010101U;  // one in each of four bytes
constexpr std::uint32_t kCodeMask = 3 * kOnes;

// Codes of four trits. A byte holds trit + 1 in the low two bits of a sum that carries into the next
// byte only when the byte is not a trit, and then `bad` gets a bit.
std::uint32_t quad_codes(std::uint32_t quad, std::uint32_t& bad) {
  // Add 1 to each byte without carries between bytes.
  const std::uint32_t low = (quad & 0x7F7F7F7FU) + kOnes;
  const std::uint32_t codes = low ^ (quad & 0x80808080U);
  bad |= codes & ~kCodeMask;            // above 3, or negative after adding one
  bad |= codes & (codes >> 1) & kOnes;  // code 3: a weight of 2
  return codes;
}

std::size_t row_offset(std::size_t row, std::size_t blocks) {
  return row / kPanelRows * blocks * kBlockBytes + row % kPanelRows * kQuadCols;
}

// First byte with a code of 3 in one of its four fields; the number of bytes when there is none.
std::size_t find_code_3(std::span<const std::uint8_t> bytes) {
  // A page at a time, without a branch inside, is as fast as memory.
  constexpr std::size_t kStep = 4096;
  for (std::size_t begin = 0; begin < bytes.size(); begin += kStep) {
    const auto part = bytes.subspan(begin, std::min(kStep, bytes.size() - begin));
    unsigned bad = 0;
    for (const std::uint8_t byte : part) bad |= byte & (byte >> 1U) & kT2ZeroByte;
    if (bad == 0) continue;
    const auto first = std::find_if(part.begin(), part.end(), [](std::uint8_t byte) {
      return (byte & (byte >> 1U) & kT2ZeroByte) != 0;
    });
    return begin + static_cast<std::size_t>(first - part.begin());
  }
  return bytes.size();
}

[[noreturn]] void refuse_trit(std::size_t row, std::span<const Trit> trits) {
  const auto bad = std::find_if(trits.begin(), trits.end(), [](Trit t) { return t < -1 || t > 1; });
  throw std::invalid_argument("PackedTernary: weight " + std::to_string(*bad) + " at row " +
                              std::to_string(row) + ", column " +
                              std::to_string(bad - trits.begin()) + " is not -1, 0 or 1");
}

}  // namespace

PackedTernary::PackedTernary(std::size_t rows, std::size_t cols, std::pmr::memory_resource* memory)
    : rows_(rows),
      cols_(cols),
      blocks_((cols + kTernaryBlockCols - 1) / kTernaryBlockCols),
      bytes_(std::pmr::vector<std::uint8_t>(packed_bytes(rows, cols), kT2ZeroByte, memory)) {}

PackedTernary::PackedTernary(Elements<std::uint8_t> bytes, std::size_t rows, std::size_t cols)
    : rows_(rows),
      cols_(cols),
      blocks_((cols + kTernaryBlockCols - 1) / kTernaryBlockCols),
      bytes_(std::move(bytes)) {}

std::size_t PackedTernary::packed_bytes(std::size_t rows, std::size_t cols) {
  const std::size_t panels = (rows + kPanelRows - 1) / kPanelRows;
  return panels * ((cols + kTernaryBlockCols - 1) / kTernaryBlockCols) * kBlockBytes;
}

PackedTernary PackedTernary::from_bytes(Elements<std::uint8_t> bytes, std::size_t rows,
                                        std::size_t cols) {
  if (bytes.size() != packed_bytes(rows, cols)) {
    throw std::invalid_argument("has " + std::to_string(bytes.size()) + " bytes where " +
                                std::to_string(rows) + " x " + std::to_string(cols) +
                                " packed trits need " + std::to_string(packed_bytes(rows, cols)));
  }
  if (const std::size_t bad = find_code_3(bytes.span()); bad < bytes.size()) {
    const std::size_t block = bad / kBlockBytes;
    const std::size_t blocks = (cols + kTernaryBlockCols - 1) / kTernaryBlockCols;
    const std::size_t row = block / blocks * kPanelRows + bad % kBlockBytes / kQuadCols;
    throw std::invalid_argument("holds code 3, which is no trit, for row " + std::to_string(row) +
                                ", columns " + std::to_string(block % blocks * kTernaryBlockCols) +
                                " and following");
  }
  return {std::move(bytes), rows, cols};
}

PackedTernary::PackedTernary(std::span<const Trit> trits, std::size_t rows, std::size_t cols,
                             std::pmr::memory_resource* memory)
    : PackedTernary(rows, cols, memory) {
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
  std::uint8_t* out = bytes_.own().data() + row_offset(row, blocks_);
  std::uint32_t bad = 0;
  const auto pack_block = [&](const Trit* block, std::uint8_t* to) {
    std::uint32_t packed = 0;
    for (unsigned quad = 0; quad < 4; ++quad) {
      packed |= quad_codes(load_quad(block + quad * kQuadCols), bad) << (kT2Bits * quad);
    }
    std::memcpy(to, &packed, sizeof packed);
  };
  const std::size_t whole = cols_ / kTernaryBlockCols;
  for (std::size_t b = 0; b < whole; ++b) {
    pack_block(trits.data() + b * kTernaryBlockCols, out + b * kBlockBytes);
  }
  if (whole < blocks_) {
    std::array<Trit, kTernaryBlockCols> last{};
    std::copy(trits.begin() + static_cast<std::ptrdiff_t>(whole * kTernaryBlockCols), trits.end(),
              last.begin());
    pack_block(last.data(), out + whole * kBlockBytes);
  }
  if (bad != 0) refuse_trit(row, trits);
}

void PackedTernary::unpack_row(std::size_t row, std::span<Trit> trits) const {
  const std::uint8_t* in = bytes_.data() + row_offset(row, blocks_);
  const auto unpack_block = [](const std::uint8_t* from, Trit* block) {
    std::uint32_t packed = 0;
    std::memcpy(&packed, from, sizeof packed);
    for (unsigned quad = 0; quad < 4; ++quad) {
      const std::uint32_t codes = packed >> (kT2Bits * quad) & kCodeMask;
      // One less in each byte: the set upper bits keep a borrow within its byte.
      const std::uint32_t less = ((codes | 0x80808080U) - kOnes) ^ 0x80808080U;
      std::memcpy(block + quad * kQuadCols, &less, sizeof less);
    }
  };
  const std::size_t whole = cols_ / kTernaryBlockCols;
  for (std::size_t b = 0; b < whole; ++b) {
    unpack_block(in + b * kBlockBytes, trits.data() + b * kTernaryBlockCols);
  }
  if (whole < blocks_) {
    std::array<Trit, kTernaryBlockCols> last;
    unpack_block(in + whole * kBlockBytes, last.data());
    std::copy_n(last.begin(), cols_ - whole * kTernaryBlockCols,
                trits.begin() + static_cast<std::ptrdiff_t>(whole * kTernaryBlockCols));
  }
}

}  // namespace sterna
