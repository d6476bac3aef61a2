// SPDX-License-Identifier: Apache-2.0
#include "model/head/head_screen.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>

namespace sterna {

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

void RowBounds::bound(std::span<const std::int32_t> high_sums,
                      std::span<const std::int32_t> low_sums, std::span<const float> norms,
                      std::span<const float> scales, std::span<float> lower,
                      std::span<float> upper) const {
  const std::size_t rows = high_sums.size();
  const std::int32_t* high = high_sums.data();
  const std::int32_t* low = low_sums.data();
  const float* norm = norms.data();
  const float* scale = scales.data();
  float* __restrict down = lower.data();
  float* __restrict up = upper.data();
  for (std::size_t r = 0; r < rows; ++r) {
    const float known = (static_cast<float>(high[r]) * 256.0F + static_cast<float>(low[r])) * 4.0F;
    const float middle = known + center_;
    const float radius = norm[r] * norm_ + slack_;
    down[r] = (middle - radius) / divisor_ * scale[r];
    up[r] = (middle + radius) / divisor_ * scale[r];
  }
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

void RowSieve::add(TokenId first, std::span<const std::int32_t> high,
                   std::span<const std::int32_t> low, std::span<const float> lower,
                   std::span<const float> upper) {
  for (std::size_t r = 0; r < upper.size(); ++r) {
    if (upper[r] < threshold_) continue;
    rows_.push_back({.token = first + static_cast<TokenId>(r),
                     .high = high[r],
                     .low = low[r],
                     .lower = lower[r],
                     .upper = upper[r]});
    if (best_.size() < count_ || lower[r] > threshold_) raise(lower[r]);
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
