// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate/job_estimate.hpp"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/hardware_yaml.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "tests/sim/designs.hpp"
#include "tests/sim/ideal_hardware.hpp"
#include "tests/sim/job_timing.hpp"

namespace sterna::sim {
namespace {

HardwareConfig on_ideal_memory(const UnitConfig& unit) {
  HardwareConfig hardware = ideal_hardware(unit.result_fifo_beats);
  hardware.unit = unit;
  const double beat = unit.beat_bytes();
  hardware.memory.weight_gb_s = beat * unit.engines;
  hardware.memory.result_gb_s = 4.0 * unit.engines * unit.slices;
  return hardware;
}

// Estimate over timing, minus 1; the estimate must not be below the bound either.
double error_of(const HardwareConfig& hardware, const std::vector<TmuCommand>& commands) {
  const double estimate = estimate_job(hardware, commands).cycles();
  EXPECT_GE(estimate, static_cast<double>(lower_bound(hardware, commands).cycles));
  return estimate / static_cast<double>(timing_of(hardware, commands).cycles) - 1;
}

TmuCommand command_of(std::uint32_t tokens, std::uint32_t beats, std::uint32_t rows, bool keep) {
  return {.tokens = tokens,
          .beats = beats,
          .rows = rows,
          .format = WeightFormat::T5,
          .keep_activations = keep};
}

TEST(JobEstimateTest, IsExactOnAnIdealMemory) {
  const HardwareConfig hardware = on_ideal_memory(kDesigns[3]);
  const std::vector<TmuCommand> one = {command_of(1, 32, 400, false)};
  EXPECT_NEAR(estimate_job(hardware, one).cycles(),
              static_cast<double>(timing_of(hardware, one).cycles), 2.0);
}

TEST(JobEstimateTest, NamesTheCauseOfEveryCycle) {
  const HardwareConfig hardware = load_hardware(STERNA_CONFIGS "/edge.yaml");
  const std::vector<TmuCommand> job = {command_of(32, 32, 640, false),
                                       command_of(32, 32, 640, true)};
  const Timed timed = timing_of(hardware, job);
  const JobEstimate estimate = estimate_job(hardware, job);
  EXPECT_EQ(estimate.accept, 2);
  EXPECT_EQ(estimate.respond, 2);
  EXPECT_EQ(estimate.load, static_cast<double>(timed.counters.load_cycles));
  EXPECT_EQ(estimate.issue, static_cast<double>(timed.counters.issue_cycles));
  const double one_percent = 0.01 * static_cast<double>(timed.cycles);
  EXPECT_NEAR(estimate.weight_stall, static_cast<double>(timed.counters.weight_stall_cycles),
              one_percent);
  EXPECT_NEAR(estimate.result_stall, static_cast<double>(timed.counters.result_stall_cycles),
              one_percent);
  EXPECT_NEAR(estimate.activation_stall,
              static_cast<double>(timed.counters.activation_stall_cycles), one_percent);
  EXPECT_NEAR(estimate.drain, static_cast<double>(timed.counters.drain_cycles), one_percent);
}

// The products of a layer of BitNet b1.58 2B4T (q, k and v; gate and up; down) for one token and for as
// many as a command takes, on designs around the shipped one and on memories from half to eight times it.
TEST(JobEstimateTest, IsWithinOnePercentOnALayerOf2B4T) {
  const HardwareConfig edge = load_hardware(STERNA_CONFIGS "/edge.yaml");
  for (const std::uint32_t lanes : {80U, 160U, 320U}) {
    for (const auto& [engines, slices] : {std::pair{1U, 1U}, {4U, 2U}, {16U, 4U}, {8U, 8U}}) {
      for (const double memory : {0.5, 1.0, 8.0}) {
        HardwareConfig hardware = edge;
        hardware.unit.lanes = lanes;
        hardware.unit.engines = engines;
        hardware.unit.slices = slices;
        hardware.memory.weight_gb_s *= memory;
        hardware.memory.activation_gb_s *= memory;
        hardware.memory.result_gb_s *= memory;
        const std::uint32_t hidden = 2560 / lanes;
        const std::uint32_t ffn = (6912 + lanes - 1) / lanes;
        const auto most = [&](std::uint32_t beats) {
          return slices * std::min(edge.unit.chunks, edge.unit.activation_words / beats);
        };
        for (const bool prefill : {false, true}) {
          const std::uint32_t tokens = prefill ? most(hidden) : 1;
          const std::uint32_t ffn_tokens = prefill ? most(ffn) : 1;
          const std::vector<std::vector<TmuCommand>> jobs = {
              {command_of(tokens, hidden, 2560, false), command_of(tokens, hidden, 640, true),
               command_of(tokens, hidden, 640, true)},
              {command_of(tokens, hidden, 6912, false), command_of(tokens, hidden, 6912, true)},
              {command_of(ffn_tokens, ffn, 2560, false)}};
          for (const auto& job : jobs) {
            EXPECT_LE(std::abs(error_of(hardware, job)), 0.01)
                << lanes << "x" << engines << "x" << slices << ", memory x " << memory << ", "
                << job[0].tokens << " tokens, " << job[0].beats << " beats";
          }
        }
      }
    }
  }
}

// Any design, every rate from starving to abundant, rows of one beat: nothing is far off.
TEST(JobEstimateTest, IsNearTheTimingOfRandomJobsOnStarvedDesigns) {
  std::mt19937 random(7);
  const auto draw = [&](std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
  };
  const auto rate = [&] { return std::exp2(std::uniform_real_distribution(0.0, 6.0)(random)); };
  int jobs = 0;
  int close = 0;
  for (int trial = 0; trial < 600; ++trial) {
    HardwareConfig hardware = on_ideal_memory(kDesigns[draw(0, 3)]);
    hardware.clock_mhz = 250;
    hardware.memory = {.weight_gb_s = rate(),
                       .activation_gb_s = rate(),
                       .result_gb_s = rate(),
                       .latency_ns = 4.0 * draw(0, 50),
                       .window_beats = draw(16, 64),
                       .refresh_interval_ns = draw(0, 1) == 0 ? 0.0 : 3904.0,
                       .refresh_ns = 180};
    const UnitConfig& unit = hardware.unit;
    std::vector<TmuCommand> commands;
    for (std::uint32_t n = draw(1, 4); n > 0; --n) {
      const std::uint32_t beats = draw(1, unit.activation_words);
      const std::uint32_t chunks = std::min(unit.chunks, unit.activation_words / beats);
      commands.push_back(
          command_of(draw(1, chunks * unit.slices), beats, draw(1, 40000 / beats + 1), false));
      commands.back().format = draw(0, 1) == 0 ? WeightFormat::T5 : WeightFormat::T2;
    }
    if (timing_of(hardware, commands).cycles < 10000) continue;
    const double error = std::abs(error_of(hardware, commands));
    EXPECT_LE(error, 0.07) << "trial " << trial;
    ++jobs;
    close += error <= 0.01 ? 1 : 0;
  }
  EXPECT_GE(jobs, 400);
  EXPECT_GE(close, jobs * 9 / 10);
}

}  // namespace
}  // namespace sterna::sim
