// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate/column_rates.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <mutex>
#include <random>
#include <vector>

#include "sim/bus/bus_layout.hpp"
#include "sim/bus/bus_timing.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::sim {
namespace {

constexpr std::uint32_t kShares = 64;
// Long enough for some refreshes.
constexpr std::uint32_t kShort = 1024;  // columns
constexpr std::uint32_t kLong = 9216;

TmuCounters counters_of(const HardwareConfig& hardware, TmuCommand command, std::uint32_t columns,
                        std::uint32_t share) {
  command.columns = columns;
  const std::size_t engine_bytes =
      std::size_t{columns} * command.beats * hardware.unit.beat_bytes();
  WeightStreams weights;
  for (std::uint32_t e = 0; e <= hardware.unit.engines; ++e) {
    weights.engine_offset.push_back(e * engine_bytes);
  }
  std::vector<std::int8_t> activations(columns);
  std::fill_n(activations.begin(), columns / kShares * share, std::int8_t{1});
  std::shuffle(activations.begin(), activations.end(), std::mt19937(1));
  const TmuTask task = {
      .command = command, .weights = &weights, .activations = activations, .sums = {}};
  const BusLayout layout = lay_out_job(hardware, std::span(&task, 1));
  BusTiming timing(hardware);
  timing.start(layout, std::span(&task, 1));
  while (timing.step()) {
  }
  return timing.reports().back().counters;
}

ColumnRates probe(const HardwareConfig& hardware, const TmuCommand& command, std::uint32_t share) {
  const auto adding = [](const TmuCounters& counters) {
    return static_cast<double>(counters.activation_stall_cycles + counters.issue_cycles +
                               counters.weight_stall_cycles);
  };
  const TmuCounters few = counters_of(hardware, command, kShort, share);
  const double column =
      (adding(counters_of(hardware, command, kLong, share)) - adding(few)) / (kLong - kShort);
  return {.column = column,
          .startup = std::max(0.0, adding(few) - kShort * column),
          .result_stall = static_cast<double>(few.result_stall_cycles) /
                          shape_of(hardware.unit, command).groups};
}

struct Known {
  HardwareConfig hardware;
  std::uint32_t rows;
  WeightFormat format;
  std::uint32_t share;
  ColumnRates rates;
};

bool is_alike(const HardwareConfig& a, const HardwareConfig& b) {
  return a.unit == b.unit && a.clock_mhz == b.clock_mhz && a.bus == b.bus;
}

}  // namespace

ColumnRates column_rates(const HardwareConfig& hardware, const TmuCommand& command,
                         std::uint32_t nonzero_columns) {
  static std::mutex mutex;
  static std::deque<Known> known;
  const double exact = double{kShares} * nonzero_columns / command.columns;
  const auto share =
      nonzero_columns == 0 ? 0U : std::max(1U, static_cast<std::uint32_t>(std::lround(exact)));
  const std::lock_guard lock(mutex);
  auto found = std::find_if(known.begin(), known.end(), [&](const Known& entry) {
    return entry.rows == command.rows && entry.format == command.format && entry.share == share &&
           is_alike(entry.hardware, hardware);
  });
  if (found == known.end()) {
    known.push_back(
        {hardware, command.rows, command.format, share, probe(hardware, command, share)});
    found = std::prev(known.end());
  }
  ColumnRates rates = found->rates;
  if (share != 0) rates.column *= exact / share;
  return rates;
}

}  // namespace sterna::sim
