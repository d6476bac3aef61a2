// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate/lower_bound.hpp"

#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/devices/systemc_tmu.hpp"
#include "sim/job/random_job.hpp"
#include "tests/sim/ideal_hardware.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

HardwareConfig ideal_hardware() { return sim::ideal_hardware(16); }

TmuCommand command(std::uint32_t tokens, std::uint32_t beats, std::uint32_t rows) {
  return {.tokens = tokens,
          .beats = beats,
          .rows = rows,
          .format = WeightFormat::T5,
          .keep_activations = false};
}

std::uint64_t simulated(const HardwareConfig& hardware, const TmuCommand& one) {
  SystemcTmu device(hardware);
  RandomJob job(hardware.unit, 1);
  job.add({.tokens = one.tokens,
           .cols = one.beats * 80,
           .rows = one.rows,
           .format = one.format,
           .keep_activations = false,
           .fill = Fill::Uniform});
  return device.run(job.tasks()).at(0).respond_cycle + 1;
}

std::uint64_t bound(const HardwareConfig& hardware, const TmuCommand& one) {
  return lower_bound(hardware, std::span(&one, 1)).cycles;
}

TEST(LowerBound, IsReachedByAUnitThatNeverWaits) {
  const TmuCommand one = command(8, 4, 20);  // four chunks: a beat lasts longer than its transfer
  EXPECT_EQ(bound(ideal_hardware(), one), 1 + 8 * 4 * 5 + 10 * 4 * 4 + 5 + 1);
  EXPECT_EQ(simulated(ideal_hardware(), one), bound(ideal_hardware(), one));
}

TEST(LowerBound, IsReachedWhenWeightsAreTheBottleneck) {
  HardwareConfig hardware = ideal_hardware();
  hardware.memory.weight_gb_s = 2;  // a beat every sixteen cycles and engine
  hardware.memory.latency_ns = 7;
  const TmuCommand one = command(1, 4, 20);
  EXPECT_EQ(bound(hardware, one), 7 + 40 * 16 + 1 + 1 + 5 + 1);
  EXPECT_EQ(simulated(hardware, one), bound(hardware, one));
}

TEST(LowerBound, HoldsWhenActivationsOrResultsAreTheBottleneck) {
  HardwareConfig slow_input = ideal_hardware();
  slow_input.memory.activation_gb_s = 1;
  const TmuCommand one = command(8, 4, 4);
  EXPECT_GE(bound(slow_input, one), 16 * 8 * 4 * 5);
  EXPECT_LE(bound(slow_input, one), simulated(slow_input, one));
}

TEST(LowerBound, CountsResultsAtTheRateOfTheirPort) {
  HardwareConfig slow_output = ideal_hardware();
  slow_output.memory.result_gb_s = 0.5;  // a sum every eight cycles
  const TmuCommand one = command(8, 1, 100);
  EXPECT_EQ(bound(slow_output, one), 8 * (800 - 4));
  EXPECT_LE(bound(slow_output, one), simulated(slow_output, one));
}

TEST(LowerBound, CountsEveryByteOnce) {
  TmuCommand kept = command(3, 2, 5);
  kept.keep_activations = true;
  const TmuCommand both[] = {command(3, 2, 5), kept};
  EXPECT_EQ(lower_bound(ideal_hardware(), both).bytes,
            (MovedBytes{.weights = 2 * 5 * 2 * 16, .activations = 3 * 160, .results = 2 * 60}));
  EXPECT_EQ(lower_bound(ideal_hardware(), {}).cycles, 0);
}

TEST(CheckAgainstLowerBound, ThrowsWhenSomethingIsImpossible) {
  const HardwareConfig hardware = ideal_hardware();
  const TmuTask task = {
      .command = command(1, 1, 1), .weights = nullptr, .activations = {}, .sums = {}};
  const MovedBytes moved = {.weights = 16, .activations = 80, .results = 4};
  CommandReport good = {.status = TmuStatus::Done,
                        .accept_cycle = 0,
                        .respond_cycle = 12,
                        .done_cycle = 12,
                        .counters = {}};
  good.counters = {.load_cycles = 5, .issue_cycles = 1, .drain_cycles = 5, .respond_cycles = 1};
  const auto check = [&](const CommandReport& report, const MovedBytes& bytes) {
    return [&hardware, &task, report, bytes] {
      check_against_lower_bound(hardware, std::span(&task, 1), std::span(&report, 1), bytes);
    };
  };
  EXPECT_NO_THROW(check(good, moved)());
  CommandReport fast = good;
  fast.respond_cycle = fast.done_cycle = 11;
  fast.counters.drain_cycles = 4;
  EXPECT_THAT(check(fast, moved),
              ThrowsMessage<std::logic_error>(HasSubstr("12 cycles, its lower bound is 13")));
  CommandReport odd = good;
  odd.counters.weight_stall_cycles = 1;
  EXPECT_THAT(check(odd, moved), ThrowsMessage<std::logic_error>(HasSubstr("add up to 13")));
  MovedBytes few = moved;
  few.weights = 0;
  EXPECT_THAT(check(good, few), ThrowsMessage<std::logic_error>(HasSubstr("bytes moved")));
}

}  // namespace
}  // namespace sterna::sim
