// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "host/analysis.hpp"
#include "host/host_time.hpp"

namespace sterna::host {

/// A pass of tokens through the whole model: the unit, and the host while the unit waits. Nothing
/// overlaps: the driver waits for each job, and the next needs what the host makes of its sums.
struct PassTime {
  std::size_t tokens;  // that come out: the batch of a decode step, the tokens of a prompt
  double device_s;
  HostTime host;

  [[nodiscard]] double total_s() const { return device_s + host.total_s(); }
  /// Both are 0 where nothing was done.
  [[nodiscard]] double tokens_per_s() const { return share_of_total(static_cast<double>(tokens)); }
  [[nodiscard]] double host_share() const { return share_of_total(host.total_s()); }
  /// What takes the most time: "unit" or a part of the host.
  [[nodiscard]] std::string_view bound_by() const;

 private:
  [[nodiscard]] double share_of_total(double value) const {
    return total_s() == 0 ? 0.0 : value / total_s();
  }
};

/// One step of `batch` sequences of `context` tokens each: one pass of `batch` tokens through the unit, which
/// reads the weights once; attention and head for each sequence. `zeros` as in analyze_pass().
/// Errors  std::invalid_argument for a batch of 0
[[nodiscard]] PassTime decode_step(const ModelConfig& model, const sim::HardwareConfig& hardware,
                                   const sim::HostConfig& host, std::size_t batch,
                                   std::size_t context, double zeros = kAssumedZeros);

/// A prompt of `tokens` tokens in one pass from an empty cache, with the logits of its last token: the time
/// to the first token.
/// Errors  std::invalid_argument for 0 tokens
[[nodiscard]] PassTime prompt_pass(const ModelConfig& model, const sim::HardwareConfig& hardware,
                                   const sim::HostConfig& host, std::size_t tokens);

/// A decode step of the grid that reports show.
struct GridStep {
  std::size_t batch;
  std::size_t context;
  PassTime time;
};

inline constexpr std::array<std::size_t, 5> kGridBatches = {1, 2, 4, 8, 16};
inline constexpr std::array<std::size_t, 3> kGridContexts = {0, 1024, 4096};

/// Every batch of kGridBatches at every context of kGridContexts, batch after batch.
[[nodiscard]] std::vector<GridStep> decode_grid(const ModelConfig& model,
                                                const sim::HardwareConfig& hardware,
                                                const sim::HostConfig& host,
                                                double zeros = kAssumedZeros);

}  // namespace sterna::host
