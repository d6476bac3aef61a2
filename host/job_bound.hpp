// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/hardware.hpp"
#include "sim/tmu_device.hpp"

namespace sterna::host {

/// Cycles below which no unit of a design can do a job, in closed form.
///
/// The larger of what the unit must do one after the other (for each command: accept, load one
/// activation beat a cycle, issue one slot a cycle, the pipeline, respond) and of the time in which
/// the weight ports can deliver the job's beats. Weights of a later command may come while an earlier
/// one computes, so the second is taken over the whole job.
class JobBound {
 public:
  explicit JobBound(const sim::HardwareConfig& hardware) : hardware_(&hardware) {}

  void add(const sim::TmuCommand& command);

  [[nodiscard]] std::uint64_t cycles() const;

 private:
  const sim::HardwareConfig* hardware_;
  std::uint64_t unit_cycles_ = 0;
  std::uint64_t weight_beats_ = 0;  // of engine 0, which has the most rows
};

}  // namespace sterna::host
