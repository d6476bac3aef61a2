// SPDX-License-Identifier: Apache-2.0
#include "host/progress.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace sterna::host {

Progress::Progress(bool wanted) : on_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::string_view what, std::size_t done, std::size_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (!on_ || (shown_ && done < total && now - last_ < std::chrono::milliseconds(50))) return;
  last_ = now;
  show(fmt::format("{} {}/{}", what, done, total));
}

void Progress::show(std::string_view what) {
  if (!on_) return;
  fmt::print(stderr, "\r\x1b[K{}", what);
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace sterna::host
