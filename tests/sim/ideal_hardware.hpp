// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// 1000 MHz, so a nanosecond is a cycle; every stream can move a beat a cycle.
inline HardwareConfig ideal_hardware(std::uint32_t result_fifo_beats) {
  return {.name = "ideal",
          .clock_mhz = 1000,
          .weight_format = WeightFormat::T5,
          .unit = {.lanes = 80,
                   .engines = 2,
                   .slices = 2,
                   .activation_words = 16,
                   .chunks = 4,
                   .weight_fifo_beats = 2,
                   .result_fifo_beats = result_fifo_beats},
          .memory = {.weight_gb_s = 32,
                     .activation_gb_s = 16,
                     .result_gb_s = 16,
                     .latency_ns = 0,
                     .window_beats = 64,
                     .refresh_interval_ns = 0,
                     .refresh_ns = 0}};
}

}  // namespace sterna::sim
