// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/backend_run.hpp"
#include "host/report/phase_report.hpp"
#include "host/whole_model.hpp"
#include "host/workload.hpp"

namespace sterna::host {

/// Whether the backends agree. Empty optionals: there was nothing to compare.
struct CheckReport {
  std::optional<bool> bits_identical;    // all sums, and all logits of all backends
  std::optional<bool> cycles_identical;  // every counter of every command of SystemC and RTL
  std::optional<Difference> first_difference;
  std::string difference_backend;           // where first_difference was found
  Phase difference_phase = Phase::Prefill;  // eval counts its tokens from 0 again
  std::optional<CycleDifference> first_cycle_difference;
  std::uint64_t compared_sums = 0;
  std::vector<std::string> broken_contracts;

  /// Nothing differs and no contract is broken.
  [[nodiscard]] bool passed() const;
};

/// A simulated backend's phases, in the order of kPhases.
using PhaseReports = std::vector<PhaseReport>;

/// Everything that a run found out; run_json.hpp and report_table.hpp show it.
struct RunReport {
  std::string sterna_version;
  std::string model_source;
  const ModelConfig& model;
  const sim::HardwareConfig& hardware;
  std::string hardware_file;
  sim::HostConfig host;
  std::uint64_t seed;
  const Workload& work;
  std::string prompt_text;
  std::vector<std::string> texts;  // generated, by backend
  std::vector<BackendRun> backends;
  std::vector<PhaseReports> phases;  // by backend; empty for the CPU
  CheckReport check;

  /// A phase of a simulated backend with the host beside its unit.
  [[nodiscard]] PassTime phase_time(std::size_t backend, Phase phase) const;
};

/// Compares the backends with each other and with the contracts.
[[nodiscard]] CheckReport check_run(const std::vector<BackendRun>& backends,
                                    const std::vector<PhaseReports>& phases);

/// The phases of one backend.
[[nodiscard]] PhaseReports report_phases(const BackendRun& run, const Pricing& pricing);

}  // namespace sterna::host
