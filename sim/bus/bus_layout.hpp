// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rtl/axi/registers.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// Where a job lies in memory: descriptor ring, completion ring, then the window with the activations, the
/// results and the weights.
///
/// Weights  the streams of a matrix's engines lie one bank apart, so that engines that go on at the same pace
///          have their rows in different banks; commands of the same WeightStreams read the same bytes
struct BusLayout {
  std::vector<axi::Descriptor> descriptors;  // (tasks,)
  std::uint32_t ring_log2;
  std::uint64_t ring_base;
  std::uint64_t completion_base;
  std::uint64_t window_base;
  std::uint64_t window_limit;  // first byte beyond

  [[nodiscard]] std::uint64_t record_address(std::size_t task) const {
    return completion_base + task * sizeof(axi::Completion);
  }
};

/// A function of the job alone. The tasks have passed plan_job() and are all legal.
/// Errors  std::invalid_argument when the job has more commands than a ring holds, or needs more bytes than
///         the memory has
[[nodiscard]] BusLayout lay_out_job(const HardwareConfig& hardware, std::span<const TmuTask> tasks);

inline constexpr std::size_t kDescriptorBytes = sizeof(axi::Descriptor);
inline constexpr std::size_t kRecordBytes = sizeof(axi::Completion);

/// Of a command's results, out[group][token][engine] (docs/axi.md).
[[nodiscard]] std::size_t result_bytes(const UnitConfig& unit, const TmuCommand& command);

}  // namespace sterna::sim
