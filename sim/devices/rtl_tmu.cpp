// SPDX-License-Identifier: Apache-2.0
#include "sim/devices/rtl_tmu.hpp"

#include "rtl/tmu_unit.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "sim/rtl/rtl_unit.hpp"
#include "sim/streams/rtl_job.hpp"

namespace sterna::sim {

RtlTmu::RtlTmu(const HardwareConfig& hardware, const StallPattern& stalls,
               const std::optional<WaveWindow>& waves)
    : hardware_((hardware.validate(), hardware)),
      memory_(hardware, stalls),
      unit_(open_rtl_unit(hardware.unit, waves ? RtlWaves::With : RtlWaves::Without)),
      waves_(waves) {}

RtlTmu::~RtlTmu() = default;

std::vector<CommandReport> RtlTmu::run(std::span<const TmuTask> tasks) {
  std::vector<CommandReport> reports = RtlJob(*unit_, memory_, hardware_.unit, tasks).run(waves_);
  check_against_lower_bound(hardware_, tasks, reports, memory_.moved_bytes());
  return reports;
}

}  // namespace sterna::sim
