// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

#include "rtl/wave_time.hpp"

namespace sterna::sim {

/// Cycles of a job on the RTL whose waves go to a file.
struct WaveWindow {
  static constexpr std::uint64_t kCyclePs = kTraceCyclePs;  // cycle c is drawn at c * kCyclePs
  static constexpr std::uint64_t kEnd = std::numeric_limits<std::uint64_t>::max();

  std::string file;         // FST; every job writes it again
  std::uint64_t start = 0;  // cycles [start, stop); a job that ends before writes nothing
  std::uint64_t stop = kEnd;
};

/// Starts and stops the waves of one job on a unit (TmuUnit or TmuAxiUnit) that may have none to write.
template <typename Unit>
class WaveRecorder {
 public:
  /// Both outlive the recorder.
  WaveRecorder(Unit& unit, const std::optional<WaveWindow>& window)
      : unit_(unit), window_(window ? &*window : nullptr) {}
  WaveRecorder(const WaveRecorder&) = delete;
  WaveRecorder& operator=(const WaveRecorder&) = delete;
  ~WaveRecorder() {
    if (window_ != nullptr) unit_.stop_trace();
  }

  /// Before every cycle of the job, in order, with its number.
  /// Errors  std::runtime_error when the file cannot be written or the library has no waves
  void before(std::uint64_t cycle) {
    if (window_ == nullptr) return;
    if (cycle == window_->stop) unit_.stop_trace();
    if (cycle == window_->start && !unit_.start_trace(window_->file.c_str(), cycle)) {
      throw std::runtime_error("cannot write waves to " + window_->file);
    }
  }

 private:
  Unit& unit_;
  const WaveWindow* window_;
};

}  // namespace sterna::sim
