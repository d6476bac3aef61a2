// SPDX-License-Identifier: Apache-2.0
#include "model/output_head.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "model/float_kernels.hpp"
#include "model/ops.hpp"

namespace sterna {
namespace {

// Rows that stay in the cache while all tokens use them.
constexpr std::size_t kChunkRows = 256;

// Multiply-adds that are worth another thread (as in transformer.cpp).
constexpr std::size_t kWorthWaking = 1U << 16;

}  // namespace

OutputHead::OutputHead(const VocabMatrix& matrix, std::size_t max_tokens, ThreadPool& pool)
    : matrix_(matrix), pool_(pool), kernels_(panel_kernels()) {
  if (std::holds_alternative<ScaledInt8>(matrix.values)) {
    scales_.resize(max_tokens);
    sums_.resize(pool.threads() * 2 * max_tokens * kChunkRows);
  }
}

void OutputHead::multiply(std::span<const float> normed, std::size_t tokens,
                          std::span<float> logits) {
  if (const auto* int8 = std::get_if<ScaledInt8>(&matrix_.values)) {
    multiply_int8(*int8, normed, tokens, logits);
  } else {
    multiply_floats(normed, tokens, logits);
  }
}

void OutputHead::multiply_floats(std::span<const float> normed, std::size_t tokens,
                                 std::span<float> logits) {
  const std::size_t hidden = matrix_.cols;
  pool_.parallel_for(
      matrix_.rows,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; r += kChunkRows) {
          const std::size_t rows = std::min(kChunkRows, end - r);
          for (std::size_t t = 0; t < tokens; ++t) {
            multiply_rows(matrix_, r, normed.subspan(t * hidden, hidden),
                          logits.subspan(t * matrix_.rows + r, rows));
          }
        }
      },
      std::max<std::size_t>(1, kWorthWaking / (tokens * hidden)));
}

// digits_, scales_ = both digits and the scale of every row.
void OutputHead::split(std::span<const float> normed, std::size_t tokens) {
  const std::size_t hidden = matrix_.cols;
  digits_.resize(2 * tokens, (hidden + kQuadCols - 1) / kQuadCols * kQuadCols);
  std::atomic<bool> finite{true};
  pool_.parallel_for(
      tokens,
      [&](std::size_t begin, std::size_t end) {
        std::vector<std::int8_t> high(hidden);
        std::vector<std::int8_t> low(hidden);
        for (std::size_t t = begin; t < end; ++t) {
          scales_[t] = split_digits(normed.subspan(t * hidden, hidden), high, low);
          if (scales_[t] == 0.0F) finite = false;
          digits_.set(2 * t, high);
          digits_.set(2 * t + 1, low);
        }
      },
      kTileTokens);
  if (!finite) {
    throw std::runtime_error(
        "an activation is infinite or not a number: the weights of this model overflow float32");
  }
}

void OutputHead::multiply_int8(const ScaledInt8& head, std::span<const float> normed,
                               std::size_t tokens, std::span<float> logits) {
  split(normed, tokens);
  constexpr std::size_t kChunkPanels = kChunkRows / kPanelRows;
  const std::size_t chunk_sums = 2 * tokens * kChunkRows;
  pool_.parallel_chunks(
      head.codes.panels(),
      [&](std::size_t begin, std::size_t end, unsigned thread) {
        const auto sums = std::span(sums_).subspan(thread * chunk_sums, chunk_sums);
        for (std::size_t panel = begin; panel < end; panel += kChunkPanels) {
          const Int8Panels part =
              head.codes.panels_from(panel, std::min(kChunkPanels, end - panel));
          sterna::multiply_int8(kernels_, part, digits_, sums, kChunkRows);
          const std::size_t first = panel * kPanelRows;
          for (std::size_t t = 0; t < tokens; ++t) {
            const std::int32_t* high = sums.data() + 2 * t * kChunkRows;
            active_float_kernels().join_digits(high, high + kChunkRows, part.rows, scales_[t],
                                               head.scales.data() + first,
                                               logits.data() + t * matrix_.rows + first);
          }
        }
      },
      kChunkPanels);
}

}  // namespace sterna
