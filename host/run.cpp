// SPDX-License-Identifier: Apache-2.0
#include "host/run.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sterna::host {

bool CheckReport::passed() const {
  return bits_identical.value_or(true) && cycles_identical.value_or(true) &&
         broken_contracts.empty();
}

CheckReport check_run(const std::vector<BackendRun>& backends,
                      const std::vector<PhaseReports>& phases) {
  CheckReport check;
  const SimulatedRun* earlier = nullptr;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    const BackendRun& run = backends[i];
    if (run.simulated || i > 0) {
      const bool same = (!run.simulated || !run.simulated->first_difference) &&
                        run.logits_sha256 == backends[0].logits_sha256;
      check.bits_identical = check.bits_identical.value_or(true) && same;
    }
    if (!run.simulated) continue;
    check.compared_sums += run.simulated->compared_sums;
    if (run.simulated->first_difference && !check.first_difference) {
      check.first_difference = run.simulated->first_difference;
      check.difference_backend = name_of(run.kind);
      check.difference_phase = run.simulated->difference_phase;
    }
    if (earlier != nullptr) {
      check.first_cycle_difference = first_cycle_difference(*earlier, *run.simulated);
      check.cycles_identical = !check.first_cycle_difference.has_value();
    }
    earlier = &*run.simulated;
    for (const PhaseReport& phase : phases[i]) {
      for (const std::string& sentence : broken_contracts(phase)) {
        check.broken_contracts.push_back(fmt::format("{} {}", name_of(run.kind), sentence));
      }
    }
  }
  return check;
}

PassTime RunReport::phase_time(std::size_t backend, Phase phase) const {
  const PhaseReport& unit = phases[backend][static_cast<std::size_t>(phase)];
  return {.tokens = unit.tokens,
          .device_s = static_cast<double>(unit.job_cycles) / (hardware.clock_mhz * 1e6),
          .host = host_time(backends[backend].phase(phase).host, unit.jobs, host)};
}

PhaseReports report_phases(const BackendRun& run, const Pricing& pricing) {
  PhaseReports reports;
  if (!run.simulated) return reports;
  for (Phase phase : kPhases) {
    reports.push_back(report_phase(*run.simulated, phase, run.phase(phase).tokens, pricing));
  }
  return reports;
}

}  // namespace sterna::host
