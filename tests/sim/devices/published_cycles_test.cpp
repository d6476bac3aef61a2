// SPDX-License-Identifier: Apache-2.0

// Counts that others have published, given by the unit in the shape they describe: published_cycles.yaml says
// from where, how and how near.

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "sim/devices/rtl_tmu.hpp"
#include "sim/devices/systemc_tmu.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "sim/job/random_job.hpp"
#include "tests/sim/job_timing.hpp"

namespace sterna::sim {
namespace {

constexpr double kPlenty = 1000;  // GB/s: a port that nothing waits for

struct Target {
  std::string name;
  HardwareConfig hardware;
  std::vector<TmuCommand> commands;
  std::string measure;
  double published;
  double tolerance;
  bool rtl;
};

void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

HardwareConfig hardware_of(const YAML::Node& design, const YAML::Node& memory) {
  const auto size = [&](const char* key) { return design[key].as<std::uint32_t>(); };
  return {.name = "published",
          .clock_mhz = design["clock_mhz"].as<double>(),
          .weight_format = WeightFormat::T5,
          .unit = {.lanes = size("lanes"),
                   .engines = size("engines"),
                   .slices = size("slices"),
                   .activation_words = size("activation_words"),
                   .chunks = size("chunks"),
                   .weight_fifo_beats = size("weight_fifo_beats"),
                   .result_fifo_beats = size("result_fifo_beats")},
          .memory = {.weight_gb_s = memory["weight_gb_s"].as<double>(),
                     .activation_gb_s = memory["activation_gb_s"].as<double>(),
                     .result_gb_s = kPlenty,
                     .latency_ns = memory["latency_ns"].as<double>(),
                     .window_beats = 65536,
                     .refresh_interval_ns = 0,
                     .refresh_ns = 0}};
}

std::vector<Target> read_targets() {
  const YAML::Node file = YAML::LoadFile(STERNA_PUBLISHED_CYCLES);
  std::vector<Target> targets;
  for (const YAML::Node& node : file["targets"]) {
    Target& target = targets.emplace_back();
    target.name = node["name"].as<std::string>();
    target.hardware =
        hardware_of(file["designs"][node["design"].as<std::string>()], node["memory"]);
    for (auto times = node["times"].as<int>(); times > 0; --times) {
      for (const YAML::Node& run : node["runs"]) {
        target.commands.push_back({.tokens = run[0].as<std::uint32_t>(),
                                   .beats = run[1].as<std::uint32_t>(),
                                   .rows = run[2].as<std::uint32_t>(),
                                   .format = WeightFormat::T5,
                                   .keep_activations = run[3].as<bool>()});
      }
    }
    target.measure = node["measure"].as<std::string>();
    target.published = node["published"].as<double>();
    target.tolerance = node["tolerance"].as<double>();
    target.rtl = node["rtl"] && node["rtl"].as<bool>();
  }
  return targets;
}

double milliseconds(const HardwareConfig& hardware, std::uint64_t cycles) {
  return static_cast<double>(cycles) / hardware.clock_mhz / 1000;
}

// Cycles of the runs, one job each.
std::uint64_t cycles_of_runs(const Target& target) {
  std::uint64_t cycles = 0;
  for (const TmuCommand& command : target.commands) {
    cycles += timing_of(target.hardware, {command}).cycles;
  }
  return cycles;
}

// The report of the last command; SystemC and, where the target says so, RTL give the same.
CommandReport last_report(const Target& target) {
  SystemcTmu model(target.hardware);
  RandomJob job(target.hardware.unit, 1);
  for (const TmuCommand& command : target.commands) {
    job.add({.tokens = command.tokens,
             .cols = command.beats * target.hardware.unit.lanes,
             .rows = command.rows,
             .format = command.format,
             .keep_activations = command.keep_activations,
             .fill = Fill::Uniform});
  }
  const CommandReport report = model.run(job.tasks()).back();
  if (target.rtl) {
    RtlTmu rtl(target.hardware);
    EXPECT_EQ(rtl.run(job.tasks()).back(), report);
    EXPECT_EQ(job.first_wrong_task(), -1);
  }
  return report;
}

double measured(const Target& target) {
  const auto bound = lower_bound(target.hardware, target.commands);
  if (target.measure == "weight_bytes") return static_cast<double>(bound.bytes.weights);
  if (target.measure == "lower_bound_ms") return milliseconds(target.hardware, bound.cycles);
  if (target.measure == "simulated_ms") {
    return milliseconds(target.hardware, cycles_of_runs(target));
  }
  if (target.measure == "cycles_per_word") {
    const auto words = static_cast<double>(bound.bytes.weights) / 4;
    return static_cast<double>(cycles_of_runs(target)) / words;
  }
  const CommandReport report = last_report(target);
  if (target.measure == "issue_and_drain") {
    EXPECT_EQ(report.counters.weight_stall_cycles + report.counters.result_stall_cycles, 0U);
    return static_cast<double>(report.counters.issue_cycles + report.counters.drain_cycles);
  }
  EXPECT_EQ(target.measure, "command_cycles");
  const TmuCounters& c = report.counters;
  return static_cast<double>(1 + c.load_cycles + c.activation_stall_cycles + c.issue_cycles +
                             c.weight_stall_cycles + c.result_stall_cycles + c.drain_cycles +
                             c.respond_cycles);
}

class PublishedCycles : public testing::TestWithParam<Target> {};

TEST_P(PublishedCycles, AreGivenWithinTheirTolerance) {
  const Target& target = GetParam();
  const double value = measured(target);
  RecordProperty("value", std::to_string(value));
  std::printf("%s: %.4f, published %.4f\n", target.name.c_str(), value, target.published);
  EXPECT_LE(std::abs(value - target.published), target.tolerance * target.published);
}

INSTANTIATE_TEST_SUITE_P(Targets, PublishedCycles, testing::ValuesIn(read_targets()),
                         [](const auto& target) { return target.param.name; });

}  // namespace
}  // namespace sterna::sim
