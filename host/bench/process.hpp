// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace sterna::host {

/// Name of this machine's CPU as /proc/cpuinfo has it; "unknown" where it has none.
[[nodiscard]] std::string cpu_name();

/// Highest resident memory of this process so far, the number that "VmHWM" in /proc/self/status has.
/// Processes that it started do not count.
[[nodiscard]] std::size_t peak_rss_bytes();

/// Processor time at one moment, of the machine and of this process.
struct CpuTimes {
  double machine_s;  // all CPUs, idle time included
  double busy_s;     // of that, not idle; time stolen by a hypervisor counts as busy
  double own_s;      // this process, its threads, user and system

  [[nodiscard]] static CpuTimes now();

  /// From the columns of the line "cpu" in /proc/stat.
  /// Units   columns in ticks, of which `ticks_a_second` make a second
  [[nodiscard]] static CpuTimes parse(const std::string& columns, double ticks_a_second,
                                      double own_s);
};

/// Share of the machine's processor time between two moments that others used, in 0..1; 0 where the
/// system does not tell.
[[nodiscard]] double foreign_cpu_share(const CpuTimes& before, const CpuTimes& after);

}  // namespace sterna::host
