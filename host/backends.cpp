// SPDX-License-Identifier: Apache-2.0
#include "host/backends.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "sim/devices/rtl_bus_tmu.hpp"
#include "sim/devices/rtl_tmu.hpp"
#include "sim/devices/systemc_bus_tmu.hpp"
#include "sim/devices/systemc_tmu.hpp"

namespace sterna::host {

std::string_view name_of(BackendKind kind) {
  switch (kind) {
    case BackendKind::Cpu:
      return "cpu";
    case BackendKind::Systemc:
      return "systemc";
    default:
      return "rtl";
  }
}

std::vector<BackendKind> parse_backends(std::string_view list) {
  std::vector<BackendKind> kinds;
  for (std::string_view rest = list;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    const auto kind = std::find_if(kBackendKinds.begin(), kBackendKinds.end(),
                                   [word](BackendKind k) { return name_of(k) == word; });
    if (kind == kBackendKinds.end()) {
      throw std::invalid_argument(fmt::format(
          "--backend {}: \"{}\" is no backend; choose cpu, systemc or rtl", list, word));
    }
    if (std::find(kinds.begin(), kinds.end(), *kind) != kinds.end()) {
      throw std::invalid_argument(fmt::format("--backend {}: {} is there twice", list, word));
    }
    kinds.push_back(*kind);
    if (comma == std::string_view::npos) return kinds;
    rest.remove_prefix(comma + 1);
  }
}

BackendKind parse_backend(std::string_view name) {
  const auto kinds = parse_backends(name);
  if (kinds.size() != 1) {
    throw std::invalid_argument(
        fmt::format("--backend {}: this command runs on one backend, name only one", name));
  }
  return kinds[0];
}

std::unique_ptr<sim::TmuDevice> make_device(BackendKind kind, const sim::HardwareConfig& hardware,
                                            ThreadPool& pool) {
  switch (kind) {
    case BackendKind::Systemc:
      if (hardware.bus) return std::make_unique<sim::SystemcBusTmu>(hardware, &pool);
      return std::make_unique<sim::SystemcTmu>(hardware, sim::StallPattern{}, &pool);
    case BackendKind::Rtl:
      if (hardware.bus) return std::make_unique<sim::RtlBusTmu>(hardware);
      return std::make_unique<sim::RtlTmu>(hardware);
    default:
      throw std::invalid_argument("the cpu backend is no device");
  }
}

BackendStack::BackendStack(BackendKind kind, const sim::HardwareConfig& hardware, ThreadPool& pool,
                           std::string_view isa, unsigned simulators) {
  if (kind == BackendKind::Cpu || simulators > 1) cpu_ = std::make_unique<CpuBackend>(pool, isa);
  if (kind == BackendKind::Cpu) return;
  if (simulators == 1) {
    device_ = make_device(kind, hardware, pool);
    driver_ = std::make_unique<DeviceBackend>(*device_);
    return;
  }
  std::vector<std::unique_ptr<sim::TmuDevice>> devices;
  for (unsigned i = 0; i < simulators; ++i) devices.push_back(make_device(kind, hardware, pool));
  side_by_side_ = std::make_unique<SideBySide>(*cpu_, std::move(devices));
}

MatmulBackend& BackendStack::matmul() {
  if (side_by_side_) return *side_by_side_;
  if (cpu_) return *cpu_;
  return *driver_;
}

void BackendStack::finish() {
  if (side_by_side_) side_by_side_->finish();
  if (driver_) driver_->finish();
}

}  // namespace sterna::host
