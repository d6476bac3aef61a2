// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "kernels/packing/two_plane_int8.hpp"
#include "model/config.hpp"

namespace sterna {

/// A token that may come next, and its logit.
struct Candidate {
  TokenId token;
  float logit;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// More likely first; of equal logits the lower id.
[[nodiscard]] inline bool more_likely(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

/// Rows of which the sums of the upper bits are known. Shapes  (rows,) each   Range  scales >= 0
struct UpperSums {
  std::span<const std::int32_t> high;
  std::span<const std::int32_t> low;
  std::span<const float> norms;  // TwoPlaneInt8::lower_norms()
  std::span<const float> scales;

  [[nodiscard]] UpperSums part(std::size_t first, std::size_t count) const {
    return {high.subspan(first, count), low.subspan(first, count), norms.subspan(first, count),
            scales.subspan(first, count)};
  }
};

/// What bounds the logits of one hidden row while only the upper six bits of the weights are known.
///
/// With w = 4 * u + l and the row as digits X = 256 * high + low, the sum of a row of weights is
/// 4 * (256 * high_sum + low_sum) + sum l * X, and l is 1.5 but for a rest l' of known norm: the last
/// term is within |l'| * |X| of 1.5 * sum X (Cauchy-Schwarz).
class RowBounds {
 public:
  /// `high` and `low` are the digits of a row, (cols,), and `divisor` their scale (split_digits()).
  RowBounds(std::span<const std::int16_t> high, std::span<const std::int16_t> low, float divisor);

  /// The logit of row r that join_digits() of the exact sums gives is at least lower(rows, r) and at most
  /// upper[r], whatever its lower bits are.
  ///
  /// The bounds hold for the float that join_digits() computes, not only for the number it stands for:
  /// the roundings of the sums there and here come to less than 8 * 2^-24 of the largest sums there can
  /// be, and slack_ is 16 of it; division and scale come last on both sides, are the same operations, and
  /// round monotonically.
  /// Shapes  upper (rows,)
  void upper(const UpperSums& rows, std::span<float> upper) const;
  [[nodiscard]] float lower(const UpperSums& rows, std::size_t r) const;

  /// No logit or bound of a row with this scale is larger in magnitude; may be infinite.
  [[nodiscard]] float largest_logit(float scale) const;

 private:
  [[nodiscard]] float middle(std::int32_t high, std::int32_t low) const {
    return (static_cast<float>(high) * 256.0F + static_cast<float>(low)) * 4.0F + center_;
  }
  [[nodiscard]] float radius(float norm) const { return norm * norm_ + slack_; }

  float divisor_;
  float center_;  // 1.5 * sum X
  float norm_;    // of X, rounded up
  float largest_sum_;
  float slack_;
};

/// A row that may be among the most likely, with the exact sums of its upper bits.
struct ScreenedRow {
  TokenId token;
  std::int32_t high;
  std::int32_t low;
  float lower;
  float upper;
};

/// Rows of one thread that may be among the `count` most likely of all.
class RowSieve {
 public:
  /// Forgets all rows. Range  count > 0
  void reset(std::size_t count);

  /// Looks at rows first, first + 1, ...
  void add(TokenId first, const UpperSums& rows, const RowBounds& bounds);

  /// Every row seen that at most count - 1 of the rows seen certainly surpass, and some others.
  [[nodiscard]] std::span<const ScreenedRow> rows() const { return rows_; }

  /// The largest lower bounds seen, up to `count` of them, in no order.
  [[nodiscard]] std::span<const float> best() const { return best_; }

 private:
  void add_group(TokenId first, const UpperSums& rows, const RowBounds& bounds);
  void raise(float lower);

  std::size_t count_ = 0;
  std::vector<float> best_;  // the `count_` largest lower bounds, a heap with the least on top
  float threshold_ =
      -std::numeric_limits<float>::infinity();  // the least of them once there are so many
  std::vector<ScreenedRow> rows_;
};

}  // namespace sterna
