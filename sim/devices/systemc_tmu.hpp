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

/// The SystemC model of the unit (tmu_model.hpp) as a device.
///
/// Construct every SystemC device of a process before the first job of any of them (systemc_kernel.hpp).
class SystemcTmu : public TmuDevice {
 public:
  /// `pool`, which outlives the device, computes the sums; nullptr: the caller's thread.
  /// Errors  std::invalid_argument from validate(); those of require_new_systemc_modules()
  explicit SystemcTmu(const HardwareConfig& hardware, const StallPattern& stalls = {},
                      ThreadPool* pool = nullptr);
  ~SystemcTmu() override;

  [[nodiscard]] const HardwareConfig& hardware() const override { return hardware_; }
  void load(const WeightStreams& weights, const TmuCommand& command) override {
    values_.load(weights, command);
  }
  std::vector<CommandReport> run(std::span<const TmuTask> tasks) override;

 private:
  struct Modules;

  std::vector<CommandReport> run_job(std::span<const TmuTask> tasks);

  HardwareConfig hardware_;
  StreamMemory memory_;
  JobValues values_;
  std::unique_ptr<Modules> modules_;
};

}  // namespace sterna::sim
