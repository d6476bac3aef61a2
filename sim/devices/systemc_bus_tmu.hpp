// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <future>
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
/// Jobs are timed beside what the caller does with the sums of start().
/// Construct every SystemC device of a process before the first job of any of them (systemc_kernel.hpp).
class SystemcBusTmu : public TmuDevice {
 public:
  /// `pool`, which outlives the device, computes the sums; nullptr: the caller's thread.
  /// Errors  std::invalid_argument from validate_on_bus(); those of require_new_systemc_modules()
  explicit SystemcBusTmu(const HardwareConfig& hardware, ThreadPool* pool = nullptr);
  ~SystemcBusTmu() override;

  [[nodiscard]] const HardwareConfig& hardware() const override { return hardware_; }
  void load(const WeightStreams& weights, const TmuCommand& command) override {
    values_.load(weights, command);
  }

  /// Errors  also std::invalid_argument when a task is illegal: on a bus that halts the unit
  std::vector<CommandReport> run(std::span<const TmuTask> tasks) override;
  std::future<std::vector<CommandReport>> start(std::span<const TmuTask> tasks) override;

 private:
  class Model;
  struct Job;

  std::vector<CommandReport> time(const Job& job);

  HardwareConfig hardware_;
  std::unique_ptr<Model> model_;
  JobValues values_;
  std::atomic<bool> ends_ = false;  // what waits need not be timed
};

}  // namespace sterna::sim
