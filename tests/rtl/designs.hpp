// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <ostream>

#include "rtl/tmu_unit.hpp"
#include "sim/hardware.hpp"

namespace sterna {

/// The designs that the RTL tests run on; those of tests/sim/cosimulation_test.cpp, so that one build of
/// each serves both. Each has another edge: sizes that are no powers of two, one engine, one slice and
/// one chunk, wide lanes, the shallowest FIFOs; the last is configs/edge.yaml.
inline constexpr sim::UnitConfig kDesigns[] = {
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

/// A unit of this design after reset, from its library (built if the cache does not hold it).
/// Errors  std::runtime_error when the library cannot be built or loaded
[[nodiscard]] std::unique_ptr<TmuUnit> make_unit(const sim::UnitConfig& design);

}  // namespace sterna

namespace sterna::sim {
/// Names a design in test output: LanesxEnginesxSlices.
inline void PrintTo(const UnitConfig& design, std::ostream* out) {
  *out << design.lanes << "x" << design.engines << "x" << design.slices;
}
}  // namespace sterna::sim
