// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate/bus_rates.hpp"

#include <algorithm>
#include <deque>
#include <mutex>

#include "sim/bus/bus_layout.hpp"
#include "sim/bus/bus_timing.hpp"
#include "sim/estimate/bus_estimate.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::sim {
namespace {

/// Nothing of these bears on how fast the memory is; all are wide enough not to bear on a job of one token.
HardwareConfig probed(const HardwareConfig& hardware) {
  HardwareConfig probe = hardware;
  probe.weight_format = WeightFormat::T5;
  probe.unit.slices = 1;
  probe.unit.chunks = 1;
  probe.unit.activation_words = 4096;
  probe.unit.weight_fifo_beats = 16;
  probe.unit.result_fifo_beats = 16;
  return probe;
}

TmuCommand one_token(std::uint32_t beats, std::uint32_t rows) {
  return {.tokens = 1,
          .beats = beats,
          .rows = rows,
          .format = WeightFormat::T5,
          .keep_activations = false};
}

CommandReport report_of(const HardwareConfig& hardware, const TmuCommand& command) {
  WeightStreams weights;
  weights.engine_offset = {0};
  for (std::uint32_t e = 0; e < hardware.unit.engines; ++e) {
    weights.engine_offset.push_back(weights.engine_offset.back() +
                                    std::size_t{engine_rows(hardware.unit, command, e)} *
                                        command.beats * hardware.unit.beat_bytes());
  }
  const std::vector<std::int8_t> activations(activation_beats(hardware.unit, command) *
                                             kActivationBeatBytes);
  const TmuTask task = {
      .command = command, .weights = &weights, .activations = activations, .sums = {}};
  const BusLayout layout = lay_out_job(hardware, std::span(&task, 1));
  BusTiming timing(hardware);
  timing.start(layout, std::span(&task, 1));
  while (timing.step()) {
  }
  return timing.reports().back();
}

double cycles_of(const HardwareConfig& hardware, const TmuCommand& command) {
  return static_cast<double>(report_of(hardware, command).done_cycle + 1);
}

/// Cycles between the beats of a long load.
double activation_beat(const HardwareConfig& hardware) {
  const TmuCounters counters = report_of(hardware, one_token(2048, 1)).counters;
  return 1 + static_cast<double>(counters.activation_stall_cycles) /
                 static_cast<double>(counters.load_cycles);
}

BusRates probe_rates(const HardwareConfig& design) {
  const HardwareConfig hardware = probed(design);
  const std::uint32_t engines = hardware.unit.engines;
  // Cycles a row group, with rows of few beats and of many: how results crowd the memory depends on how often.
  constexpr std::uint32_t kColumns = 2560;
  const std::uint32_t few_beats = kColumns / hardware.unit.lanes;
  const std::uint32_t many_beats = 3 * few_beats;
  constexpr std::uint32_t kShort = 4096;  // beats an engine
  constexpr std::uint32_t kLong = 16384;
  const auto group = [&](std::uint32_t beats) {
    const std::uint32_t most = kLong / beats;  // groups
    const std::uint32_t least = kShort / beats;
    const double longer = cycles_of(hardware, one_token(beats, most * engines));
    const double shorter = cycles_of(hardware, one_token(beats, least * engines));
    return (longer - shorter) / (most - least);
  };
  const double few = group(few_beats);
  const double many = group(many_beats);
  const double beat = std::max(1.0, (many - few) / (many_beats - few_beats));
  BusRates rates = {.weight_beat = beat,
                    .result_byte = std::max(0.0, many - many_beats * beat) / (4.0 * engines),
                    .results = 4.0 * engines / few_beats,
                    .activation_beat = activation_beat(hardware),
                    .startup = 0};
  const TmuCommand some = one_token(few_beats, 64 * engines);
  const JobEstimate alone = estimate_bus_job(hardware, rates, std::span(&some, 1));
  const CommandReport report = report_of(hardware, some);
  rates.startup =
      static_cast<double>(report.accept_cycle + report.counters.activation_stall_cycles) -
      alone.fetch - alone.activation_stall;
  return rates;
}

struct Known {
  HardwareConfig hardware;
  BusRates rates;
};

bool is_alike(const HardwareConfig& a, const HardwareConfig& b) {
  return a.unit.engines == b.unit.engines && a.unit.lanes == b.unit.lanes &&
         a.clock_mhz == b.clock_mhz && a.bus == b.bus;
}

}  // namespace

const BusRates& bus_rates(const HardwareConfig& hardware) {
  static std::mutex mutex;
  static std::deque<Known> known;
  const std::lock_guard lock(mutex);
  const auto found = std::find_if(known.begin(), known.end(), [&](const Known& entry) {
    return is_alike(entry.hardware, hardware);
  });
  if (found != known.end()) return found->rates;
  return known.emplace_back(Known{hardware, probe_rates(hardware)}).rates;
}

}  // namespace sterna::sim
