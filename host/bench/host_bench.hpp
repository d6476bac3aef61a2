// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/bench/host_rates.hpp"
#include "host/bench/unit_of_zeros.hpp"
#include "host/progress.hpp"
#include "model/weights.hpp"
#include "sim/config/hardware.hpp"

namespace sterna::host {

/// What `sterna bench --host` measures.
struct HostBenchPlan {
  unsigned threads;
  unsigned repeats;           // of every pass
  std::size_t rows;           // of the larger batch, at least 4; its half is held against the rates
  std::size_t prompt_tokens;  // more than rows; a quarter of it is held against the rates
  std::size_t context_tokens;  // in the cache of the long step
  std::uint64_t seed;          // of the tokens

  /// The passes that rates are made from in the shape of `config`, as far as its context goes.
  static HostBenchPlan of(const ModelConfig& config, unsigned threads, unsigned repeats,
                          std::uint64_t seed);
  /// What the clock of so many threads is: "processor time" of one, "wall time" of several.
  [[nodiscard]] std::string clock_name() const;
  [[nodiscard]] HostClock clock() const;
};

/// A pass that no rate was made from.
struct HostCheck {
  std::string pass;
  double measured_s;  // median
  double model_s;     // host_time() at the rates
};

/// What was found.
struct HostBench {
  sim::HostConfig host;  // from the median costs; evidence and source are the caller's to fill
  sim::HostConfig slow;  // a quartile of the repetitions was slower
  sim::HostConfig fast;  // a quartile was faster
  std::vector<HostCheck> checks;
  double foreign_cpu_share;  // while it was measured
};

/// Times the host's part of passes whose work differs in one thing after the other, with the real driver in
/// front of a unit that answers at once, and gives each difference of times to a difference of work. What
/// the transformer asked of the driver must be what count_host_work() says.
///
/// Errors  BenchCheckFailed where it is not; those of rates_of()
[[nodiscard]] HostBench run_host_bench(const ModelWeights& model, const HostBenchPlan& plan,
                                       const sim::HardwareConfig& hardware, Progress& progress);

/// The run for a reader at a terminal: rates with their quartiles, checks, and the section to paste.
[[nodiscard]] std::string to_table(const HostBench& bench, const HostBenchPlan& plan);
[[nodiscard]] std::string to_json_text(const HostBench& bench, const HostBenchPlan& plan,
                                       const std::string& model);

}  // namespace sterna::host
