// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/device_backend.hpp"
#include "host/side_by_side.hpp"
#include "kernels/cpu_backend.hpp"
#include "kernels/thread_pool.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::host {

/// What can run the ternary products.
enum class BackendKind : std::uint8_t { Cpu, Systemc, Rtl };

inline constexpr std::array kBackendKinds = {BackendKind::Cpu, BackendKind::Systemc,
                                             BackendKind::Rtl};

/// "cpu", "systemc" or "rtl".
[[nodiscard]] std::string_view name_of(BackendKind kind);

/// Reads "cpu" or a list such as "cpu,systemc,rtl".
/// Errors  std::invalid_argument naming the word that is no backend, or comes twice
[[nodiscard]] std::vector<BackendKind> parse_backends(std::string_view list);

/// As parse_backends() where exactly one is wanted.
[[nodiscard]] BackendKind parse_backend(std::string_view name);

/// The device of a simulated backend; `pool` outlives it.
/// Errors  those of the device: a design that is not legal, RTL that does not build
[[nodiscard]] std::unique_ptr<sim::TmuDevice> make_device(BackendKind kind,
                                                          const sim::HardwareConfig& hardware,
                                                          ThreadPool& pool);

/// A backend and what it stands on.
class BackendStack {
 public:
  /// `pool` outlives the stack and is what products run on; `isa` as CpuBackend has it. More `simulators`
  /// than one are for RTL alone, which then runs side by side (side_by_side.hpp).
  /// Errors  those of make_device()
  BackendStack(BackendKind kind, const sim::HardwareConfig& hardware, ThreadPool& pool,
               std::string_view isa, unsigned simulators = 1);

  [[nodiscard]] MatmulBackend& matmul();
  [[nodiscard]] DeviceBackend* driver() { return driver_.get(); }  // null for the CPU

  /// Once all products are asked for: what was made of their sums stands only after it.
  /// Errors  those of SideBySide::finish() and DeviceBackend::finish()
  void finish();

 private:
  std::unique_ptr<CpuBackend> cpu_;
  std::unique_ptr<sim::TmuDevice> device_;
  std::unique_ptr<DeviceBackend> driver_;
  std::unique_ptr<SideBySide> side_by_side_;  // above cpu_
};

}  // namespace sterna::host
