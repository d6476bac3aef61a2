// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/backends.hpp"
#include "host/checking_backend.hpp"
#include "host/host_work.hpp"
#include "host/progress.hpp"
#include "host/workload.hpp"
#include "model/perplexity.hpp"

namespace sterna::host {

inline constexpr std::array kPhases = {Phase::Prefill, Phase::Decode, Phase::Eval};

/// "prefill", "decode" or "eval".
[[nodiscard]] std::string_view name_of(Phase phase);

/// What one phase of the work took on any backend.
struct PhaseWork {
  std::uint64_t tokens = 0;  // that went through the transformer
  double wall_s = 0.0;
  HostWork host;
};

/// What only a simulated backend has to tell.
struct SimulatedRun {
  std::vector<CommandRecord> records;
  std::vector<std::string> matrix_names;  // by MatrixId
  double multiply_s;                      // wall time inside the driver, device included
  double device_s;                        // of which inside the simulated device
  double reference_s;                     // wall time of the reference products, for the check
  std::uint64_t host_partial_adds;
  std::uint64_t compared_sums;
  std::optional<Difference> first_difference;
  Phase difference_phase;  // of first_difference, where there is one
};

/// One backend's results.
struct BackendRun {
  BackendKind kind;
  unsigned threads;
  std::string kernel;  // of the CPU's products
  std::vector<TokenId> generated;
  std::string logits_sha256;  // of all logits, float32 little endian, in the order produced
  Perplexity held_out;
  double wall_s;  // of the three phases, the check included
  double cpu_s;   // processor time of all threads in it: wall time without what others took
  std::array<PhaseWork, kPhases.size()> phases;
  std::optional<SimulatedRun> simulated;

  [[nodiscard]] const PhaseWork& phase(Phase p) const {
    return phases[static_cast<std::size_t>(p)];
  }
};

/// What a run needs of its surroundings.
struct RunSetup {
  const ModelWeights& model;
  const sim::HardwareConfig& hardware;
  unsigned threads;  // of the CPU backend; simulated ones use one, to report the speed of a core
  std::string isa;
  Progress& progress;
};

/// Does the work on one backend: prompt, generation, held-out text. A simulated backend is compared
/// with the CPU's products, sum by sum.
[[nodiscard]] BackendRun run_backend(BackendKind kind, const Workload& work, const RunSetup& setup);

}  // namespace sterna::host
