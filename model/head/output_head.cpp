// SPDX-License-Identifier: Apache-2.0
#include "model/head/output_head.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <iterator>
#include <stdexcept>

#include "model/attention/float_kernels.hpp"
#include "model/ops.hpp"

namespace sterna {
namespace {

// Rows that stay in the cache while all tokens use them.
constexpr std::size_t kChunkRows = 256;
constexpr std::size_t kChunkPanels = kChunkRows / kPanelRows;

// The same where the rows are unpacked first: 160 KiB of codes and 640 KiB of floats at 2560 columns, which
// stay in the second cache.
constexpr std::size_t kUnpackedPanels = 4;
constexpr std::size_t kUnpackedRows = 64;

// Rows lie apart that are rescored: how far ahead of its use one is asked for.
constexpr std::size_t kRowsAhead = 2;

// Asks for what is wanted after a product of `rows`, too little for the CPU to have foreseen it.
void prefetch(std::span<const float> rows) {
  constexpr std::size_t kLineFloats = 64 / sizeof(float);
  for (std::size_t i = 0; i < rows.size(); i += kLineFloats) __builtin_prefetch(rows.data() + i);
}

// Rows [first, first + rows) of a matrix, as floats in memory.
VocabMatrix unpacked_rows(const VocabMatrix& matrix, std::size_t first, std::size_t rows) {
  std::pmr::vector<float> floats(rows * matrix.cols);
  for (std::size_t r = 0; r < rows; ++r) {
    matrix.read_row(first + r, std::span(floats).subspan(r * matrix.cols, matrix.cols));
  }
  return {.rows = rows, .cols = matrix.cols, .values = Elements(std::move(floats))};
}

}  // namespace

OutputHead::OutputHead(const VocabMatrix& matrix, std::size_t max_tokens, ThreadPool& pool)
    : matrix_(matrix), pool_(pool), kernels_(panel_kernels()) {
  const auto* planes = std::get_if<PlanedInt8>(&matrix.values);
  if (planes != nullptr || std::holds_alternative<ScaledInt8>(matrix.values)) {
    scales_.resize(max_tokens);
    sums_.resize(std::size_t{2} * pool.threads() * max_tokens * kChunkRows);
  }
  if (planes == nullptr) return;
  codes_.resize(pool.threads());
  sieves_.resize(pool.threads());
  wide_digits_.resize(2 * planes->codes.padded_cols());
  for (const float scale : planes->scales) largest_scale_ = std::max(largest_scale_, scale);
}

void OutputHead::multiply(std::span<const float> normed, std::size_t tokens,
                          std::span<float> logits) {
  if (const auto* int8 = std::get_if<ScaledInt8>(&matrix_.values)) {
    split(normed, tokens);
    multiply_codes(int8->scales, kChunkPanels, tokens, logits,
                   [&](std::size_t first, std::size_t count, unsigned) {
                     return int8->codes.panels_from(first, count);
                   });
  } else if (const auto* planes = std::get_if<PlanedInt8>(&matrix_.values)) {
    split(normed, tokens);
    multiply_planes(*planes, tokens, logits);
  } else {
    multiply_floats(normed, tokens, logits);
  }
}

void OutputHead::multiply_floats(std::span<const float> normed, std::size_t tokens,
                                 std::span<float> logits) {
  const std::size_t hidden = matrix_.cols;
  const bool in_place = std::holds_alternative<RowsInPlace>(matrix_.values);
  const std::size_t chunk_rows = in_place ? kUnpackedRows : kChunkRows;
  pool_.parallel_for(
      matrix_.rows,
      [&](std::size_t begin, std::size_t end) {
        VocabMatrix unpacked;
        for (std::size_t r = begin; r < end; r += chunk_rows) {
          const std::size_t rows = std::min(chunk_rows, end - r);
          if (in_place) unpacked = unpacked_rows(matrix_, r, rows);
          for (std::size_t t = 0; t < tokens; ++t) {
            multiply_rows(in_place ? unpacked : matrix_, in_place ? 0 : r,
                          normed.subspan(t * hidden, hidden),
                          logits.subspan(t * matrix_.rows + r, rows));
          }
        }
      },
      ThreadPool::grain_of(tokens * hidden));
}

// digits_, scales_ = both digits and the scale of every row.
void OutputHead::split(std::span<const float> normed, std::size_t tokens) {
  const std::size_t hidden = matrix_.cols;
  const auto* planes = std::get_if<PlanedInt8>(&matrix_.values);
  digits_.resize(2 * tokens, planes != nullptr ? planes->codes.padded_cols()
                                               : (hidden + kQuadCols - 1) / kQuadCols * kQuadCols);
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
  if (!finite) refuse_infinite_activation();
}

// logits of the rows in digits_. panels_of(first, count, thread) gives int8 codes of `chunk_panels`
// panels at most.
template <typename PanelsOf>
void OutputHead::multiply_codes(std::span<const float> scales, std::size_t chunk_panels,
                                std::size_t tokens, std::span<float> logits,
                                const PanelsOf& panels_of) {
  const std::size_t chunk_sums = 2 * tokens * kChunkRows;
  pool_.parallel_chunks(
      (matrix_.rows + kPanelRows - 1) / kPanelRows,
      [&](std::size_t begin, std::size_t end, unsigned thread) {
        const auto sums = std::span(sums_).subspan(thread * chunk_sums, chunk_sums);
        for (std::size_t panel = begin; panel < end; panel += chunk_panels) {
          const Int8Panels part = panels_of(panel, std::min(chunk_panels, end - panel), thread);
          const std::size_t first = panel * kPanelRows;
          prefetch(scales.subspan(first, part.rows));
          sterna::multiply_int8(kernels_, part, digits_, sums, kChunkRows);
          for (std::size_t t = 0; t < tokens; ++t) {
            const std::int32_t* high = sums.data() + 2 * t * kChunkRows;
            active_float_kernels().join_digits(high, high + kChunkRows, part.rows, scales_[t],
                                               scales.data() + first,
                                               logits.data() + t * matrix_.rows + first);
          }
        }
      },
      chunk_panels);
}

// All eight bits of every row: the codes of a few panels at a time are put together again.
void OutputHead::multiply_planes(const PlanedInt8& head, std::size_t tokens,
                                 std::span<float> logits) {
  const std::size_t panel_codes = head.codes.padded_cols() * kPanelRows;
  multiply_codes(head.scales, kUnpackedPanels, tokens, logits,
                 [&](std::size_t first, std::size_t count, unsigned thread) {
                   std::vector<std::uint8_t>& codes = codes_[thread];
                   codes.resize(kUnpackedPanels * panel_codes);
                   head.codes.unpack_panels(first, count, codes);
                   const std::size_t rows = matrix_.rows - first * kPanelRows;
                   return Int8Panels{.bytes = codes.data(),
                                     .panel_bytes = panel_codes,
                                     .rows = std::min(rows, count * kPanelRows),
                                     .quads = head.codes.padded_cols() / kQuadCols};
                 });
}

void OutputHead::top(std::span<const float> normed, std::size_t count,
                     std::vector<Candidate>& out) {
  const auto* planes = std::get_if<PlanedInt8>(&matrix_.values);
  if (planes != nullptr && count < matrix_.rows) {
    split(normed, 1);
    const RowBounds bounds = widen_digits();
    // Else bounds might be NaN, and whether a logit is finite is up to all rows.
    if (std::isfinite(bounds.largest_logit(std::max(largest_scale_, 1.0F)))) {
      const float least = screen(*planes, bounds, count);
      return top_by_planes(*planes, count, least, out);
    }
  }
  top_of_all(normed, count, out);
}

// wide_digits_ = both digits of the one row in digits_.
RowBounds OutputHead::widen_digits() {
  const std::size_t cols = digits_.padded_cols();
  const std::int8_t* quad = digits_.tiles();
  for (std::size_t c = 0; c < cols; c += kQuadCols, quad += 2 * kQuadCols) {
    std::copy_n(quad, kQuadCols, wide_digits_.data() + c);
    std::copy_n(quad + kQuadCols, kQuadCols, wide_digits_.data() + cols + c);
  }
  return {std::span(wide_digits_).first(cols), std::span(wide_digits_).last(cols), scales_[0]};
}

// rows_ = every row that may be one of the `count` most likely, by its upper bits. Returns the least of the
// `count` largest lower bounds.
float OutputHead::screen(const PlanedInt8& head, const RowBounds& bounds, std::size_t count) {
  for (RowSieve& sieve : sieves_) sieve.reset(count);
  pool_.parallel_chunks(
      head.codes.panels(),
      [&](std::size_t begin, std::size_t end, unsigned thread) {
        const auto sums =
            std::span(sums_).subspan(std::size_t{2} * thread * kChunkRows, 2 * kChunkRows);
        for (std::size_t panel = begin; panel < end; panel += kChunkPanels) {
          const std::size_t panels = std::min(kChunkPanels, end - panel);
          const std::size_t first = panel * kPanelRows;
          const std::size_t rows = std::min(matrix_.rows - first, panels * kPanelRows);
          const UpperSums part{.high = sums.first(rows),
                               .low = sums.subspan(kChunkRows, rows),
                               .norms = head.codes.lower_norms().subspan(first, rows),
                               .scales = std::span(head.scales).subspan(first, rows)};
          prefetch(part.norms);
          prefetch(part.scales);
          head.codes.multiply_upper(kernels_, panel, panels, digits_, sums, kChunkRows);
          sieves_[thread].add(static_cast<TokenId>(first), part, bounds);
        }
      },
      kChunkPanels);
  return gather_rows(count);
}

// A sieve knew only what its own thread had seen so far.
float OutputHead::gather_rows(std::size_t count) {
  best_.clear();
  for (const RowSieve& sieve : sieves_) {
    best_.insert(best_.end(), sieve.best().begin(), sieve.best().end());
  }
  const auto last = best_.begin() + static_cast<std::ptrdiff_t>(count) - 1;
  std::nth_element(best_.begin(), last, best_.end(), std::greater{});
  rows_.clear();
  for (const RowSieve& sieve : sieves_) {
    std::ranges::copy_if(sieve.rows(), std::back_inserter(rows_),
                         [&](const ScreenedRow& row) { return row.upper >= *last; });
  }
  return *last;
}

// The rows whose lower bounds are the `count` largest, `least` and up, are rescored first: the `count`-th of
// their logits is a threshold far above the least of their bounds, and leaves few others.
void OutputHead::top_by_planes(const PlanedInt8& head, std::size_t count, float least,
                               std::vector<Candidate>& out) {
  const auto at = [](auto& v, std::size_t i) { return v.begin() + static_cast<std::ptrdiff_t>(i); };
  const auto others = std::partition(rows_.begin(), rows_.end(),
                                     [&](const ScreenedRow& row) { return row.lower >= least; });
  const auto first = static_cast<std::size_t>(others - rows_.begin());
  out.resize(first);
  rescore(head, std::span(rows_).first(first), out);
  std::nth_element(out.begin(), at(out, count - 1), out.end(), more_likely);
  const float threshold = out[count - 1].logit;
  const auto end = std::remove_if(others, rows_.end(),
                                  [&](const ScreenedRow& row) { return row.upper < threshold; });
  rows_.erase(end, rows_.end());
  out.resize(rows_.size());
  rescore(head, std::span(rows_).subspan(first), std::span(out).subspan(first));
  std::partial_sort(out.begin(), at(out, count), out.end(), more_likely);
  out.resize(count);
  rescored_.of += matrix_.rows;
  rescored_.rescored += rows_.size();
}

// candidates[i] = rows[i] with its logit, exact.
void OutputHead::rescore(const PlanedInt8& head, std::span<const ScreenedRow> rows,
                         std::span<Candidate> candidates) {
  const std::size_t cols = head.codes.padded_cols();
  const auto high_digits = std::span(wide_digits_).first(cols);
  const auto low_digits = std::span(wide_digits_).last(cols);
  pool_.parallel_for(
      rows.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          const ScreenedRow& row = rows[i];
          if (i + kRowsAhead < end) head.codes.prefetch_lower(rows[i + kRowsAhead].token);
          const auto lower = head.codes.multiply_lower(row.token, high_digits, low_digits);
          const std::int32_t high = 4 * row.high + lower.first;
          const std::int32_t low = 4 * row.low + lower.second;
          candidates[i].token = row.token;
          active_float_kernels().join_digits(&high, &low, 1, scales_[0], &head.scales[row.token],
                                             &candidates[i].logit);
        }
      },
      ThreadPool::grain_of(2 * cols));
}

void OutputHead::top_of_all(std::span<const float> normed, std::size_t count,
                            std::vector<Candidate>& out) {
  all_logits_.resize(matrix_.rows);
  multiply(normed, 1, all_logits_);
  out.resize(matrix_.rows);
  for (std::size_t r = 0; r < matrix_.rows; ++r) {
    if (!std::isfinite(all_logits_[r])) {
      throw std::runtime_error("a logit is infinite or not a number: this model overflows float32");
    }
    out[r] = {.token = static_cast<TokenId>(r), .logit = all_logits_[r]};
  }
  const std::size_t kept = std::min(count, out.size());
  std::partial_sort(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(kept), out.end(),
                    more_likely);
  out.resize(kept);
  rescored_.of += matrix_.rows;
  rescored_.rescored += matrix_.rows;
}

}  // namespace sterna
