// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "rtl/axi/tmu_axi_unit.hpp"
#include "sim/bus/bus_memory.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"
#include "sim/job/wave_window.hpp"

namespace sterna::sim {

/// The Verilated RTL of the unit on its bus (docs/axi.md), with the DRAM behind it, as a device: every
/// clock is simulated.
///
/// Timing  done_cycle of a report is that of the completion record's answer + 1
class RtlBusTmu : public TmuDevice {
 public:
  /// Builds the design's library first if no earlier process has (rtl_library.hpp); with `waves` that of
  /// the design with waves.
  /// Errors  std::invalid_argument from validate(), or without hardware.bus; std::runtime_error when the
  ///         library cannot be built or loaded
  explicit RtlBusTmu(const HardwareConfig& hardware, const std::optional<WaveWindow>& waves = {});
  ~RtlBusTmu() override;

  [[nodiscard]] const HardwareConfig& hardware() const override { return hardware_; }

  /// Errors  also std::invalid_argument when a task is illegal: on a bus that halts the unit;
  ///         std::runtime_error naming the first assertion of the RTL that failed
  std::vector<CommandReport> run(std::span<const TmuTask> tasks) override;

 private:
  HardwareConfig hardware_;
  BusMemory memory_;
  std::unique_ptr<TmuAxiUnit> unit_;
  std::optional<WaveWindow> waves_;
};

}  // namespace sterna::sim
