// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/page_timing.hpp"

#include <algorithm>

namespace sterna {
namespace {

enum Counter : std::size_t {
  kLoad,
  kActivationStall,
  kIssue,
  kWeightStall,
  kResultStall,
  kDrain,
  kRespond,
  kWeightBeats,
  kRowSlots,
  kNonzeroLanes,
  kActivationReads,
  kActivationWrites,
  kResultBeats,
  kSums
};

std::uint64_t active(std::uint64_t all, std::uint64_t before, std::uint64_t wide) {
  return std::min(wide, all - before);
}

}  // namespace

std::uint64_t nonzero_trits(const TmuUnitParameters& unit, const Command& command, std::size_t row,
                            std::size_t beat) {
  const std::size_t bytes = unit.lanes / 5;
  const auto& stream = command.weights[row % unit.engines];
  const std::uint8_t* first = &stream[(row / unit.engines * command.beats + beat) * bytes];
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    int rest = first[i];
    if (!command.t2 && rest > 242) continue;
    for (int j = 0; j < (command.t2 ? 4 : 5); ++j) {
      const int base = command.t2 ? 4 : 3;
      const int code = rest % base;
      rest /= base;
      if (code == 0 || code == 2) ++count;
    }
  }
  return count;
}

PageTiming::PageTiming(const TmuUnitParameters& unit, const Session& session)
    : unit_(unit), session_(session), pushes_(unit.engines), pops_(unit.engines) {}

std::uint64_t PageTiming::first_ready(std::uint64_t cycle) const {
  while (!session_.sink_ready(cycle)) ++cycle;
  return cycle;
}

Predicted PageTiming::next(const Command& command, const Observed& seen) {
  Predicted predicted;
  predicted.accept = std::max(seen.offer, idle_from_);
  const std::uint64_t first_compute = load(command, seen, predicted);
  const std::uint64_t last_issue = compute(command, first_compute, predicted);
  // Every credit is back in the cycle after the last result handshake, and that is the last of Drain.
  const std::uint64_t last_drain = predicted.results.back() + 1;
  predicted.counters[kDrain] = last_drain - last_issue;
  predicted.respond = last_drain + 1;
  while (!session_.sink_ready(predicted.respond + 1)) ++predicted.respond;
  predicted.counters[kRespond] = predicted.respond - last_drain;
  idle_from_ = predicted.respond + 1;
  return predicted;
}

std::uint64_t PageTiming::load(const Command& command, const Observed& seen, Predicted& predicted) {
  std::uint64_t next_cycle = predicted.accept + 1;
  if (command.keep) return next_cycle;
  for (const std::uint64_t arrival : seen.activation_arrivals) {
    const std::uint64_t take = std::max(arrival, next_cycle);
    predicted.counters[kActivationStall] += take - next_cycle;
    next_cycle = take + 1;
  }
  predicted.counters[kLoad] = predicted.counters[kActivationWrites] =
      command.activations.size() / 16;
  return next_cycle;
}

std::uint64_t PageTiming::push_of_next_beat(std::size_t engine) {
  auto& pushes = pushes_[engine];
  const std::size_t n = pushes.size();
  std::uint64_t push = session_.weight_arrivals(engine).at(n);
  if (n > 0) push = std::max(push, pushes[n - 1] + 1);
  const std::size_t depth = unit_.weight_fifo_beats;
  if (n >= depth) push = std::max(push, pops_[engine][n - depth] + 1);
  pushes.push_back(push);
  return push;
}

std::uint64_t PageTiming::compute(const Command& command, std::uint64_t first_cycle,
                                  Predicted& predicted) {
  const std::size_t chunks = (command.tokens + unit_.slices - 1) / unit_.slices;
  std::uint64_t cycle = first_cycle;
  for (std::size_t row = 0; row < command.rows; row += unit_.engines) {
    const std::uint64_t rows = active(command.rows, row, unit_.engines);
    for (std::size_t beat = 0; beat < command.beats; ++beat) {
      for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
        std::uint64_t weights = cycle;
        for (std::size_t e = 0; chunk == 0 && e < rows; ++e) {
          weights = std::max(weights, push_of_next_beat(e) + 1);
        }
        const bool last = beat + 1 == command.beats;
        std::uint64_t credit = weights;
        const std::size_t j = predicted.results.size();
        if (last && j >= unit_.result_fifo_beats) {
          credit = std::max(credit, predicted.results[j - unit_.result_fifo_beats] + 1);
        }
        predicted.counters[kWeightStall] += weights - cycle;
        predicted.counters[kResultStall] += credit - weights;
        for (std::size_t e = 0; chunk == 0 && e < rows; ++e) pops_[e].push_back(credit);
        if (last) {
          const std::uint64_t after = j == 0 ? 0 : predicted.results.back() + 1;
          predicted.results.push_back(first_ready(std::max(credit + 4, after)));
        }
        count_slot(command, row, beat, chunk, predicted);
        cycle = credit + 1;
      }
    }
  }
  return cycle - 1;
}

void PageTiming::count_slot(const Command& command, std::size_t row, std::size_t beat,
                            std::size_t chunk, Predicted& predicted) const {
  auto& counters = predicted.counters;
  const std::uint64_t rows = active(command.rows, row, unit_.engines);
  const std::uint64_t tokens = active(command.tokens, chunk * unit_.slices, unit_.slices);
  counters[kIssue] += 1;
  counters[kRowSlots] += rows * tokens;
  counters[kActivationReads] += tokens;
  if (chunk == 0) counters[kWeightBeats] += rows;
  if (beat + 1 == command.beats) {
    counters[kResultBeats] += 1;
    counters[kSums] += rows * tokens;
  }
  for (std::size_t e = 0; e < rows; ++e) {
    counters[kNonzeroLanes] += tokens * nonzero_trits(unit_, command, row + e, beat);
  }
}

}  // namespace sterna
