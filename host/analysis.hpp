// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "sim/energy/action_counts.hpp"
#include "sim/estimate/job_estimate.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::host {

/// Share of zeros behind a squared ReLU at the input of down.
/// Source  literature: BitNet b1.58 2B4T, 59.8 % over six passages, 41.6 to 78.9 % by layer
inline constexpr double kAssumedZeros = 0.6;

/// What the unit takes for the matrices of a model that are multiplied together, all layers of it.
struct ProductAnalysis {
  std::string_view name;  // "q, k, v", "o", "gate, up", "down"
  std::uint64_t commands = 0;
  std::uint64_t macs = 0;           // padding not counted
  std::uint64_t left_out_macs = 0;  // of columns left out; in macs
  std::uint64_t lower_bound_cycles = 0;
  sim::JobEstimate cycles;
  sim::MovedBytes bytes{};
  // Without stalls, and without nonzero_lanes, which the weights decide.
  sim::TmuCounters counters;  // of commands by rows
  sim::ColumnWork columns;
};

/// One pass of `tokens` tokens through all ternary matrices.
struct PassAnalysis {
  std::size_t tokens;
  std::vector<ProductAnalysis> products;
  ProductAnalysis all;  // their sum

  /// Of the unit alone, at the design's clock.
  [[nodiscard]] double seconds(const sim::HardwareConfig& hardware) const;
  [[nodiscard]] double tokens_per_s(const sim::HardwareConfig& hardware) const;
  /// Multiply-adds done, as a share of what the array could have done in these cycles.
  [[nodiscard]] double of_adders(const sim::HardwareConfig& hardware) const;
  /// Weight bytes moved, as a share of what the memory could have moved; 0 where an ideal one has no limit.
  [[nodiscard]] double of_weight_bandwidth(const sim::HardwareConfig& hardware) const;
  /// What is busy for the largest share of the time: "adders", the stream of "weights", "activations" or
  /// "results", or on a bus the "memory" that they share.
  [[nodiscard]] std::string_view bound_by(const sim::HardwareConfig& hardware) const;
};

/// The closed form of `tokens` tokens on a design, with the commands that the driver would post; no weights
/// are needed: no cycle and no priced action depends on which weights are zero. Where the unit can leave columns
/// out, a share `zeros` of the activations of "down" is taken to be zero, evenly spread.
///
/// Trust  its commands are those of DeviceBackend, its cycles within 1 % of the SystemC model's
///        (tests/host/analysis_test.cpp)
/// Errors std::invalid_argument for 0 tokens
[[nodiscard]] PassAnalysis analyze_pass(const ModelConfig& model,
                                        const sim::HardwareConfig& hardware, std::size_t tokens,
                                        double zeros = kAssumedZeros);

/// Jobs that the driver posts for one pass: matrices that share their activations are one.
[[nodiscard]] std::size_t jobs_of_pass(const ModelConfig& model);

}  // namespace sterna::host
