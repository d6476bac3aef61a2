// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>

#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// tmu_column_scan.sv clock by clock: which columns' weights a command by columns wants, and when.
///
/// Protocol  each cycle of the command: the queries are of its start, pop() if a column has been added up,
///           then clock() ends it
class ColumnScan {
 public:
  /// The task has columns and outlives the command.
  void start(const TmuTask& task) {
    activations_ = task.activations;
    beats_ = task.command.beats;
    next_ = 0;
    wanted_ = queued_ = 0;
    popped_ = false;
    scanning_ = true;
  }
  void stop() {
    activations_ = {};
    next_ = 0;
    wanted_ = queued_ = 0;
    scanning_ = false;
  }

  [[nodiscard]] bool activation_ready() const {
    return next_ < activations_.size() && wanted_ == 0;
  }
  /// The first beat of a wanted column in the stream of any engine.
  [[nodiscard]] std::optional<std::uint64_t> wanted() const {
    if (wanted_ == 0 || queued_ == kQueue) return std::nullopt;
    const std::uint64_t column =
        next_ - kBeat + static_cast<std::uint64_t>(std::countr_zero(wanted_));
    return column * beats_;
  }
  /// An activation whose column is to be added up.
  [[nodiscard]] bool has_activation() const { return queued_ != 0; }
  /// No other follows those.
  [[nodiscard]] bool last() const { return next_ == activations_.size() && wanted_ == 0; }
  [[nodiscard]] bool found() const { return scanning_ && last(); }

  void pop() { popped_ = true; }

  /// `taken`: a beat of activations; `handed`: wanted(). Returns whether anything changed besides.
  bool clock(bool taken, bool handed) {
    const bool ends = found();
    if (ends) scanning_ = false;
    if (taken) {
      for (std::uint32_t k = 0; k < kBeat; ++k) {
        wanted_ |= std::uint32_t{activations_[next_ + k] != 0} << k;
      }
      next_ += kBeat;
    } else if (handed) {
      wanted_ &= wanted_ - 1;
    }
    queued_ += (handed ? 1U : 0U) - (popped_ ? 1U : 0U);
    popped_ = false;
    return ends;
  }

 private:
  static constexpr std::uint32_t kBeat = kActivationBeatBytes;
  static constexpr std::uint32_t kQueue = 32;  // tmu_pkg::COLUMN_QUEUE

  std::span<const std::int8_t> activations_;
  std::uint64_t beats_ = 0;   // of a column
  std::size_t next_ = 0;      // activation not yet taken
  std::uint32_t wanted_ = 0;  // of the beat before it, a bit a column
  std::uint32_t queued_ = 0;
  bool popped_ = false;
  bool scanning_ = false;
};

}  // namespace sterna::sim
