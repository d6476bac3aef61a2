// SPDX-License-Identifier: Apache-2.0
#include "model/head/head_screen.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>

namespace sterna {
namespace {

// Rows that are passed over together: few groups hold one that stays.
constexpr std::size_t kGroupRows = 32;

bool any_reaches(std::span<const float> bounds, float threshold) {
  unsigned reached = 0;
  for (const float bound : bounds) reached |= bound >= threshold ? 1U : 0U;
  return reached != 0;
}

}  // namespace

RowBounds::RowBounds(std::span<const std::int16_t> high, std::span<const std::int16_t> low,
                     float divisor)
    : divisor_(divisor) {
  std::int64_t sum = 0;
  std::int64_t squares = 0;  // exact: up to 2^16 columns of 2^30
  std::int64_t magnitude = 0;
  for (std::size_t c = 0; c < high.size(); ++c) {
    const std::int64_t x = 256 * high[c] + low[c];
    sum += x;
    squares += x * x;
    magnitude += 256 * std::abs(high[c]) + std::abs(low[c]);
  }
  constexpr double kRoundedUp = 1 + 0x1p-20;  // also covers the rounding of norms * norm_
  center_ = static_cast<float>(1.5 * static_cast<double>(sum));
  norm_ = static_cast<float>(std::sqrt(static_cast<double>(squares)) * kRoundedUp);
  largest_sum_ = static_cast<float>(128.0 * static_cast<double>(magnitude));
  slack_ = static_cast<float>(128.0 * static_cast<double>(magnitude) * 0x1p-20);
}

void RowBounds::upper(const UpperSums& rows, std::span<float> upper) const {
  const std::int32_t* high = rows.high.data();
  const std::int32_t* low = rows.low.data();
  const float* norm = rows.norms.data();
  const float* scale = rows.scales.data();
  float* __restrict up = upper.data();
  for (std::size_t r = 0; r < upper.size(); ++r) {
    up[r] = (middle(high[r], low[r]) + radius(norm[r])) / divisor_ * scale[r];
  }
}

float RowBounds::lower(const UpperSums& rows, std::size_t r) const {
  return (middle(rows.high[r], rows.low[r]) - radius(rows.norms[r])) / divisor_ * rows.scales[r];
}

float RowBounds::largest_logit(float scale) const {
  // The radius: at most 1.5 * sqrt(2^16 columns) * |X| = 3 * 128 * |X|; the rest is just above 128 * |X|.
  return largest_sum_ * 8.0F / divisor_ * scale;
}

void RowSieve::reset(std::size_t count) {
  count_ = count;
  best_.clear();
  rows_.clear();
  threshold_ = -std::numeric_limits<float>::infinity();
}

void RowSieve::add(TokenId first, const UpperSums& rows, const RowBounds& bounds) {
  for (std::size_t begin = 0; begin < rows.high.size(); begin += kGroupRows) {
    const std::size_t count = std::min(kGroupRows, rows.high.size() - begin);
    add_group(first + static_cast<TokenId>(begin), rows.part(begin, count), bounds);
  }
}

void RowSieve::add_group(TokenId first, const UpperSums& rows, const RowBounds& bounds) {
  std::array<float, kGroupRows> room;
  const auto upper = std::span(room).first(rows.high.size());
  bounds.upper(rows, upper);
  if (!any_reaches(upper, threshold_)) return;
  for (std::size_t r = 0; r < upper.size(); ++r) {
    if (upper[r] < threshold_) continue;
    const float lower = bounds.lower(rows, r);
    rows_.push_back({.token = first + static_cast<TokenId>(r),
                     .high = rows.high[r],
                     .low = rows.low[r],
                     .lower = lower,
                     .upper = upper[r]});
    if (best_.size() < count_ || lower > threshold_) raise(lower);
  }
}

void RowSieve::raise(float lower) {
  if (best_.size() == count_) {
    std::ranges::pop_heap(best_, std::greater{});
    best_.back() = lower;
  } else {
    best_.push_back(lower);
  }
  std::ranges::push_heap(best_, std::greater{});
  if (best_.size() == count_) threshold_ = best_.front();
}

}  // namespace sterna
