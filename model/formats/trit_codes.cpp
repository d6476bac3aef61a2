// SPDX-License-Identifier: Apache-2.0
#include "model/formats/trit_codes.hpp"

#include <atomic>
#include <utility>
#include <vector>

namespace sterna {
namespace {

void lower(std::atomic<std::size_t>& value, std::size_t to) {
  for (std::size_t old = value; to < old && !value.compare_exchange_weak(old, to);) {
  }
}

}  // namespace

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

}  // namespace sterna
