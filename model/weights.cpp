// SPDX-License-Identifier: Apache-2.0
#include "model/weights.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "model/formats/float_formats.hpp"

namespace sterna {
namespace {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

// Rounds one row; returns its scale.
float round_row(std::span<const float> row, std::span<std::int8_t> codes) {
  float largest = 0.0F;
  for (const float value : row) largest = std::max(largest, std::abs(value));
  if (!(largest > 0.0F)) {
    std::fill(codes.begin(), codes.end(), std::int8_t{0});
    return 0.0F;
  }
  const float scale = largest / 127.0F;
  for (std::size_t c = 0; c < row.size(); ++c) {
    codes[c] =
        static_cast<std::int8_t>(std::clamp(std::nearbyint(row[c] / scale), -127.0F, 127.0F));
  }
  return scale;
}

// Rounds every row of a matrix of codes and scales.
template <typename Matrix>
void round_rows(const RowReader& read_row, ThreadPool& pool, Matrix& out) {
  pool.parallel_for(
      out.codes.rows(),
      [&](std::size_t begin, std::size_t end) {
        std::vector<float> row(out.codes.cols());
        std::vector<std::int8_t> codes(out.codes.cols());
        for (std::size_t r = begin; r < end; ++r) {
          read_row(r, row);
          out.scales[r] = round_row(row, codes);
          out.codes.set_row(r, codes);
        }
      },
      kPanelRows);
}

// Reads row `r` of a matrix of codes and scales.
template <typename Matrix>
void read_rounded(const Matrix& matrix, std::size_t r, std::span<float> out) {
  std::vector<std::int8_t> codes(out.size());
  matrix.codes.unpack_row(r, codes);
  for (std::size_t c = 0; c < out.size(); ++c) {
    out[c] = static_cast<float>(codes[c]) * matrix.scales[r];
  }
}

}  // namespace

void VocabMatrix::read_row(std::size_t r, std::span<float> out) const {
  assert(r < rows && out.size() == cols);
  std::visit(Overloaded{[&](const Elements<float>& wide) {
                          std::copy_n(wide.data() + r * cols, cols, out.begin());
                        },
                        [&](const Elements<Bfloat16>& narrow) {
                          for (std::size_t c = 0; c < cols; ++c) {
                            out[c] = from_bfloat16(narrow[r * cols + c].bits);
                          }
                        },
                        [&](const RowsInPlace& in_place) { in_place.read_row(r, out); },
                        [&](const ScaledInt8& int8) { read_rounded(int8, r, out); },
                        [&](const PlanedInt8& planes) { read_rounded(planes, r, out); }},
             values);
}

std::size_t VocabMatrix::bytes() const {
  return std::visit(
      Overloaded{[](const Elements<float>& wide) { return wide.size() * sizeof(float); },
                 [](const Elements<Bfloat16>& narrow) { return narrow.size() * sizeof(Bfloat16); },
                 [](const RowsInPlace& in_place) { return in_place.bytes; },
                 [](const ScaledInt8& int8) {
                   return int8.codes.bytes().size() + int8.scales.size() * sizeof(float);
                 },
                 [](const PlanedInt8& planes) {
                   return planes.codes.upper().size() + planes.codes.lower().size() +
                          planes.scales.size() * sizeof(float);
                 }},
      values);
}

ScaledInt8 round_to_int8(std::size_t rows, std::size_t cols, const RowReader& read_row,
                         std::pmr::memory_resource* memory, ThreadPool& pool) {
  ScaledInt8 int8{.codes = PackedInt8(rows, cols, memory), .scales = std::vector<float>(rows)};
  round_rows(read_row, pool, int8);
  return int8;
}

PlanedInt8 round_to_planes(std::size_t rows, std::size_t cols, const RowReader& read_row,
                           std::pmr::memory_resource* memory, ThreadPool& pool) {
  PlanedInt8 planes{.codes = TwoPlaneInt8(rows, cols, memory), .scales = std::vector<float>(rows)};
  round_rows(read_row, pool, planes);
  return planes;
}

std::size_t ModelWeights::ternary_bytes() const {
  std::size_t bytes = 0;
  for (const LayerWeights& w : layers) {
    for (const TernaryLinear* m : {&w.q, &w.k, &w.v, &w.o, &w.gate, &w.up, &w.down}) {
      bytes += m->trits.bytes().size();
    }
  }
  return bytes;
}

}  // namespace sterna
