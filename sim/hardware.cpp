// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware.hpp"

#include <fmt/format.h>

namespace sterna::sim {
namespace {

constexpr std::uint32_t kLaneStep =
    80;  // one 16-byte t5 beat; t2 then fills whole activation beats
constexpr std::uint32_t kMaxLanes = 640;
constexpr double kMaxClockMhz = 10'000;
constexpr double kMinGbPerS = 0.001;
constexpr double kMaxGbPerS = 100'000;
constexpr double kMaxNs = 1e9;
constexpr double kMinRefreshCycles = 16;  // so that some whole cycle lies outside the refresh

void require_range(const char* field, std::uint32_t value, std::uint32_t low, std::uint32_t high) {
  if (value < low || value > high) {
    throw FieldError(field, fmt::format("is {}; it must be from {} to {}", value, low, high));
  }
}

void require_range(const char* field, double value, double low, double high, const char* unit) {
  if (!(value >= low && value <= high)) {  // also for NaN
    throw FieldError(field,
                     fmt::format("is {}; it must be from {} to {} {}", value, low, high, unit));
  }
}

void require_bandwidth(const char* field, double value) {
  require_range(field, value, kMinGbPerS, kMaxGbPerS, "GB/s");
}

void require_duration(const char* field, double value) {
  require_range(field, value, 0, kMaxNs, "ns");
}

}  // namespace

void UnitConfig::validate() const {
  if (lanes == 0 || lanes % kLaneStep != 0 || lanes > kMaxLanes) {
    throw FieldError("unit.lanes", fmt::format("is {}; it must be a multiple of {} from {} to {}",
                                               lanes, kLaneStep, kLaneStep, kMaxLanes));
  }
  require_range("unit.engines", engines, 1, 16);
  require_range("unit.slices", slices, 1, 8);
  require_range("unit.activation_words", activation_words, 2, 4096);
  require_range("unit.chunks", chunks, 1, 64);
  require_range("unit.weight_fifo_beats", weight_fifo_beats, 2, 64);
  require_range("unit.result_fifo_beats", result_fifo_beats, 2, 64);
}

void MemoryConfig::validate() const {
  require_bandwidth("memory.weight_gb_s", weight_gb_s);
  require_bandwidth("memory.activation_gb_s", activation_gb_s);
  require_bandwidth("memory.result_gb_s", result_gb_s);
  require_duration("memory.latency_ns", latency_ns);
  require_range("memory.window_beats", window_beats, 1, 1U << 16);
  require_duration("memory.refresh_interval_ns", refresh_interval_ns);
  require_duration("memory.refresh_ns", refresh_ns);
  if (refresh_interval_ns > 0 && refresh_ns > refresh_interval_ns / 2) {
    throw FieldError("memory.refresh_ns",
                     fmt::format("is {}; it must be at most half of refresh_interval_ns, {}",
                                 refresh_ns, refresh_interval_ns));
  }
}

void HardwareConfig::validate() const {
  if (name.empty()) throw FieldError("name", "is empty; give the design a name");
  require_range("clock_mhz", clock_mhz, 1, kMaxClockMhz, "MHz");
  unit.validate();
  memory.validate();
  const double shortest_ns = kMinRefreshCycles * 1000 / clock_mhz;
  if (memory.refresh_interval_ns > 0 && memory.refresh_interval_ns < shortest_ns) {
    throw FieldError("memory.refresh_interval_ns",
                     fmt::format("is {}; it must be 0 (no refresh) or at least {} clocks, {} ns",
                                 memory.refresh_interval_ns, kMinRefreshCycles, shortest_ns));
  }
}

}  // namespace sterna::sim
