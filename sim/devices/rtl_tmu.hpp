// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "rtl/tmu_unit.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"
#include "sim/job/wave_window.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {

/// The Verilated RTL of the unit as a device: every clock is simulated, pins are driven from the
/// same StreamMemory as the SystemC model's.
class RtlTmu : public TmuDevice {
 public:
  /// Builds the design's library first if no earlier process has (rtl_library.hpp); with `waves` that of
  /// the design with waves.
  /// Errors  std::invalid_argument from validate(); std::runtime_error when the library cannot be
  ///         built or loaded
  explicit RtlTmu(const HardwareConfig& hardware, const StallPattern& stalls = {},
                  const std::optional<WaveWindow>& waves = {});
  ~RtlTmu() override;

  [[nodiscard]] const HardwareConfig& hardware() const override { return hardware_; }

  /// Errors  also std::runtime_error naming the first assertion of the RTL that failed
  std::vector<CommandReport> run(std::span<const TmuTask> tasks) override;

 private:
  HardwareConfig hardware_;
  StreamMemory memory_;
  std::unique_ptr<TmuUnit> unit_;
  std::optional<WaveWindow> waves_;
};

}  // namespace sterna::sim
