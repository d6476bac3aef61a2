// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace sterna::sim {

/// Cycles of docs/tmu.md: from a slot's issue to that in which its result can be handed over, and from there to
/// that in which the credit it took can be taken again.
inline constexpr std::uint32_t kIssueToResult = 4;
inline constexpr std::uint32_t kCreditBack = 1;

/// Cycles by which the slots of one last beat wait for credits, if all are there at first: they come back
/// with the results, one every `result` cycles, and a round of the FIFO after they were taken at the earliest.
inline double credit_stall(std::uint32_t credits, std::uint32_t chunks, double result) {
  if (chunks <= credits) return 0;
  const std::uint32_t last = chunks - 1;
  const double round = kIssueToResult + kCreditBack;
  const double by_port = round + (last - credits) * result;
  const std::uint32_t rounds = last / credits;
  const double by_rounds = round * rounds + last % credits;
  return std::max({0.0, by_port - last, by_rounds - last});
}

}  // namespace sterna::sim
