// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>

#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// The designs that cosimulation and the tests of the RTL run on: one build of each serves both. Each has
/// another edge: sizes that are no powers of two, one engine, one slice and one chunk, wide lanes, the
/// shallowest FIFOs; the last is configs/edge.yaml.
inline constexpr UnitConfig kDesigns[] = {
    {.lanes = 80,
     .engines = 3,
     .slices = 2,
     .activation_words = 24,
     .chunks = 5,
     .weight_fifo_beats = 2,
     .result_fifo_beats = 2},
    {.lanes = 160,
     .engines = 1,
     .slices = 3,
     .activation_words = 12,
     .chunks = 4,
     .weight_fifo_beats = 4,
     .result_fifo_beats = 3},
    {.lanes = 80,
     .engines = 4,
     .slices = 1,
     .activation_words = 9,
     .chunks = 1,
     .weight_fifo_beats = 3,
     .result_fifo_beats = 7},
    {.lanes = 80,
     .engines = 4,
     .slices = 2,
     .activation_words = 512,
     .chunks = 32,
     .weight_fifo_beats = 16,
     .result_fifo_beats = 16},
};

/// Names a design in test output: LanesxEnginesxSlices.
inline void PrintTo(const UnitConfig& design, std::ostream* out) {
  *out << design.lanes << "x" << design.engines << "x" << design.slices;
}

}  // namespace sterna::sim
