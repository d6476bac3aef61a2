// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <numeric>

namespace sterna::sim {

/// Exact conversion between the cycles of an asker and the clocks of a DRAM part.
///
/// Both start at the same instant 0. Cycle c begins at c / asker, clock d at d / dram.
///
/// Range  cycles and clocks up to 2^40, frequencies up to 10^7 kHz: no product overflows
class ClockRatio {
 public:
  ClockRatio(std::uint64_t asker_khz, std::uint64_t dram_khz)
      : asker_(asker_khz / std::gcd(asker_khz, dram_khz)),
        dram_(dram_khz / std::gcd(asker_khz, dram_khz)),
        per_asker_(1.0 / static_cast<double>(asker_)),
        per_dram_(1.0 / static_cast<double>(dram_)) {}

  /// The first clock that begins not before `cycle` begins.
  [[nodiscard]] std::uint64_t to_clock(std::uint64_t cycle) const {
    const Quotient q = divide(cycle * dram_, asker_, per_asker_);
    return q.whole + (q.rest > 0 ? 1 : 0);
  }

  /// The first cycle that begins not before `clock` begins.
  [[nodiscard]] std::uint64_t to_cycle(std::uint64_t clock) const {
    const Quotient q = divide(clock * asker_, dram_, per_dram_);
    return q.whole + (q.rest > 0 ? 1 : 0);
  }

  /// The first cycle c with to_clock(c) > clock: from it on, what was decided at `clock` is past.
  [[nodiscard]] std::uint64_t cycle_after(std::uint64_t clock) const {
    return divide(clock * asker_, dram_, per_dram_).whole + 1;
  }

  /// to_cycle() of clocks that lie `gap` apart, one after the other, without divisions.
  class Walk {
   public:
    [[nodiscard]] std::uint64_t cycle() const { return whole_ + (rest_ > 0 ? 1 : 0); }
    void step() {
      whole_ += gap_whole_;
      rest_ += gap_rest_;
      if (rest_ >= by_) {
        rest_ -= by_;
        ++whole_;
      }
    }

   private:
    friend class ClockRatio;
    std::uint64_t whole_;
    std::uint64_t rest_;
    std::uint64_t gap_whole_;
    std::uint64_t gap_rest_;
    std::uint64_t by_;
  };
  [[nodiscard]] Walk walk(std::uint64_t clock, std::uint64_t gap) const {
    const Quotient at = divide(clock * asker_, dram_, per_dram_);
    const Quotient step = divide(gap * asker_, dram_, per_dram_);
    Walk result;
    result.whole_ = at.whole;
    result.rest_ = at.rest;
    result.gap_whole_ = step.whole;
    result.gap_rest_ = step.rest;
    result.by_ = dram_;
    return result;
  }

 private:
  struct Quotient {
    std::uint64_t whole;
    std::uint64_t rest;
  };

  /// A hardware division of 64 bits costs more than all else in a conversion; the floating-point
  /// product is off by at most one for n < 2^52 and the remainder puts it right for every n.
  static Quotient divide(std::uint64_t n, std::uint64_t by, double reciprocal) {
    auto whole = static_cast<std::uint64_t>(static_cast<double>(n) * reciprocal);
    auto rest = static_cast<std::int64_t>(n - whole * by);
    while (rest < 0) {
      --whole;
      rest += static_cast<std::int64_t>(by);
    }
    while (rest >= static_cast<std::int64_t>(by)) {
      ++whole;
      rest -= static_cast<std::int64_t>(by);
    }
    return {whole, static_cast<std::uint64_t>(rest)};
  }

  std::uint64_t asker_;  // reduced: asker : dram
  std::uint64_t dram_;
  double per_asker_;
  double per_dram_;
};

}  // namespace sterna::sim
