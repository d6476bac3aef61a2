// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/thread_pool.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/job_values.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// The SystemC model of the unit on its bus (docs/axi.md), with the DRAM behind it, as a device.
///
/// Timing  bus_timing.hpp; done_cycle of a report is that of the completion record's answer + 1
/// Trust   sums and reports equal those of the Verilated tmu_axi (tests/sim/bus/bus_cosimulation_test.cpp)
/// Construct every SystemC device of a process before the first run() of any of them (systemc_tmu.hpp).
class SystemcBusTmu : public TmuDevice {
 public:
  /// `pool`, which outlives the device, computes the sums, beside the timing where that takes time; nullptr: one
  /// thread does.
  /// Errors  as check_systemc_accepts()
  explicit SystemcBusTmu(const HardwareConfig& hardware, ThreadPool* pool = nullptr);
  ~SystemcBusTmu() override;

  [[nodiscard]] const HardwareConfig& hardware() const override { return hardware_; }

  /// Errors  also std::invalid_argument when a task is illegal: on a bus that halts the unit
  std::vector<CommandReport> run(std::span<const TmuTask> tasks) override;

 private:
  class Model;

  HardwareConfig hardware_;
  std::unique_ptr<Model> model_;
  JobValues values_;
};

}  // namespace sterna::sim
