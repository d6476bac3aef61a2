// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/host_work.hpp"
#include "sim/config/host_config.hpp"

namespace sterna::host {

/// Host work that was done, and how long it took.
struct HostSample {
  HostWork work;
  std::uint64_t jobs;
  double seconds;
};

inline constexpr std::size_t kHostCosts = 6;

/// Seconds for one of each: a multiply-add of attention, a byte of keys and values, a byte of the head, a
/// multiply-add of the head, an element, a job.
using HostCosts = std::array<double, kHostCosts>;

/// A key of sim::HostConfig and what stands there at a cost.
struct NamedRate {
  const char* key;
  double sim::HostConfig::*field;
  bool is_duration;  // in us; else 10^9 a second

  [[nodiscard]] double value(double cost_s) const {
    return is_duration ? cost_s * 1e6 : 1e-9 / cost_s;
  }
};

/// In the order of HostCosts.
[[nodiscard]] std::span<const NamedRate> named_rates();

/// The costs at which every sample takes the time that it took: host_time() of them is exact.
/// Errors  std::invalid_argument when the samples leave a cost open: each kind of work must vary apart
///         from the others
[[nodiscard]] HostCosts solve_costs(std::span<const HostSample> samples);

/// Each cost's value at `share` of the way through its sorted values: 0.5 is the median.
/// Range  at least one entry
[[nodiscard]] HostCosts quantile(const std::vector<HostCosts>& costs, double share);

/// The rates that these costs are.
/// Errors  std::runtime_error naming a cost that is not above 0: it was smaller than the noise
[[nodiscard]] sim::HostConfig rates_of(const HostCosts& costs, const std::string& evidence,
                                       const std::string& source);

}  // namespace sterna::host
