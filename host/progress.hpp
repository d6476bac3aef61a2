// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace sterna::host {

/// One line on standard error that is written over, where standard error is a terminal; nothing
/// elsewhere.
class Progress {
 public:
  /// `wanted` false: silent, as --quiet asks.
  explicit Progress(bool wanted);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// Shows "what done/total", at most every 50 ms so that it costs nothing.
  void show(std::string_view what, std::size_t done, std::size_t total);

  /// Shows a line without a count at once.
  void show(std::string_view what);

  void clear();

 private:
  bool on_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace sterna::host
