// SPDX-License-Identifier: Apache-2.0
#include "host/report/phase_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/run.hpp"
#include "tests/host/fake_tmu.hpp"

namespace sterna::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A unit of 80 lanes x 2 engines x 2 slices whose memory never makes it wait.
sim::HardwareConfig ideal_hardware() {
  sim::HardwareConfig hardware = fake_hardware(80, 2, 2, 8, 4);
  hardware.memory = {1000.0, 1000.0, 1000.0, 0.0, 64, 0.0, 0.0};
  return hardware;
}

/// On a memory that answers at once.
sim::HardwareConfig on_bus(sim::HardwareConfig hardware) {
  sim::DramConfig dram = sim::default_dram(sim::dram_parts().front(), 100'000);
  dram.kind = sim::DramKind::Ideal;
  hardware.bus = sim::BusConfig{.burst_beats = 16,
                                .dma_fifo_beats = 64,
                                .outstanding = 4,
                                .descriptors = 4,
                                .result_bits = 128,
                                .latency_ns = 0,
                                .dram = dram};
  return hardware;
}

/// What the unit does without a stall for 4 tokens, 3 rows and 2 beats: 2 chunks, 2 groups.
CommandRecord record(std::size_t job, std::uint64_t accept_cycle, Phase phase, bool keep) {
  sim::TmuCounters c;
  c.load_cycles = keep ? 0 : 4 * 2 * 5;
  c.issue_cycles = 2 * 2 * 2;
  c.drain_cycles = 5;
  c.respond_cycles = 1;
  c.weight_beats = 3 * 2;
  c.row_slots = 3 * 2 * 4;
  c.activation_writes = c.load_cycles;
  c.sums = 3 * 4;
  const std::uint64_t cycles =
      1 + c.load_cycles + c.issue_cycles + c.drain_cycles + c.respond_cycles;
  return {.matrix = keep ? 1U : 0U,
          .piece = 0,
          .phase = phase,
          .job = job,
          .command = {4, 2, 3, sim::WeightFormat::T5, keep},
          .macs = 4 * 3 * 160,
          .report = {sim::TmuStatus::Done, accept_cycle, accept_cycle + cycles - 1,
                     accept_cycle + cycles - 1, c}};
}

SimulatedRun simulated_run() {
  SimulatedRun run{};
  run.matrix_names = {"layers.0.q_proj", "layers.0.k_proj"};
  run.records = {record(0, 0, Phase::Prefill, false), record(0, 55, Phase::Prefill, true),
                 record(1, 0, Phase::Decode, false)};
  return run;
}

PhaseReport prefill_report() {
  return report_phase(simulated_run(), Phase::Prefill, 4, {ideal_hardware(), {}});
}

TEST(PhaseReport, AddsUpTheJobsOfItsPhaseOnly) {
  const PhaseReport report = prefill_report();
  EXPECT_EQ(report.jobs, 1U);
  EXPECT_EQ(report.all.commands, 2U);
  EXPECT_EQ(report.job_cycles, 55U + 15U);
  EXPECT_EQ(report.all.cycles, report.job_cycles);
  EXPECT_EQ(report.all.macs, 2U * 4 * 3 * 160);
  EXPECT_EQ(report.by_projection.at("q_proj").cycles, 55U);
  EXPECT_EQ(report.by_projection.at("k_proj").cycles, 15U);
  EXPECT_EQ(report.moved.weights, 2U * 6 * 16);
  EXPECT_EQ(report.moved.activations, 40U * 16);
  EXPECT_EQ(report.moved.results, 2U * 12 * 4);
  EXPECT_EQ(report.lower_bound_cycles, report.job_cycles) << "nothing stalled";
  EXPECT_DOUBLE_EQ(report.utilization(), 3840.0 / (70 * 80 * 2 * 2));
  EXPECT_THAT(broken_contracts(report), IsEmpty());
}

TEST(PhaseReport, CountsWhatABusAdds) {
  const sim::HardwareConfig hardware = on_bus(ideal_hardware());
  SimulatedRun run = simulated_run();
  // 60 cycles before the first command, 5 between the two, 30 from the last response to its record.
  run.records[0].report.accept_cycle += 60;
  run.records[0].report.respond_cycle += 60;
  run.records[1].report.accept_cycle += 65;
  run.records[1].report.respond_cycle += 65;
  run.records[1].report.done_cycle += 65 + 30;
  const PhaseReport report = report_phase(run, Phase::Prefill, 4, {hardware, {}});
  EXPECT_EQ(report.outside_cycles(), 60U + 5 + 30);
  EXPECT_EQ(report.job_cycles, 70U + 60 + 5 + 30);
  EXPECT_EQ(report.all.cycles, 70U);
  EXPECT_EQ(report.moved.results, 2U * 2 * 4 * 2 * 4);  // two groups of two engines, four tokens
  EXPECT_EQ(report.moved.descriptors, 2U * 64);
  EXPECT_EQ(report.moved.records, 2U * 16);
  EXPECT_THAT(broken_contracts(report), IsEmpty());
  PhaseReport lost = report;
  lost.job_cycles = 69;
  EXPECT_THAT(broken_contracts(lost),
              ElementsAre(HasSubstr("below the bound"), HasSubstr("the jobs' to 69")));
}

// 100 rows on 2 engines: one beat a column, 50 row groups. 5 of 20 columns are added up.
TEST(PhaseReport, LeavesOutWhatColumnsLeaveOut) {
  sim::HardwareConfig hardware = on_bus(ideal_hardware());
  hardware.unit.column_words = 1;
  SimulatedRun run{};
  run.matrix_names = {"layers.0.down_proj"};
  sim::TmuCounters c;
  c.activation_stall_cycles = 30;
  c.issue_cycles = 5;
  c.drain_cycles = 60;
  c.respond_cycles = 1;
  c.weight_beats = c.row_slots = 10;
  c.nonzero_lanes = 400;
  c.result_beats = 50;
  c.sums = 100;
  run.records = {{.matrix = 0,
                  .piece = 0,
                  .phase = Phase::Decode,
                  .job = 0,
                  .command = {1, 1, 100, sim::WeightFormat::T5, false, 20},
                  .macs = 100 * 20,
                  .report = {sim::TmuStatus::Done, 100, 196, 260, c},
                  .nonzero_columns = 5}};
  const PhaseReport report = report_phase(run, Phase::Decode, 1, {hardware, {}});
  EXPECT_EQ(report.all.macs, 2000U);
  EXPECT_EQ(report.all.left_out_macs, 1500U);
  EXPECT_EQ(report.all.columns.columns, 20U);
  EXPECT_EQ(report.all.columns.nonzero_columns, 5U);
  EXPECT_DOUBLE_EQ(report.utilization(), 500.0 / (261 * 80 * 2 * 2));
  EXPECT_EQ(report.moved.weights, 10U * 16);
  EXPECT_EQ(report.moved.activations, 2U * 16);
  EXPECT_EQ(report.moved.results, 50U * 2 * 4);
  EXPECT_EQ(report.moved, report.compulsory);
  EXPECT_THAT(broken_contracts(report), IsEmpty());
  std::uint64_t adds_in_lanes = 0;
  for (const sim::ActionCount& action : report.actions) {
    EXPECT_FALSE(action.part == "tree" && action.count != 0);
    if (action.part == "accumulate") adds_in_lanes += action.count;
  }
  EXPECT_EQ(adds_in_lanes, 10U * 80);
}

TEST(PhaseReport, TokensPerSecondAreThoseOfTheClock) {
  EXPECT_DOUBLE_EQ(prefill_report().tokens_per_s(ideal_hardware()), 4 * 100e6 / 70);
}

TEST(BrokenContracts, NameEachThingThatCannotBe) {
  PhaseReport report = prefill_report();
  report.lower_bound_cycles = 71;
  EXPECT_THAT(broken_contracts(report),
              ElementsAre(HasSubstr("70 cycles are below the bound of 71")));
  report = prefill_report();
  report.peak_macs = 1;
  EXPECT_THAT(broken_contracts(report), ElementsAre(HasSubstr("above 1")));
  report = prefill_report();
  report.moved.weights -= 1;
  EXPECT_THAT(broken_contracts(report), ElementsAre(HasSubstr("weight bytes moved, but")));
  report = prefill_report();
  report.all.counters.weight_stall_cycles += 1;
  EXPECT_THAT(broken_contracts(report), ElementsAre(HasSubstr("the states' cycles sum to 71")));
  report = prefill_report();
  report.job_cycles += 1;
  EXPECT_THAT(broken_contracts(report), ElementsAre(HasSubstr("the jobs' to 71")));
  report = prefill_report();
  const sim::EnergySum wrong{1.0, {{"a", 0.5}, {"b", 0.25}}};
  const sim::EnergyReport energy{"table", "", wrong, {}, {}};
  report.energy.push_back({energy, energy});
  EXPECT_THAT(broken_contracts(report), ElementsAre(HasSubstr("by table do not sum up")));
}

TEST(CycleDifference, SeesEveryCounterOfEveryCommand) {
  const SimulatedRun systemc = simulated_run();
  EXPECT_EQ(first_cycle_difference(systemc, simulated_run()), std::nullopt);
  for (const auto& [name, field] : named_counters()) {
    SimulatedRun rtl = simulated_run();
    rtl.records[1].report.counters.*field += 1;
    const auto difference = first_cycle_difference(systemc, rtl);
    ASSERT_TRUE(difference) << name;
    EXPECT_EQ(difference->counter, name);
    EXPECT_EQ(difference->command, 1U);
    EXPECT_EQ(difference->matrix, "layers.0.k_proj");
    EXPECT_EQ(difference->got, difference->expected + 1);
  }
  SimulatedRun late = simulated_run();
  late.records[2].report.respond_cycle += 7;
  EXPECT_EQ(first_cycle_difference(systemc, late)->counter, "respond_cycle");
  SimulatedRun unwritten = simulated_run();
  unwritten.records[2].report.done_cycle += 7;
  EXPECT_EQ(first_cycle_difference(systemc, unwritten)->counter, "done_cycle");
  SimulatedRun shorter = simulated_run();
  shorter.records.pop_back();
  EXPECT_EQ(first_cycle_difference(systemc, shorter)->counter, "commands");
}

BackendRun backend_run(BackendKind kind, const std::string& hash) {
  BackendRun run{};
  run.kind = kind;
  run.logits_sha256 = hash;
  if (kind != BackendKind::Cpu) run.simulated = simulated_run();
  return run;
}

TEST(CheckRun, PassesWhenAllAgree) {
  const std::vector<BackendRun> runs = {backend_run(BackendKind::Cpu, "a"),
                                        backend_run(BackendKind::Systemc, "a"),
                                        backend_run(BackendKind::Rtl, "a")};
  const CheckReport check = check_run(runs, {{}, {prefill_report()}, {prefill_report()}});
  EXPECT_EQ(check.bits_identical, true);
  EXPECT_EQ(check.cycles_identical, true);
  EXPECT_TRUE(check.passed());
}

TEST(CheckRun, FailsOnASumALogitACycleOrAContract) {
  std::vector<BackendRun> runs = {backend_run(BackendKind::Cpu, "a"),
                                  backend_run(BackendKind::Systemc, "a"),
                                  backend_run(BackendKind::Rtl, "b")};
  CheckReport check = check_run(runs, {{}, {}, {}});
  EXPECT_EQ(check.bits_identical, false);
  EXPECT_FALSE(check.passed());

  runs[2].logits_sha256 = "a";
  runs[2].simulated->first_difference = Difference{3, "o_proj", 5, 6, 7, 8};
  check = check_run(runs, {{}, {}, {}});
  EXPECT_EQ(check.bits_identical, false);
  EXPECT_EQ(check.difference_backend, "rtl");
  EXPECT_EQ(check.first_difference->projection, "o_proj");

  runs[2] = backend_run(BackendKind::Rtl, "a");
  runs[2].simulated->records[0].report.counters.drain_cycles += 1;
  check = check_run(runs, {{}, {}, {}});
  EXPECT_EQ(check.bits_identical, true);
  EXPECT_EQ(check.cycles_identical, false);
  EXPECT_FALSE(check.passed());

  runs.pop_back();
  PhaseReport broken = prefill_report();
  broken.lower_bound_cycles = 1000;
  check = check_run(runs, {{}, {broken}});
  EXPECT_EQ(check.cycles_identical, std::nullopt);
  EXPECT_THAT(check.broken_contracts, ElementsAre(HasSubstr("systemc prefill: ")));
  EXPECT_FALSE(check.passed());
}

TEST(CheckRun, SaysNothingWhereNothingWasCompared) {
  const CheckReport check = check_run({backend_run(BackendKind::Cpu, "a")}, {{}});
  EXPECT_EQ(check.bits_identical, std::nullopt);
  EXPECT_EQ(check.cycles_identical, std::nullopt);
  EXPECT_TRUE(check.passed());
}

}  // namespace
}  // namespace sterna::host
