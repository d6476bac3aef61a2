// SPDX-License-Identifier: Apache-2.0
#include "sim/devices/rtl_bus_tmu.hpp"

#include "sim/bus/bus_layout.hpp"
#include "sim/bus/rtl_bus_job.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "sim/job/job_plan.hpp"
#include "sim/rtl/rtl_unit.hpp"

namespace sterna::sim {

RtlBusTmu::RtlBusTmu(const HardwareConfig& hardware, const std::optional<WaveWindow>& waves)
    : hardware_((hardware.validate_on_bus(), hardware)),
      memory_(hardware),
      unit_(open_rtl_axi_unit(hardware, waves ? RtlWaves::With : RtlWaves::Without)),
      waves_(waves) {}

RtlBusTmu::~RtlBusTmu() = default;

std::vector<CommandReport> RtlBusTmu::run(std::span<const TmuTask> tasks) {
  require_legal(plan_job(hardware_.unit, tasks));
  if (tasks.empty()) return {};
  const BusLayout layout = lay_out_job(hardware_, tasks);
  RtlBusJob job(*unit_, memory_, hardware_, layout, tasks);
  std::vector<CommandReport> reports = job.run(waves_);
  check_against_lower_bound(hardware_, tasks, reports, job.moved_bytes());
  return reports;
}

}  // namespace sterna::sim
