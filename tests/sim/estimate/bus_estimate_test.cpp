// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate/bus_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/hardware_yaml.hpp"
#include "sim/estimate/job_estimate.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "sim/job/job_plan.hpp"
#include "tests/sim/bus/bus_job_timing.hpp"

namespace sterna::sim {
namespace {

using Jobs = std::vector<std::vector<TmuCommand>>;

TmuCommand command(std::uint32_t tokens, std::uint32_t beats, std::uint32_t rows, bool keep) {
  return {.tokens = tokens,
          .beats = beats,
          .rows = rows,
          .format = WeightFormat::T5,
          .keep_activations = keep};
}

// A layer of BitNet b1.58 2B4T: q, k and v; o; gate and up; down. One token, or as many as a command takes.
Jobs layer(const UnitConfig& unit, bool prefill) {
  const std::uint32_t hidden = 2560 / unit.lanes;
  const std::uint32_t ffn = (6912 + unit.lanes - 1) / unit.lanes;
  const auto tokens = [&](std::uint32_t beats) {
    return prefill ? unit.slices * std::min(unit.chunks, unit.activation_words / beats) : 1;
  };
  const std::uint32_t t = tokens(hidden);
  return {{command(t, hidden, 2560, false), command(t, hidden, 640, true),
           command(t, hidden, 640, true)},
          {command(t, hidden, 2560, false)},
          {command(t, hidden, 6912, false), command(t, hidden, 6912, true)},
          {command(tokens(ffn), ffn, 2560, false)}};
}

// Of all jobs together, estimate over timing, minus 1; no estimate is below its bound.
double error_of(const HardwareConfig& hardware, const Jobs& jobs) {
  double estimated = 0;
  double timed = 0;
  for (const auto& job : jobs) {
    const double estimate = estimate_job(hardware, job).cycles();
    EXPECT_GE(estimate, static_cast<double>(lower_bound(hardware, job).cycles));
    estimated += estimate;
    timed += static_cast<double>(bus_cycles_of(hardware, job));
  }
  return estimated / timed - 1;
}

TEST(BusEstimate, IsWithinOnePercentOnALayerOf2B4TForEveryShippedDesign) {
  int designs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(STERNA_CONFIGS)) {
    if (entry.path().extension() != ".yaml") continue;
    const HardwareConfig hardware = load_hardware(entry.path());
    if (!hardware.bus) continue;
    ++designs;
    for (const bool prefill : {false, true}) {
      EXPECT_LE(std::abs(error_of(hardware, layer(hardware.unit, prefill))), 0.01)
          << hardware.name << (prefill ? ", prefill" : ", decode");
    }
  }
  EXPECT_GE(designs, 4);
}

TEST(BusEstimate, IsNearOnAMemoryWithoutBanks) {
  HardwareConfig hardware = load_hardware(STERNA_CONFIGS "/edge-lpddr4x.yaml");
  hardware.bus->dram.kind = DramKind::Ideal;
  EXPECT_LE(std::abs(error_of(hardware, layer(hardware.unit, false))), 0.001);
  hardware.bus->dram.kind = DramKind::Flat;
  hardware.bus->dram.flat_latency_ns = 80;
  for (const double gb_s : {4.0, 16.0, 64.0}) {
    hardware.bus->dram.flat_gb_s = gb_s;
    EXPECT_LE(std::abs(error_of(hardware, layer(hardware.unit, false))), 0.01) << gb_s << " GB/s";
  }
}

/// The product of one token with the last matrix of a layer of 2B4T.
TmuCommand down_by_columns(const UnitConfig& unit) {
  constexpr std::uint32_t kRows = 2560;
  return {.tokens = 1,
          .beats = column_beats(unit, kRows, WeightFormat::T5),
          .rows = kRows,
          .format = WeightFormat::T5,
          .keep_activations = false,
          .columns = 6912};
}

HardwareConfig with_columns(HardwareConfig hardware) {
  hardware.unit.column_words = 32;
  return hardware;
}

TEST(BusEstimate, IsNearByColumnsOnEveryShippedDesign) {
  for (const char* name : {"edge-lpddr4x", "desktop-ddr4", "mobile-lpddr5", "server-hbm2e"}) {
    const HardwareConfig hardware =
        with_columns(load_hardware(std::string(STERNA_CONFIGS "/") + name + ".yaml"));
    const std::vector<TmuCommand> job = {down_by_columns(hardware.unit)};
    for (const auto& [nonzero, tolerance] :
         {std::pair{0U, 0.02}, {700U, 0.02}, {2765U, 0.01}, {6912U, 0.03}}) {
      const std::vector<std::uint32_t> columns = {nonzero};
      const LowerBound bound = lower_bound(hardware, job, {}, columns);
      const double estimate = estimate_job(hardware, job, bound, {}, columns).cycles();
      const auto timed = static_cast<double>(bus_cycles_of(hardware, job, columns));
      EXPECT_NEAR(estimate / timed, 1, tolerance) << name << ", " << nonzero << " columns";
      EXPECT_GE(estimate, static_cast<double>(bound.cycles));
    }
  }
}

TEST(BusEstimate, NamesTheCauseOfEveryCycleByColumns) {
  const HardwareConfig hardware = with_columns(load_hardware(STERNA_CONFIGS "/edge-lpddr4x.yaml"));
  const std::vector<TmuCommand> job = {down_by_columns(hardware.unit)};
  const std::vector<std::uint32_t> columns = {2800};
  const CommandReport report = bus_timing_of(hardware, job, columns).at(0);
  const TmuCounters& counters = report.counters;
  const LowerBound bound = lower_bound(hardware, job, {}, columns);
  const JobEstimate estimate = estimate_job(hardware, job, bound, {}, columns);
  EXPECT_EQ(estimate.accept, 1);
  EXPECT_EQ(estimate.load, 0);
  EXPECT_EQ(estimate.issue, static_cast<double>(counters.issue_cycles));
  EXPECT_EQ(estimate.drain, static_cast<double>(counters.drain_cycles));
  EXPECT_EQ(estimate.respond, 1);
  const double one_percent = 0.01 * static_cast<double>(report.done_cycle);
  EXPECT_NEAR(estimate.weight_stall, static_cast<double>(counters.weight_stall_cycles),
              one_percent);
  EXPECT_NEAR(estimate.activation_stall, static_cast<double>(counters.activation_stall_cycles),
              one_percent);
  EXPECT_NEAR(estimate.result_stall, static_cast<double>(counters.result_stall_cycles),
              one_percent);
}

TEST(BusEstimate, NamesTheCauseOfEveryCycle) {
  const HardwareConfig hardware = load_hardware(STERNA_CONFIGS "/edge-lpddr4x.yaml");
  const std::vector<TmuCommand> job = layer(hardware.unit, false)[0];
  const std::vector<CommandReport> reports = bus_timing_of(hardware, job);
  TmuCounters counters;
  for (const CommandReport& report : reports) counters += report.counters;
  const JobEstimate estimate = estimate_job(hardware, job);
  EXPECT_EQ(estimate.accept, 3);
  EXPECT_EQ(estimate.respond, 3);
  EXPECT_EQ(estimate.load, static_cast<double>(counters.load_cycles));
  EXPECT_EQ(estimate.issue, static_cast<double>(counters.issue_cycles));
  EXPECT_EQ(estimate.drain, static_cast<double>(counters.drain_cycles));
  EXPECT_EQ(estimate.result_stall, static_cast<double>(counters.result_stall_cycles));
  const double half_a_percent = 0.005 * static_cast<double>(reports.back().done_cycle);
  EXPECT_NEAR(estimate.weight_stall, static_cast<double>(counters.weight_stall_cycles),
              half_a_percent);
  EXPECT_NEAR(estimate.activation_stall, static_cast<double>(counters.activation_stall_cycles),
              half_a_percent);
  EXPECT_NEAR(estimate.fetch, static_cast<double>(reports.front().accept_cycle), half_a_percent);
  EXPECT_NEAR(estimate.write_back,
              static_cast<double>(reports.back().done_cycle - reports.back().respond_cycle),
              half_a_percent);
}

// A packer that takes a result beat in two cycles and one that takes eight, whatever the rows.
TEST(BusEstimate, KnowsWhatANarrowResultBusCosts) {
  HardwareConfig hardware = load_hardware(STERNA_CONFIGS "/edge-lpddr4x.yaml");
  hardware.bus->result_bits = 128;
  for (const std::uint32_t slices : {2U, 8U}) {
    hardware.unit.slices = slices;
    for (const std::uint32_t beats : {2U, 4U, 16U}) {
      const std::uint32_t tokens = slices * hardware.unit.chunks;
      EXPECT_LE(std::abs(error_of(hardware, {{command(tokens, beats, 1024, false)}})), 0.02)
          << slices << " slices, rows of " << beats << " beats";
    }
  }
}

// The rates are a design's memory's: another array before it finds them as they were.
TEST(BusEstimate, AsksAMemoryOnce) {
  HardwareConfig hardware = load_hardware(STERNA_CONFIGS "/edge-lpddr4x.yaml");
  const BusRates* rates = &bus_rates(hardware);
  hardware.unit.slices = 8;
  hardware.unit.chunks = 3;
  hardware.name = "other";
  EXPECT_EQ(&bus_rates(hardware), rates);
  hardware.unit.engines = 2;
  EXPECT_NE(&bus_rates(hardware), rates);
}

}  // namespace
}  // namespace sterna::sim
