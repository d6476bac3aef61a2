// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "host/device_backend.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::host {

/// Seconds since any moment.
using HostClock = std::function<double()>;

/// The time this thread had a processor for; it does not run while others have it.
[[nodiscard]] double thread_cpu_seconds();
/// The time on the wall.
[[nodiscard]] double wall_seconds();

/// A device whose sums are all zero, for timing what is not the device: it takes its own time.
class ZeroTmu final : public sim::TmuDevice {
 public:
  ZeroTmu(sim::HardwareConfig hardware, HostClock clock)
      : hardware_(std::move(hardware)), clock_(std::move(clock)) {}

  [[nodiscard]] const sim::HardwareConfig& hardware() const override { return hardware_; }
  std::vector<sim::CommandReport> run(std::span<const sim::TmuTask> tasks) override;

  /// Spent in run().
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  sim::HardwareConfig hardware_;
  HostClock clock_;
  double seconds_ = 0;
};

/// The real driver in front of a ZeroTmu, and what a transformer asked of it.
///
/// Every layer has the matrices of the first one, so that the streams of one layer are in memory.
class UnitOfZeros final : public MatmulBackend {
 public:
  UnitOfZeros(const sim::HardwareConfig& hardware, HostClock clock)
      : device_(hardware, std::move(clock)), driver_(device_) {}

  MatrixId add_matrix(std::string_view name, const PackedTernary& weights) override;
  void multiply(const ActivationBatch& x, std::span<const Product> products) override;

  [[nodiscard]] double device_seconds() const { return device_.seconds(); }

  /// Since the object was made.
  struct Asked {
    std::uint64_t jobs = 0;
    std::uint64_t activations = 0;
    std::uint64_t sums = 0;
  };
  [[nodiscard]] const Asked& asked() const { return asked_; }

 private:
  ZeroTmu device_;
  DeviceBackend driver_;
  std::map<std::string, MatrixId> ids_;  // by projection
  Asked asked_;
};

}  // namespace sterna::host
