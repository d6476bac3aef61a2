// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "sim/config/hardware.hpp"
#include "tests/sim/designs.hpp"

namespace sterna::sim {

/// What the RTL of a unit on its bus is built for. The units are those of tests/sim/designs.hpp.
struct BusDesign {
  const char* name;
  UnitConfig unit;
  std::uint32_t burst_beats;
  std::uint32_t dma_fifo_beats;
  std::uint32_t outstanding;
  std::uint32_t descriptors;
  std::uint32_t result_bits;
};

/// A unit that can skip columns.
[[nodiscard]] constexpr UnitConfig with_columns(UnitConfig unit, std::uint32_t words) {
  unit.column_words = words;
  return unit;
}

/// Another edge each: the smallest bursts and queues; wide words of results and one engine; edge's unit. All
/// can skip columns.
inline const BusDesign kBusDesigns[] = {
    {"odd", with_columns(kDesigns[0], 3), 4, 8, 3, 2, 256},
    {"narrow", with_columns(kDesigns[1], 2), 8, 16, 2, 8, 512},
    {"edge", with_columns(kDesigns[3], 8), 16, 64, 8, 4, 128},
};

inline void PrintTo(const BusDesign& design, std::ostream* out) { *out << design.name; }

/// The design with a memory that answers in the next cycle, at 1000 MHz.
inline HardwareConfig on_ideal_memory(const BusDesign& design) {
  constexpr std::uint32_t kMhz = 1000;
  HardwareConfig hardware{.name = design.name,
                          .clock_mhz = kMhz,
                          .weight_format = WeightFormat::T5,
                          .unit = design.unit,
                          .memory = {}};
  hardware.bus = BusConfig{.burst_beats = design.burst_beats,
                           .dma_fifo_beats = design.dma_fifo_beats,
                           .outstanding = design.outstanding,
                           .descriptors = design.descriptors,
                           .result_bits = design.result_bits,
                           .latency_ns = 0,
                           .dram = default_dram(dram_parts().front(), kMhz * 1000)};
  hardware.bus->dram.kind = DramKind::Ideal;
  return hardware;
}

}  // namespace sterna::sim
