// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/config/hardware.hpp"

namespace sterna::host {

enum class Radix : std::uint8_t { Binary, Hex, Unsigned, Signed };

/// A signal of the Verilated RTL, or some neighbouring bits of one.
struct WaveSignal {
  std::string path;         // with its scopes, without a range
  std::uint32_t width = 0;  // bits; 0: a wire declared without a range
  Radix radix = Radix::Binary;
  std::string alias = {};        // shown instead of the path
  std::uint32_t part_lsb = 0;    // shown are part_width bits from this one
  std::uint32_t part_width = 0;  // 0: all of them
};

/// Signals that are looked at together.
struct WaveGroup {
  std::string name;
  std::vector<WaveSignal> signals;
  bool closed = false;
};

/// The signals of a design that tell what it does, in the order of the data's way.
[[nodiscard]] std::vector<WaveGroup> wave_groups(const sim::HardwareConfig& hardware);

}  // namespace sterna::host
