// SPDX-License-Identifier: Apache-2.0
#include "model/weights.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "model/float_formats.hpp"

namespace sterna {
namespace {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

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

}  // namespace

void VocabMatrix::read_row(std::size_t r, std::span<float> out) const {
  assert(r < rows && out.size() == cols);
  std::visit(Overloaded{[&](const std::pmr::vector<float>& wide) {
                          std::copy_n(wide.data() + r * cols, cols, out.begin());
                        },
                        [&](const std::pmr::vector<Bfloat16>& narrow) {
                          for (std::size_t c = 0; c < cols; ++c) {
                            out[c] = from_bfloat16(narrow[r * cols + c].bits);
                          }
                        },
                        [&](const ScaledInt8& int8) {
                          std::vector<std::int8_t> codes(cols);
                          int8.codes.unpack_row(r, codes);
                          for (std::size_t c = 0; c < cols; ++c) {
                            out[c] = static_cast<float>(codes[c]) * int8.scales[r];
                          }
                        }},
             values);
}

std::size_t VocabMatrix::bytes() const {
  return std::visit(
      Overloaded{
          [](const std::pmr::vector<float>& wide) { return wide.size() * sizeof(float); },
          [](const std::pmr::vector<Bfloat16>& narrow) { return narrow.size() * sizeof(Bfloat16); },
          [](const ScaledInt8& int8) {
            return int8.codes.bytes().size() + int8.scales.size() * sizeof(float);
          }},
      values);
}

ScaledInt8 round_to_int8(std::size_t rows, std::size_t cols, const RowReader& read_row,
                         std::pmr::memory_resource* memory, ThreadPool& pool) {
  ScaledInt8 int8{.codes = PackedInt8(rows, cols, memory), .scales = std::vector<float>(rows)};
  pool.parallel_for(
      rows,
      [&](std::size_t begin, std::size_t end) {
        std::vector<float> row(cols);
        std::vector<std::int8_t> codes(cols);
        for (std::size_t r = begin; r < end; ++r) {
          read_row(r, row);
          int8.scales[r] = round_row(row, codes);
          int8.codes.set_row(r, codes);
        }
      },
      kPanelRows);
  return int8;
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
