// SPDX-License-Identifier: Apache-2.0
#include "host/bench/process.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

namespace sterna::host {
namespace {

/// The rest of the first line of `file` that begins with `key`, blanks and the colon cut; or nothing.
std::string field(const char* file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t start = line.find_first_not_of(": \t", key.size());
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

}  // namespace

std::string cpu_name() {
  for (const char* key : {"model name", "Hardware", "CPU part"}) {
    std::string name = field("/proc/cpuinfo", key);
    if (!name.empty()) return name;
  }
  return "unknown";
}

std::size_t peak_rss_bytes() {
  const std::string text = field("/proc/self/status", "VmHWM");
  if (!text.empty()) return std::stoull(text) * 1024;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

CpuTimes CpuTimes::now() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return parse(field("/proc/stat", "cpu"), static_cast<double>(::sysconf(_SC_CLK_TCK)),
               seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

CpuTimes CpuTimes::parse(const std::string& columns, double ticks_a_second, double own_s) {
  CpuTimes times{0.0, 0.0, own_s};
  std::istringstream words(columns);
  // user nice system idle iowait irq softirq steal; guest time, which follows, is in user already.
  double ticks = 0.0;
  for (int column = 0; column < 8 && words >> ticks; ++column) {
    const bool idle = column == 3 || column == 4;
    times.machine_s += ticks / ticks_a_second;
    if (!idle) times.busy_s += ticks / ticks_a_second;
  }
  return times;
}

double foreign_cpu_share(const CpuTimes& before, const CpuTimes& after) {
  const double machine = after.machine_s - before.machine_s;
  if (machine <= 0.0) return 0.0;
  const double foreign = (after.busy_s - before.busy_s) - (after.own_s - before.own_s);
  return std::clamp(foreign / machine, 0.0, 1.0);
}

}  // namespace sterna::host
