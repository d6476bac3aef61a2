// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <sys/types.h>

#include "kernels/limits/machine_limits.hpp"

namespace sterna::host {

/// The limits of all threads together, and of one.
struct BenchLimits {
  MachineLimits all;
  MachineLimits one;
};

/// The higher of two measurements, rate by rate.
[[nodiscard]] BenchLimits best_of(const BenchLimits& a, const BenchLimits& b);

/// Measures the limits in a process of its own, so that the memory it reads is no part of this
/// process's peak.
///
/// Timing  make it while this process has one thread: it is a fork()
class LimitsProcess {
 public:
  /// Errors  std::runtime_error when the system gives no process
  LimitsProcess(unsigned threads, const std::string& isa);
  ~LimitsProcess();
  LimitsProcess(const LimitsProcess&) = delete;
  LimitsProcess& operator=(const LimitsProcess&) = delete;

  /// Measures now; takes two seconds, in which this process should be idle.
  /// Errors  std::runtime_error when the process died or had too little memory
  [[nodiscard]] BenchLimits measure();

 private:
  pid_t child_ = -1;
  int socket_ = -1;
};

}  // namespace sterna::host
