// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace sterna::sim {

/// A value outside its legal range, found by a validate() below; the sentence names field, value
/// and what is legal.
class FieldError : public std::invalid_argument {
 public:
  FieldError(std::string field, const std::string& rest)
      : std::invalid_argument(field + " " + rest), field_(std::move(field)) {}

  /// Dotted, as in the file: "unit.lanes".
  [[nodiscard]] const std::string& field() const { return field_; }

 private:
  std::string field_;
};

/// How weights are packed on the wire.
enum class WeightFormat : std::uint8_t { T5, T2 };

/// Sizes of one ternary matrix unit; the names and legal values of docs/tmu.md.
struct UnitConfig {
  std::uint32_t lanes;
  std::uint32_t engines;
  std::uint32_t slices;
  std::uint32_t activation_words;
  std::uint32_t chunks;
  std::uint32_t weight_fifo_beats;
  std::uint32_t result_fifo_beats;

  [[nodiscard]] std::uint32_t beat_bytes() const { return lanes / 5; }
  [[nodiscard]] std::uint32_t trits_per_beat(WeightFormat format) const {
    return format == WeightFormat::T5 ? lanes : beat_bytes() * 4;
  }
  /// What the whole array adds up in a clock.
  [[nodiscard]] std::uint64_t macs_per_cycle(WeightFormat format) const {
    return std::uint64_t{trits_per_beat(format)} * engines * slices;
  }
  [[nodiscard]] std::uint32_t activation_beats_per_word(WeightFormat format) const {
    return trits_per_beat(format) / 16;
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

/// One design: what a configs/*.yaml file says. Every level reads this and nothing else.
struct HardwareConfig {
  std::string name;
  double clock_mhz;
  WeightFormat weight_format;
  UnitConfig unit;
  MemoryConfig memory;

  void validate() const;

  friend bool operator==(const HardwareConfig&, const HardwareConfig&) = default;
};

}  // namespace sterna::sim
