// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// How fast a unit on its bus adds columns up, for as long as one likes.
struct ColumnRates {
  double column;        // cycles a column that is asked for, those left out counted
  double startup;       // cycles from the accept cycle on, besides
  double result_stall;  // cycles a row group while the sums are gathered, beyond one
};

/// The rates of a command by columns of which a share is not zero, from the model itself, for the reason that
/// bus_rates() gives: short columns that lie apart are read as fast as banks, queues and latency let them. Jobs of
/// a few thousand columns, drawn by a fixed seed, run on the timing of the SystemC model once for each design,
/// rows, format and share, to a 64th; between these the time is proportional to the share.
///
/// Cost    of the first call for such a command: some hundred milliseconds
/// Thread  safe
[[nodiscard]] ColumnRates column_rates(const HardwareConfig& hardware, const TmuCommand& command,
                                       std::uint32_t nonzero_columns);

}  // namespace sterna::sim
