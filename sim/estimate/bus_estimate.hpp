// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "sim/config/hardware.hpp"
#include "sim/estimate/bus_rates.hpp"
#include "sim/estimate/job_estimate.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// estimate_job() of a design with a bus: the steps of docs/axi.md around the commands, streams at the rates that
/// the memory keeps up with. By columns the time to add them up is that of a job of this command alone.
/// Shape  nonzero_columns (commands,), of those by columns; empty when there are none
[[nodiscard]] JobEstimate estimate_bus_job(const HardwareConfig& hardware, const BusRates& rates,
                                           std::span<const TmuCommand> commands,
                                           const Repeat& repeat = {},
                                           std::span<const std::uint32_t> nonzero_columns = {});

}  // namespace sterna::sim
