// SPDX-License-Identifier: Apache-2.0
#include "host/job_bound.hpp"

#include <algorithm>
#include <cmath>

namespace sterna::host {
namespace {

// A result leaves at the earliest four cycles after its slot (docs/tmu.md); the drain ends with it.
constexpr std::uint64_t kPipelineCycles = 4;
constexpr std::uint64_t kAcceptAndRespondCycles = 2;

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

}  // namespace

void JobBound::add(const sim::TmuCommand& command) {
  const sim::UnitConfig& unit = hardware_->unit;
  const std::uint64_t groups = ceil_div(command.rows, unit.engines);
  const std::uint64_t chunks = ceil_div(command.tokens, unit.slices);
  const std::uint64_t load_beats = command.keep_activations
                                       ? 0
                                       : std::uint64_t{command.tokens} * command.beats *
                                             unit.activation_beats_per_word(command.format);
  unit_cycles_ +=
      kAcceptAndRespondCycles + load_beats + groups * command.beats * chunks + kPipelineCycles;
  weight_beats_ += groups * command.beats;
}

std::uint64_t JobBound::cycles() const {
  const double bytes_per_cycle = hardware_->memory.weight_gb_s * 1e3 / hardware_->clock_mhz;
  const double beat_cycles =
      hardware_->unit.beat_bytes() * hardware_->unit.engines / bytes_per_cycle;
  const double weight_cycles = std::floor(beat_cycles * static_cast<double>(weight_beats_));
  return std::max(unit_cycles_, static_cast<std::uint64_t>(weight_cycles));
}

}  // namespace sterna::host
