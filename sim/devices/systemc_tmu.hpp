// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/config/hardware.hpp"
#include "sim/job/job_values.hpp"
#include "sim/job/tmu_device.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {

/// Whether a SystemC device of this design can be constructed now.
/// Errors  std::invalid_argument from validate(); std::runtime_error when the SystemC kernel of this
///         process has already run
void check_systemc_accepts(const HardwareConfig& hardware);

/// The SystemC model of the unit (tmu_model.hpp) as a device.
///
/// SystemC has one kernel a process, which accepts modules until it first runs: construct every
/// SystemcTmu of a process before the first run() of any of them.
class SystemcTmu : public TmuDevice {
 public:
  /// `pool`, which outlives the device, computes the sums; nullptr: the caller's thread.
  /// Errors  as check_systemc_accepts()
  explicit SystemcTmu(const HardwareConfig& hardware, const StallPattern& stalls = {},
                      ThreadPool* pool = nullptr);
  ~SystemcTmu() override;

  [[nodiscard]] const HardwareConfig& hardware() const override { return hardware_; }
  std::vector<CommandReport> run(std::span<const TmuTask> tasks) override;

 private:
  struct Modules;

  HardwareConfig hardware_;
  StreamMemory memory_;
  JobValues values_;
  std::unique_ptr<Modules> modules_;
};

}  // namespace sterna::sim
