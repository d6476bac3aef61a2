// SPDX-License-Identifier: Apache-2.0
#include "sim/config/hardware.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

namespace sterna::sim {
namespace {

constexpr std::uint32_t kLaneStep =
    80;  // one 16-byte t5 beat; t2 then fills whole activation beats
constexpr std::uint32_t kMaxLanes = 640;
constexpr std::uint32_t kMaxColumnWords = 32;
constexpr double kMaxClockMhz = 10'000;
constexpr double kMinGbPerS = 0.001;
constexpr double kMaxGbPerS = 100'000;
constexpr double kMaxNs = 1e9;
constexpr double kMinRefreshCycles = 16;  // so that some whole cycle lies outside the refresh

void require_bandwidth(const char* field, double value) {
  require_range(field, value, kMinGbPerS, kMaxGbPerS, " GB/s");
}

void require_duration(const char* field, double value) {
  require_range(field, value, 0, kMaxNs, " ns");
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
  require_range("unit.column_words", column_words, 0, kMaxColumnWords);
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

std::uint64_t BusConfig::latency_cycles(double clock_mhz) const {
  return std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(latency_ns * clock_mhz / 1000)));
}

void BusConfig::validate() const {
  if (!std::has_single_bit(burst_beats) || burst_beats < 2 || burst_beats > 256) {
    throw FieldError("bus.burst_beats",
                     fmt::format("is {}; it must be a power of two from 2 to 256", burst_beats));
  }
  require_range("bus.dma_fifo_beats", dma_fifo_beats, burst_beats, 1U << 14);
  require_range("bus.outstanding", outstanding, 2, 256);
  require_range("bus.descriptors", descriptors, 2, 8);
  if (result_bits != 128 && result_bits != 256 && result_bits != 512 && result_bits != 1024) {
    throw FieldError("bus.result_bits",
                     fmt::format("is {}; it must be 128, 256, 512 or 1024", result_bits));
  }
  require_duration("bus.latency_ns", latency_ns);
  dram.validate();
}

void HardwareConfig::validate_bus() const {
  constexpr std::uint32_t kPageBytes = 4096;  // that no AXI4 burst crosses
  bus->validate();
  // The text of a whole number of kHz may lie an ulp beside it in MHz.
  if (std::abs(clock_mhz * 1000 - bus->dram.asker_khz) > 1e-6) {
    throw FieldError(
        "clock_mhz",
        fmt::format("is {}; on a bus it must be a whole number of kHz, the clock of its "
                    "DRAM's asker: {}",
                    clock_mhz, bus->dram.asker_khz / 1000.0));
  }
  if (!std::has_single_bit(unit.beat_bytes())) {
    throw FieldError("unit.lanes", fmt::format("is {}; on a bus it must be 80, 160, 320 or 640, so "
                                               "that a weight beat is a legal data width",
                                               unit.lanes));
  }
  const std::uint32_t widest = std::max({unit.beat_bytes(), bus->result_bits / 8, 16U});
  if (bus->burst_beats * widest > kPageBytes) {
    throw FieldError(
        "bus.burst_beats",
        fmt::format("is {}; times the widest data bus, {} bytes, it must be at most {}",
                    bus->burst_beats, widest, kPageBytes));
  }
}

void HardwareConfig::validate_on_bus() const {
  if (!bus) throw FieldError("bus", "is missing; give the design a bus");
  validate();
}

void HardwareConfig::validate() const {
  if (name.empty()) throw FieldError("name", "is empty; give the design a name");
  require_range("clock_mhz", clock_mhz, 1, kMaxClockMhz, " MHz");
  unit.validate();
  if (host) host->validate();
  if (bus) return validate_bus();
  if (unit.column_words != 0) {
    throw FieldError(
        "unit.column_words",
        fmt::format("is {}; without a bus it must be 0: the unit asks a bus for the columns "
                    "that it wants",
                    unit.column_words));
  }
  memory.validate();
  const double shortest_ns = kMinRefreshCycles * 1000 / clock_mhz;
  if (memory.refresh_interval_ns > 0 && memory.refresh_interval_ns < shortest_ns) {
    throw FieldError("memory.refresh_interval_ns",
                     fmt::format("is {}; it must be 0 (no refresh) or at least {} clocks, {} ns",
                                 memory.refresh_interval_ns, kMinRefreshCycles, shortest_ns));
  }
}

}  // namespace sterna::sim
