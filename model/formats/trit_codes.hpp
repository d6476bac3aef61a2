// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory_resource>
#include <span>

#include "kernels/packing/packed_ternary.hpp"
#include "kernels/thread_pool.hpp"

namespace sterna {

/// trits = the codes at bits shift+1..shift of the bytes, less one; false when one of them is 3, which
/// is no trit.
/// Shapes  bytes (n,), trits (n,)
inline bool extract_codes(std::span<const std::byte> bytes, unsigned shift, std::span<Trit> trits) {
  unsigned bad = 0;
  for (std::size_t c = 0; c < bytes.size(); ++c) {
    const unsigned code = (std::to_integer<unsigned>(bytes[c]) >> shift) & 3U;
    bad |= code & (code >> 1);
    trits[c] = static_cast<Trit>(static_cast<int>(code) - 1);
  }
  return bad == 0;
}

/// Writes row `r` into `trits`, shape (cols,); false when it holds something that is no trit.
using TritReader = std::function<bool(std::size_t r, std::span<Trit> trits)>;

/// A matrix of rows that were read, and the first that could not be (`rows` when all could).
struct PackedRows {
  PackedTernary trits;
  std::size_t first_bad;
};

/// Reads all rows, several at the same time, straight into their panels.
[[nodiscard]] PackedRows pack_rows(std::size_t rows, std::size_t cols, const TritReader& read_row,
                                   std::pmr::memory_resource* memory, ThreadPool& pool);

}  // namespace sterna
