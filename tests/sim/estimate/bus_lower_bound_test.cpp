// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/estimate/lower_bound.hpp"
#include "sim/job/job_plan.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/bus/bus_job_timing.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TmuCommand command(std::uint32_t tokens, std::uint32_t beats, std::uint32_t rows,
                   bool keep = false) {
  return {.tokens = tokens,
          .beats = beats,
          .rows = rows,
          .format = WeightFormat::T5,
          .keep_activations = keep};
}

const BusDesign& odd() { return kBusDesigns[0]; }
const BusDesign& edge() { return kBusDesigns[2]; }

HardwareConfig on_part(const BusDesign& design, const DramPart& part, std::uint32_t channels) {
  HardwareConfig hardware = on_ideal_memory(design);
  hardware.bus->dram = default_dram(part, hardware.bus->dram.asker_khz);
  hardware.bus->dram.channels = channels;
  return hardware;
}

TmuCommand by_columns(const UnitConfig& unit, std::uint32_t columns, std::uint32_t rows) {
  TmuCommand command = sim::TmuCommand{.tokens = 1,
                                       .beats = column_beats(unit, rows, WeightFormat::T5),
                                       .rows = rows,
                                       .format = WeightFormat::T5,
                                       .keep_activations = false};
  command.columns = columns;
  return command;
}

std::uint64_t bound(const HardwareConfig& hardware, const std::vector<TmuCommand>& commands,
                    const std::vector<std::uint32_t>& nonzero_columns = {}) {
  return lower_bound(hardware, commands, {}, nonzero_columns).cycles;
}

// Every step of the page, to the cycle: one slot; ragged results; a last burst of several words; rings of
// commands so small that the check of their descriptors takes longest.
TEST(LowerBoundOnABus, IsReachedWhereNothingWaits) {
  const HardwareConfig hardware = on_ideal_memory(edge());
  for (const auto& job :
       std::vector<std::vector<TmuCommand>>{{command(1, 1, 1)},
                                            {command(3, 1, 5)},
                                            {command(1, 1, 1), command(1, 1, 1)},
                                            std::vector<TmuCommand>(5, command(1, 1, 1)),
                                            {command(1, 32, 64)},
                                            {command(1, 32, 64), command(1, 32, 64, true)}}) {
    EXPECT_EQ(bound(hardware, job), bus_cycles_of(hardware, job))
        << job.size() << " commands of " << job[0].tokens << " x " << job[0].beats << " x "
        << job[0].rows;
  }
}

// No column, one, a full beat of them and one more.
TEST(LowerBoundOnABus, IsReachedByColumnsWhereNothingWaits) {
  HardwareConfig hardware = on_ideal_memory(edge());
  hardware.unit.column_words = 3;
  const UnitConfig& unit = hardware.unit;
  for (const auto& [command, nonzero] :
       {std::pair{by_columns(unit, 1, 1), 0U}, std::pair{by_columns(unit, 64, 1), 0U},
        std::pair{by_columns(unit, 1, 1), 1U}, std::pair{by_columns(unit, 16, 1), 16U},
        std::pair{by_columns(unit, 17, 40), 17U}}) {
    EXPECT_EQ(bound(hardware, {command}, {nonzero}), bus_cycles_of(hardware, {command}, {nonzero}))
        << nonzero << " of " << command.columns << " columns, " << command.rows << " rows";
  }
}

// The writer's bursts and what lies between columns that are left out cost a little more.
TEST(LowerBoundOnABus, IsNearByColumnsOfManyBeats) {
  HardwareConfig hardware = on_ideal_memory(edge());
  hardware.unit.column_words = 3;
  for (const auto& [command, nonzero] : {std::pair{by_columns(hardware.unit, 40, 321), 40U},
                                         std::pair{by_columns(hardware.unit, 400, 960), 160U}}) {
    const std::uint64_t cycles = bus_cycles_of(hardware, {command}, {nonzero});
    EXPECT_LE(bound(hardware, {command}, {nonzero}), cycles);
    EXPECT_GE(static_cast<double>(bound(hardware, {command}, {nonzero})),
              0.93 * static_cast<double>(cycles));
  }
}

TEST(LowerBoundOnABus, CountsTheWeightsOfColumnsThatAreNotLeftOut) {
  const HardwareConfig hardware = on_ideal_memory(odd());
  const std::vector<TmuCommand> job = {by_columns(hardware.unit, 33, 161), command(1, 2, 5)};
  const std::vector<std::uint32_t> nonzero = {7, 0};
  const std::uint64_t engines = hardware.unit.engines;
  ASSERT_EQ(job[0].beats, (161 + 80 * engines - 1) / (80 * engines));
  const MovedBytes bytes = lower_bound(hardware, job, {}, nonzero).bytes;
  EXPECT_EQ(bytes.weights, 7 * job[0].beats * engines * 16 + 5 * 2 * 16);
  EXPECT_EQ(bytes.activations, 48 + 160);
}

TEST(LowerBoundOnABus, IsNearWhereTheMemoryIsTheBottleneck) {
  const std::vector<TmuCommand> job = {command(1, 32, 2560)};
  HardwareConfig flat = on_ideal_memory(edge());
  flat.bus->dram.kind = DramKind::Flat;
  flat.bus->dram.flat_gb_s = 6.4;  // a tenth of what four engines take
  flat.bus->dram.flat_latency_ns = 100;
  EXPECT_LE(bound(flat, job), bus_cycles_of(flat, job));
  EXPECT_GE(static_cast<double>(bound(flat, job)),
            0.98 * static_cast<double>(bus_cycles_of(flat, job)));
  const HardwareConfig banks = on_part(edge(), find_dram_part("LPDDR4X-4266"), 2);
  EXPECT_LE(bound(banks, job), bus_cycles_of(banks, job));
  EXPECT_GE(static_cast<double>(bound(banks, job)),
            0.95 * static_cast<double>(bus_cycles_of(banks, job)));
}

TEST(LowerBoundOnABus, CountsTheResultsAWordACycle) {
  const HardwareConfig hardware = on_ideal_memory(edge());
  const std::vector<TmuCommand> job = {command(64, 1, 400)};  // 100 groups of 1024 bytes, 64 words
  EXPECT_LE(bound(hardware, job), bus_cycles_of(hardware, job));
  EXPECT_GE(bound(hardware, job), 6400 + 6400 / 16);
}

TEST(LowerBoundOnABus, CountsDescriptorsRecordsAndAbsentRows) {
  const std::vector<TmuCommand> job = {command(3, 2, 5), command(3, 2, 5, true)};
  EXPECT_EQ(lower_bound(on_ideal_memory(edge()), job).bytes, (MovedBytes{.weights = 2 * 5 * 2 * 16,
                                                                         .activations = 3 * 160,
                                                                         .results = 2 * 8 * 3 * 4,
                                                                         .descriptors = 2 * 64,
                                                                         .records = 2 * 16}));
}

// No draw of design, memory, controller, latency and commands is faster.
TEST(LowerBoundOnABus, IsNeverAboveTheModel) {
  std::mt19937 random(11);
  const auto draw = [&](std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
  };
  for (int trial = 0; trial < 400; ++trial) {
    const BusDesign& design = kBusDesigns[draw(0, 2)];
    const auto& part = dram_parts()[draw(0, static_cast<std::uint32_t>(dram_parts().size()) - 1)];
    HardwareConfig hardware = on_part(design, part, 1U << draw(0, 2));
    DramConfig& dram = hardware.bus->dram;
    const std::uint32_t mhz = draw(1, 30) * 100;
    hardware.clock_mhz = mhz;
    dram.asker_khz = mhz * 1000;
    dram.queue_depth = draw(1, 32);
    dram.page_policy = draw(0, 1) == 0 ? PagePolicy::Open : PagePolicy::Closed;
    dram.scheduler = draw(0, 3) == 0 ? DramScheduler::InOrder : DramScheduler::FrFcfs;
    dram.kind = static_cast<DramKind>(draw(0, 5) % 4 % 3);
    dram.flat_gb_s = draw(1, 100);
    dram.flat_latency_ns = draw(0, 100);
    hardware.bus->latency_ns = draw(0, 50);
    const UnitConfig& unit = design.unit;
    std::vector<TmuCommand> job;
    std::vector<std::uint32_t> nonzero;
    for (std::uint32_t n = draw(1, 5); n > 0; --n) {
      const std::uint32_t beats = draw(1, std::min(unit.activation_words, 20U));
      const std::uint32_t chunks = std::min(unit.chunks, unit.activation_words / beats);
      job.push_back(command(draw(1, std::min(chunks * unit.slices, 20U)), beats, draw(1, 300)));
      const bool can_keep = job.size() > 1 && job[job.size() - 2].columns == 0;
      nonzero.push_back(0);
      if (unit.column_words != 0 && draw(0, 1) == 0) {
        const std::uint32_t most = unit.lanes * unit.engines * unit.column_words;
        job.back() = by_columns(unit, draw(1, 200), draw(1, most));
        nonzero.back() = draw(0, 3) == 0 ? 0 : draw(0, job.back().columns);
      } else if (can_keep && draw(0, 2) == 0) {
        const std::uint32_t rows = job.back().rows;
        job.back() = job[job.size() - 2];
        job.back().rows = rows;
        job.back().keep_activations = true;
      }
    }
    const std::uint64_t cycles = bus_cycles_of(hardware, job, nonzero);
    EXPECT_LE(bound(hardware, job, nonzero), cycles) << "trial " << trial << " on " << design.name;
  }
}

TEST(CheckAgainstLowerBound, ThrowsForAJobOnABusThatIsImpossible) {
  const HardwareConfig hardware = on_ideal_memory(edge());
  const std::vector<TmuCommand> commands = {command(1, 2, 5)};
  const TmuTask task = {.command = commands[0], .weights = nullptr, .activations = {}, .sums = {}};
  const CommandReport good = bus_timing_of(hardware, commands).at(0);
  const MovedBytes moved = lower_bound(hardware, commands).bytes;
  const auto check = [&](const CommandReport& report, const MovedBytes& bytes) {
    return [&hardware, &task, report, bytes] {
      check_against_lower_bound(hardware, std::span(&task, 1), std::span(&report, 1), bytes);
    };
  };
  EXPECT_NO_THROW(check(good, moved)());
  CommandReport fast = good;
  --fast.done_cycle;
  EXPECT_THAT(check(fast, moved), ThrowsMessage<std::logic_error>(HasSubstr("its lower bound is")));
  MovedBytes few = moved;
  few.records = 0;
  EXPECT_THAT(check(good, few), ThrowsMessage<std::logic_error>(HasSubstr("bytes moved")));
}

}  // namespace
}  // namespace sterna::sim
