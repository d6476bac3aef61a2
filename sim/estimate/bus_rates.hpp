// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// What the memory of a unit on its bus keeps up with, for as long as one likes.
struct BusRates {
  double
      weight_beat;  // cycles between weight beats of an engine when all engines take what comes; at least 1
  double result_byte;  // cycles by which a byte of results in between delays them,
  double
      results;  // for so many bytes a weight beat of an engine; more come at the rate of the weights
  double
      activation_beat;  // cycles between activation beats while no weights are fetched; at least 1
  double
      startup;  // cycles by which the first reads of a job, all at once, take longer than one alone
};

/// The rates of a design, from the model itself: no closed form of a controller that reorders exists. Short jobs
/// of one token run on the timing of the SystemC model (bus_timing.hpp), once for each bus, DRAM, clock, number
/// of engines and width of a beat in a process; what else a design has does not matter.
///
/// Cost    of the first call for such a design: some ten milliseconds
/// Thread  safe; the reference stays valid
[[nodiscard]] const BusRates& bus_rates(const HardwareConfig& hardware);

}  // namespace sterna::sim
