// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/backend_run.hpp"
#include "sim/energy/action_counts.hpp"
#include "sim/energy/energy.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::host {

/// Sums over commands.
struct CommandTotals {
  std::uint64_t commands = 0;
  std::uint64_t cycles = 0;         // from accept to response, both counted
  std::uint64_t macs = 0;           // padding not counted
  std::uint64_t left_out_macs = 0;  // of columns left out; in macs
  sim::TmuCounters counters;
  sim::TmuCounters row_counters;  // of commands by rows; those of columns.counters are the rest
  sim::ColumnWork columns;

  void add(const CommandRecord& record, const sim::HardwareConfig& hardware);
};

/// A phase's energy by one table: of the unit, and of the same array with int8 multipliers doing the same
/// work.
struct PhaseEnergy {
  sim::EnergyReport unit;
  sim::EnergyReport int8_baseline;
};

/// What the unit did in one phase.
struct PhaseReport {
  Phase phase;
  std::uint64_t tokens;
  std::uint64_t jobs;
  CommandTotals all;
  std::map<std::string, CommandTotals> by_projection;  // "q_proj", ...
  bool on_bus;               // descriptors come from memory, results and records go there
  std::uint64_t job_cycles;  // sum over jobs of the cycles until the last thing is done
  std::uint64_t lower_bound_cycles;
  std::uint64_t peak_macs;  // what the array could have done in job_cycles
  sim::MovedBytes moved;
  sim::MovedBytes compulsory;  // as lower_bound() says
  std::vector<sim::ActionCount> actions;
  std::vector<PhaseEnergy> energy;  // by table

  /// Multiply-adds done, columns left out aside, as a share of what the array could have done.
  [[nodiscard]] double utilization() const;
  /// Of job_cycles: in which no command runs, since descriptors come or results and records go. 0 without a
  /// bus, where each command follows the one before.
  [[nodiscard]] std::uint64_t outside_cycles() const { return job_cycles - all.cycles; }
  /// Tokens a second of the unit alone at the design's clock.
  [[nodiscard]] double tokens_per_s(const sim::HardwareConfig& hardware) const;
  /// Share of the phase's multiply-adds that the host does.
  [[nodiscard]] double host_mac_share(const HostWork& host) const;
};

/// What reports are made with: the design, and the prices of what it does.
struct Pricing {
  const sim::HardwareConfig& hardware;
  std::span<const sim::EnergyTable> tables;
};

/// Adds the records of `phase` up. `tokens` went through the transformer in it.
[[nodiscard]] PhaseReport report_phase(const SimulatedRun& run, Phase phase, std::uint64_t tokens,
                                       const Pricing& pricing);

/// Ternary multiply-adds of all phases over the wall time of the run, host work included.
[[nodiscard]] double simulated_mac_per_s(const BackendRun& run,
                                         const std::vector<PhaseReport>& phases);

/// What a report must never say, as sentences: fewer cycles than the lower bound, a utilisation
/// above 1, fewer bytes than must move, parts that do not sum to their total.
[[nodiscard]] std::vector<std::string> broken_contracts(const PhaseReport& report);

/// The first command in which two simulated backends disagree.
struct CycleDifference {
  std::size_t command;  // in the order they ran
  Phase phase;
  std::string matrix;
  std::string
      counter;  // "respond_cycle", "weight_stall_cycles", ...; "commands" where one has fewer
  std::uint64_t expected;
  std::uint64_t got;

  friend bool operator==(const CycleDifference&, const CycleDifference&) = default;
};

/// Compares commands, cycles and every counter of two simulated runs of the same work.
[[nodiscard]] std::optional<CycleDifference> first_cycle_difference(const SimulatedRun& expected,
                                                                    const SimulatedRun& got);

/// A counter of docs/tmu.md by its name.
struct NamedCounter {
  const char* name;
  std::uint64_t sim::TmuCounters::*field;
};

/// All of them in the order of their selectors.
[[nodiscard]] std::span<const NamedCounter> named_counters();

}  // namespace sterna::host
