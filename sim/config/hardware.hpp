// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/config/host_config.hpp"
#include "sim/dram/dram_config.hpp"
#include "sim/field_error.hpp"

namespace sterna::sim {

/// How weights are packed on the wire.
enum class WeightFormat : std::uint8_t { T5, T2 };

/// Of the activation stream: an int8 a byte.
inline constexpr std::uint32_t kActivationBeatBytes = 16;

/// Sizes of one ternary matrix unit; the names and legal values of docs/tmu.md.
struct UnitConfig {
  std::uint32_t lanes;
  std::uint32_t engines;
  std::uint32_t slices;
  std::uint32_t activation_words;
  std::uint32_t chunks;
  std::uint32_t weight_fifo_beats;
  std::uint32_t result_fifo_beats;
  /// Beats of a column whose rows an engine can add up side by side; 0: the unit cannot skip columns.
  std::uint32_t column_words = 0;

  [[nodiscard]] std::uint32_t beat_bytes() const { return lanes / 5; }
  [[nodiscard]] std::uint32_t trits_per_beat(WeightFormat format) const {
    return format == WeightFormat::T5 ? lanes : beat_bytes() * 4;
  }
  /// What the whole array adds up in a clock.
  [[nodiscard]] std::uint64_t macs_per_cycle(WeightFormat format) const {
    return std::uint64_t{trits_per_beat(format)} * engines * slices;
  }
  [[nodiscard]] std::uint32_t activation_beats_per_word(WeightFormat format) const {
    return trits_per_beat(format) / kActivationBeatBytes;
  }

  /// Throws FieldError naming the field, its value and what is legal.
  void validate() const;

  friend bool operator==(const UnitConfig&, const UnitConfig&) = default;
};

/// Timing of the memory behind the streams (stream_memory.hpp says how the fields are used).
struct MemoryConfig {
  double weight_gb_s;          // DRAM bandwidth for weights, shared evenly by the engines' ports
  double activation_gb_s;      // activation port
  double result_gb_s;          // result port
  double latency_ns;           // request to first byte
  std::uint32_t window_beats;  // beats a port may have requested and not yet handed over
  double refresh_interval_ns;  // tREFI; 0: no refresh
  double refresh_ns;           // tRFC: no data during this time

  void validate() const;

  friend bool operator==(const MemoryConfig&, const MemoryConfig&) = default;
};

/// The unit as a block of an SoC (docs/axi.md): sizes of its masters, and the memory that they share.
struct BusConfig {
  static constexpr std::uint32_t kAddressBits = 64;

  std::uint32_t burst_beats;     // most beats of a burst
  std::uint32_t dma_fifo_beats;  // that a read master has asked for and the unit has not taken
  std::uint32_t outstanding;     // bursts of a master without their last answer
  std::uint32_t descriptors;     // fetched and not started
  std::uint32_t result_bits;     // width of the write master's data
  double latency_ns;             // of the interconnect: added to each answer, a cycle at least
  DramConfig dram;               // dram.asker_khz is the design's clock

  [[nodiscard]] std::uint32_t word_bytes() const { return result_bits / 8; }
  [[nodiscard]] std::uint64_t latency_cycles(double clock_mhz) const;

  void validate() const;

  friend bool operator==(const BusConfig&, const BusConfig&) = default;
};

/// One design: what a configs/*.yaml file says. Every level reads this and nothing else.
struct HardwareConfig {
  std::string name;
  double clock_mhz;
  WeightFormat weight_format;
  UnitConfig unit;
  MemoryConfig memory;  // behind the streams of the bare unit; not looked at with a bus
  std::optional<BusConfig> bus = {};    // the unit on a bus
  std::optional<HostConfig> host = {};  // what drives it; for reports alone

  void validate() const;
  /// The same, and FieldError without a bus.
  void validate_on_bus() const;

  friend bool operator==(const HardwareConfig&, const HardwareConfig&) = default;

 private:
  void validate_bus() const;
};

}  // namespace sterna::sim
