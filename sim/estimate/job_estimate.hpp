// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "sim/config/hardware.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// Cycles of a job by cause, as the counters of docs/tmu.md name them; fractions of a cycle stay.
struct JobEstimate {
  double fetch = 0;  // on a bus: from the doorbell to the first command, and between commands
  double accept = 0;
  double load = 0;
  double activation_stall = 0;
  double issue = 0;
  double weight_stall = 0;
  double result_stall = 0;
  double drain = 0;
  double respond = 0;
  double write_back = 0;  // on a bus: from the last response to the last record

  [[nodiscard]] double cycles() const;

  /// Adds `part` so many times; below 0 takes it back.
  void add(const JobEstimate& part, double times);
};

/// A term of a JobEstimate by its name.
struct NamedTerm {
  const char* name;
  double JobEstimate::*field;
};

/// All of them in the order of a command's states.
[[nodiscard]] std::span<const NamedTerm> named_terms();

/// Closed form for one job of legal commands on an idle unit, a few operations a command however
/// large its matrix is. Streams are fluids: weights come at a steady rate, pile up in FIFO and port while
/// nothing is computed, and run out when slots ask for more than comes.
///
/// Trust  within 1 % of the timing of the SystemC model for jobs of 10,000 cycles and more, and never
///        below lower_bound() (tests/sim/estimate/job_estimate_test.cpp)
/// Omits  where exactly a refresh falls: it is spread evenly over time
[[nodiscard]] JobEstimate estimate_job(const HardwareConfig& hardware,
                                       std::span<const TmuCommand> commands);

/// The same where lower_bound() of the job is known, a part of it comes again, and of commands by columns so many
/// columns are not left out.
[[nodiscard]] JobEstimate estimate_job(const HardwareConfig& hardware,
                                       std::span<const TmuCommand> commands,
                                       const LowerBound& bound, const Repeat& repeat = {},
                                       std::span<const std::uint32_t> nonzero_columns = {});

/// Gives `estimate` the commands one by one; returns what repeating adds to its terms().
template <typename Estimate>
JobEstimate add_commands(Estimate& estimate, std::span<const TmuCommand> commands,
                         const Repeat& repeat) {
  JobEstimate before;
  JobEstimate again;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (i == repeat.first) before = estimate.terms();
    estimate.add(commands[i]);
    if (i + 1 != repeat.last) continue;
    again.add(estimate.terms(), static_cast<double>(repeat.more));
    again.add(before, -static_cast<double>(repeat.more));
  }
  return again;
}

}  // namespace sterna::sim
