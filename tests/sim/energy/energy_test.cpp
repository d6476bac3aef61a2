// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/energy.hpp"

#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/energy/action_counts.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr UnitConfig kUnit = {.lanes = 80,
                              .engines = 4,
                              .slices = 2,
                              .activation_words = 512,
                              .chunks = 32,
                              .weight_fifo_beats = 16,
                              .result_fifo_beats = 16};

// A command of 3 tokens x 2 beats x 5 rows, 700 nonzero weights.
constexpr TmuCounters kCounters = {.load_cycles = 30,
                                   .issue_cycles = 8,
                                   .weight_beats = 10,
                                   .row_slots = 30,
                                   .nonzero_lanes = 2100,
                                   .activation_reads = 12,
                                   .activation_writes = 30,
                                   .result_beats = 4,
                                   .sums = 15};

std::uint64_t count(const std::vector<ActionCount>& actions, std::string_view part, Action action,
                    std::uint32_t width_bits = 0) {
  std::uint64_t sum = 0;
  for (const ActionCount& a : actions) {
    if (a.part == part && a.action == action && (width_bits == 0 || a.width_bits == width_bits)) {
      sum += a.count;
    }
  }
  return sum;
}

EnergyTable shipped(const std::string& name) {
  return load_energy_table(std::filesystem::path(STERNA_CONFIGS) / "energy" / (name + ".yaml"));
}

double price_pj(const EnergyTable& table, Action action, std::uint32_t width_bits,
                std::uint32_t capacity_bytes = 0) {
  return 1e12 * table.action_j({.name = "",
                                .part = "",
                                .action = action,
                                .width_bits = width_bits,
                                .capacity_bytes = capacity_bytes,
                                .count = 1});
}

TEST(CountActions, BuildsATreeOfOneAdderLessThanLanes) {
  const auto t5 = count_actions(kUnit, WeightFormat::T5, kCounters);
  EXPECT_EQ(count(t5, "tree", Action::Add), 30 * 79);
  // 80 lanes in pairs: 40, 20, 10, 5, 2 (one left over), 1, 1 adders, each level a bit wider.
  EXPECT_EQ(count(t5, "tree", Action::Add, 9), 30 * 40);
  EXPECT_EQ(count(t5, "tree", Action::Add, 12), 30 * 5);
  EXPECT_EQ(count(t5, "tree", Action::Add, 13), 30 * 2);
  EXPECT_EQ(count(t5, "tree", Action::Add, 15), 30 * 1);
  EXPECT_EQ(count(t5, "tree", Action::Add, 16), 0);
  const auto t2 = count_actions(kUnit, WeightFormat::T2, kCounters);
  EXPECT_EQ(count(t2, "tree", Action::Add), 30 * 63);
}

TEST(CountActions, MakesTheCorrectionOnceABeatAndAddsItOnceASlot) {
  const auto actions = count_actions(kUnit, WeightFormat::T5, kCounters);
  EXPECT_EQ(count(actions, "correction", Action::Add, 16), 10 + 30);
  EXPECT_EQ(count(actions, "correction", Action::Add), 10 * (79 + 79 + 1) + 30);
  EXPECT_EQ(count(actions, "accumulate", Action::Add, 25), 30);  // 8 + 1 + ceil(log2(512 * 80))
}

TEST(CountActions, SplitsLaneSlotsIntoGatedAndNot) {
  const auto actions = count_actions(kUnit, WeightFormat::T5, kCounters);
  EXPECT_EQ(count(actions, "", Action::GatedLane) + kCounters.nonzero_lanes, 30 * 80);
}

TEST(CountActions, CountsMemoryByWordAndBeat) {
  const auto actions = count_actions(kUnit, WeightFormat::T5, kCounters);
  EXPECT_EQ(count(actions, "activation_sram", Action::SramRead, 640), 12);
  EXPECT_EQ(count(actions, "activation_sram", Action::SramWrite, 128), 30);
  EXPECT_EQ(count(actions, "dram_weights", Action::DramRead, 128), 10);
  EXPECT_EQ(count(actions, "dram_activations", Action::DramRead, 128), 30);
  EXPECT_EQ(count(actions, "dram_results", Action::DramWrite, 32), 15);
  EXPECT_EQ(count(actions, "weight_fifo", Action::RegisterWrite, 128), 20);
  EXPECT_EQ(count(actions, "result_fifo", Action::RegisterWrite, 32), 30);
}

TEST(CountActions, PutsAMultiplierInEveryLaneOfTheBaseline) {
  const auto actions = count_actions(kUnit, WeightFormat::T5, kCounters, Lane::Int8);
  EXPECT_EQ(count(actions, "multiply", Action::Multiply, 8), 30 * 80);
  EXPECT_EQ(count(actions, "correction", Action::Add), 0);
  EXPECT_EQ(count(actions, "tree", Action::Add), 30 * 79);
}

// 10 of 25 columns, 2 beats of 4 engines each, 9 row groups.
constexpr ColumnWork kColumns = {.columns = 25,
                                 .nonzero_columns = 10,
                                 .activation_beats = 2,
                                 .counters = {.issue_cycles = 20,
                                              .weight_beats = 80,
                                              .row_slots = 80,
                                              .nonzero_lanes = 3000,
                                              .result_beats = 9,
                                              .sums = 35}};

TEST(CountColumnActions, AddsInEveryLaneAndHasNoTree) {
  const auto t5 = count_column_actions(kUnit, WeightFormat::T5, kColumns);
  EXPECT_EQ(count(t5, "tree", Action::Add), 0);
  EXPECT_EQ(count(t5, "correction", Action::Add), 0);
  EXPECT_EQ(count(t5, "accumulate", Action::Add), 80 * 80);
  EXPECT_EQ(count(t5, "accumulate", Action::Add, 25), 80 * 80);  // 8 + 1 + log2(65536)
  EXPECT_EQ(count(t5, "registers", Action::RegisterWrite, 25), 80 * 80);
  EXPECT_EQ(count(t5, "registers", Action::RegisterWrite, 160), 80);  // decoded weights
  EXPECT_EQ(count(t5, "registers", Action::RegisterWrite, 8), 2 * 10);
  EXPECT_EQ(count(t5, "", Action::GatedLane), 80 * 80 - 3000);
  const auto t2 = count_column_actions(kUnit, WeightFormat::T2, kColumns);
  EXPECT_EQ(count(t2, "accumulate", Action::Add), 80 * 64);
  const auto int8 = count_column_actions(kUnit, WeightFormat::T5, kColumns, Lane::Int8);
  EXPECT_EQ(count(int8, "multiply", Action::Multiply), 80 * 80);
  EXPECT_EQ(count(t5, "multiply", Action::Multiply), 0);
}

TEST(CountColumnActions, ReadsActivationsPastTheSram) {
  const auto actions = count_column_actions(kUnit, WeightFormat::T5, kColumns);
  EXPECT_EQ(count(actions, "dram_activations", Action::DramRead, 128), 2);
  EXPECT_EQ(count(actions, "dram_weights", Action::DramRead, 128), 80);
  EXPECT_EQ(count(actions, "dram_results", Action::DramWrite, 32), 35);
  EXPECT_EQ(count(actions, "activation_sram", Action::SramRead), 0);
  EXPECT_EQ(count(actions, "activation_sram", Action::SramWrite), 0);
  EXPECT_EQ(count(actions, "weight_fifo", Action::RegisterWrite, 128), 160);
}

TEST(CountActions, AddsUpOverCommands) {
  TmuCounters twice = kCounters;
  twice += kCounters;
  const auto one = count_actions(kUnit, WeightFormat::T5, kCounters);
  const auto two = count_actions(kUnit, WeightFormat::T5, twice);
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(2 * one[i].count, two[i].count);
}

TEST(EnergyTable, PricesAnAdderLinearlyInItsWidth) {
  const EnergyTable table = shipped("horowitz_45nm");
  EXPECT_DOUBLE_EQ(price_pj(table, Action::Add, 8), 0.03);
  EXPECT_DOUBLE_EQ(price_pj(table, Action::Add, 32), 0.1);
  EXPECT_DOUBLE_EQ(price_pj(table, Action::Add, 20), 0.065);
  for (const char* name : {"horowitz_45nm", "jouppi_7nm"}) {
    EXPECT_GT(price_pj(shipped(name), Action::Add, 1), 0) << name;
  }
}

TEST(EnergyTable, PricesSramByCapacityAndWidth) {
  const EnergyTable table = shipped("horowitz_45nm");
  EXPECT_NEAR(price_pj(table, Action::SramRead, 64, 8 << 10), 10, 1e-9);
  EXPECT_NEAR(price_pj(table, Action::SramRead, 64, 32 << 10), 20, 1e-9);
  EXPECT_NEAR(price_pj(table, Action::SramRead, 64, 1 << 20), 100, 1e-9);
  EXPECT_NEAR(price_pj(table, Action::SramRead, 64, 16 << 10), 10 * std::sqrt(2.0), 1e-9);
  EXPECT_NEAR(price_pj(table, Action::SramWrite, 128, 8 << 10), 12, 1e-9);
}

TEST(EnergyTable, PricesTheRestByTheBit) {
  const EnergyTable table = shipped("jouppi_7nm");
  EXPECT_NEAR(price_pj(table, Action::DramRead, 128), 2600, 1e-9);
  EXPECT_NEAR(price_pj(table, Action::DramWrite, 32), 650, 1e-9);
  EXPECT_NEAR(price_pj(table, Action::RegisterWrite, 10), 0.027, 1e-12);
  EXPECT_NEAR(price_pj(table, Action::Multiply, 8), 0.07, 1e-12);
  EXPECT_EQ(price_pj(table, Action::GatedLane, 8), 0);
}

TEST(Price, GivesPartsThatSumToEachTotal) {
  for (const EnergyTable& table :
       load_energy_tables(std::filesystem::path(STERNA_CONFIGS) / "energy")) {
    for (const Lane lane : {Lane::Ternary, Lane::Int8}) {
      const auto actions = count_actions(kUnit, WeightFormat::T5, kCounters, lane);
      const EnergyReport report = price(table, actions);
      EXPECT_EQ(report.table, table.name);
      EXPECT_FALSE(report.evidence.empty());
      for (const EnergySum* sum : {&report.arithmetic, &report.on_chip, &report.system}) {
        double total = 0;
        for (const EnergyPart& part : sum->parts) {
          EXPECT_GT(part.joules, 0) << part.name;
          total += part.joules;
        }
        EXPECT_EQ(total, sum->total_j);
      }
      EXPECT_EQ(report.on_chip.parts.at(0).joules, report.arithmetic.total_j);
      EXPECT_EQ(report.system.parts.at(0).joules, report.on_chip.total_j);
      // Nothing that is counted is left out of the system.
      double all = 0;
      for (const ActionCount& a : actions) all += table.action_j(a) * static_cast<double>(a.count);
      EXPECT_NEAR(report.system.total_j, all, 1e-9 * all);
    }
  }
}

TEST(Price, ShowsTheMultiplierInTheBaseline) {
  const EnergyTable table = shipped("horowitz_45nm");
  const auto ternary = price(table, count_actions(kUnit, WeightFormat::T5, kCounters));
  const auto int8 = price(table, count_actions(kUnit, WeightFormat::T5, kCounters, Lane::Int8));
  EXPECT_NEAR(int8.arithmetic.parts.at(1).joules, 30 * 80 * 0.2e-12, 1e-18);
  EXPECT_EQ(int8.arithmetic.parts.at(1).name, "multiply");
  EXPECT_GT(int8.arithmetic.total_j, 3 * ternary.arithmetic.total_j);
  EXPECT_EQ(int8.system.parts.at(1).joules, ternary.system.parts.at(1).joules);
}

class BadEnergyTable : public testing::Test {
 protected:
  // The shipped table with `from` replaced by `to`, loaded.
  static void load_edited(const std::string& from, const std::string& to) {
    std::ifstream in(std::filesystem::path(STERNA_CONFIGS) / "energy" / "horowitz_45nm.yaml");
    std::ostringstream text;
    text << in.rdbuf();
    std::string edited = text.str();
    ASSERT_NE(edited.find(from), std::string::npos);
    edited.replace(edited.find(from), from.size(), to);
    const auto path =
        std::filesystem::path(testing::TempDir()) /
        (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".yaml");
    std::ofstream(path) << edited;
    (void)load_energy_table(path);
  }
};

TEST_F(BadEnergyTable, NamesAMissingAnUnknownAndADoubleRow) {
  EXPECT_THAT([] { load_edited("row: add_8", "row: add_9"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("the row add_8 is missing; add it")));
  EXPECT_THAT(
      [] {
        load_edited("rows:", "rows:\n  - {row: add_9, pj: 1, per: x, evidence: x, source: x}");
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("unknown row add_9; known are add_8")));
  EXPECT_THAT([] { load_edited("row: add_32", "row: add_8"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("add_8 is given twice")));
}

TEST_F(BadEnergyTable, NamesAValueThatIsNoPrice) {
  EXPECT_THAT([] { load_edited("pj: 0.03", "pj: 0"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("add_8 is 0 pJ; it must be above 0")));
  EXPECT_THAT([] { load_edited("pj: 0.03", "pj: cheap"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("rows[0].pj is 'cheap'")));
  EXPECT_THAT([] { load_edited("    source: Horowitz", "    sauce: Horowitz"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("did you mean source?")));
}

TEST_F(BadEnergyTable, SaysThatAFolderHoldsNone) {
  EXPECT_THAT([] { (void)load_energy_tables("no/such"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("no/such: holds no energy tables")));
}

}  // namespace
}  // namespace sterna::sim
