// SPDX-License-Identifier: Apache-2.0
#include "model/formats/float_matrix.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "model/formats/mapped_file.hpp"

namespace sterna {
namespace {

// So many rows at a time are copied before the file's pages are given back: their bytes, some MiB.
constexpr std::size_t kSliceRows = 1024;

std::span<const std::byte> bytes_of_rows(const FloatMatrix& matrix, std::size_t begin,
                                         std::size_t end) {
  const std::size_t row_bytes = matrix.bytes.size() / matrix.rows;
  return matrix.bytes.subspan(begin * row_bytes, (end - begin) * row_bytes);
}

// Calls `body(row, floats)` for every row, in parallel.
template <typename Body>
void for_each_row(const FloatMatrix& matrix, ThreadPool& pool, const Body& body) {
  pool.parallel_for(matrix.rows, [&](std::size_t begin, std::size_t end) {
    std::vector<float> row(matrix.cols);
    for (std::size_t r = begin; r < end; ++r) {
      matrix.read_row(r, row);
      body(r, std::span<const float>(row));
      if ((r + 1) % kSliceRows == 0 || r + 1 == end) {
        release_pages(bytes_of_rows(matrix, std::max(begin, r / kSliceRows * kSliceRows), r + 1));
      }
    }
  });
}

Bfloat16 upper_half(float value) {
  return {static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16)};
}

bool fits_bfloat16(const FloatMatrix& matrix, ThreadPool& pool) {
  std::atomic<bool> fits{true};
  for_each_row(matrix, pool, [&](std::size_t, std::span<const float> row) {
    std::uint32_t lost = 0;
    for (const float value : row) lost |= std::bit_cast<std::uint32_t>(value) & 0xFFFFU;
    if (lost != 0) fits = false;
  });
  return fits;
}

std::pmr::vector<Bfloat16> narrowed(const FloatMatrix& matrix, std::pmr::memory_resource* memory,
                                    ThreadPool& pool) {
  std::pmr::vector<Bfloat16> out(matrix.rows * matrix.cols, memory);
  for_each_row(matrix, pool, [&](std::size_t r, std::span<const float> row) {
    std::transform(row.begin(), row.end(), out.data() + r * matrix.cols, upper_half);
  });
  return out;
}

std::pmr::vector<float> widened(const FloatMatrix& matrix, std::pmr::memory_resource* memory,
                                ThreadPool& pool) {
  std::pmr::vector<float> out(matrix.rows * matrix.cols, memory);
  for_each_row(matrix, pool, [&](std::size_t r, std::span<const float> row) {
    std::copy(row.begin(), row.end(), out.data() + r * matrix.cols);
  });
  return out;
}

}  // namespace

VocabMatrix keep_matrix(const FloatMatrix& matrix, HeadForm head, std::pmr::memory_resource* memory,
                        ThreadPool& pool) {
  VocabMatrix kept{.rows = matrix.rows, .cols = matrix.cols, .values = {}};
  if (head == HeadForm::Int8) {
    kept.values = round_to_int8(matrix.rows, matrix.cols, matrix.read_row, memory, pool);
  } else if (head == HeadForm::Int6) {
    kept.values = round_to_planes(matrix.rows, matrix.cols, matrix.read_row, memory, pool);
  } else if (matrix.form == FloatForm::Bf16 ||
             (matrix.form == FloatForm::F16 && fits_bfloat16(matrix, pool))) {
    kept.values = Elements(narrowed(matrix, memory, pool));
  } else if (matrix.form == FloatForm::F32) {
    kept.values = Elements(widened(matrix, memory, pool));
  } else {
    kept.values = RowsInPlace{.read_row = matrix.read_row, .bytes = matrix.bytes.size()};
  }
  release_pages(matrix.bytes);
  return kept;
}

}  // namespace sterna
