// SPDX-License-Identifier: Apache-2.0
#include "host/report/phase_report.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "sim/bus/bus_layout.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::host {
namespace {

using sim::TmuCounters;

constexpr std::array kCounters = {
    NamedCounter{"load_cycles", &TmuCounters::load_cycles},
    NamedCounter{"activation_stall_cycles", &TmuCounters::activation_stall_cycles},
    NamedCounter{"issue_cycles", &TmuCounters::issue_cycles},
    NamedCounter{"weight_stall_cycles", &TmuCounters::weight_stall_cycles},
    NamedCounter{"result_stall_cycles", &TmuCounters::result_stall_cycles},
    NamedCounter{"drain_cycles", &TmuCounters::drain_cycles},
    NamedCounter{"respond_cycles", &TmuCounters::respond_cycles},
    NamedCounter{"weight_beats", &TmuCounters::weight_beats},
    NamedCounter{"row_slots", &TmuCounters::row_slots},
    NamedCounter{"nonzero_lanes", &TmuCounters::nonzero_lanes},
    NamedCounter{"activation_reads", &TmuCounters::activation_reads},
    NamedCounter{"activation_writes", &TmuCounters::activation_writes},
    NamedCounter{"result_beats", &TmuCounters::result_beats},
    NamedCounter{"sums", &TmuCounters::sums},
};

constexpr std::uint64_t kSumBytes = 4;

/// Adds the bound of one job to the report.
void add_bound(PhaseReport& report, const sim::LowerBound& bound) {
  report.lower_bound_cycles += bound.cycles;
  report.compulsory += bound.bytes;
}

/// By columns they do not go through the SRAM, whose writes are counted.
std::uint64_t activation_beats(const CommandRecord& record, const sim::HardwareConfig& hardware) {
  return record.command.columns == 0 ? record.report.counters.activation_writes
                                     : sim::activation_beats(hardware.unit, record.command);
}

/// What a command moves between unit and memory.
sim::MovedBytes moved_by(const CommandRecord& record, const sim::HardwareConfig& hardware) {
  const TmuCounters& c = record.report.counters;
  sim::MovedBytes bytes{
      .weights = c.weight_beats * hardware.unit.beat_bytes(),
      .activations = activation_beats(record, hardware) * sim::kActivationBeatBytes,
      .results = c.sums * kSumBytes};
  if (hardware.bus) {
    bytes.results = sim::result_bytes(hardware.unit, record.command);
    bytes.descriptors = sim::kDescriptorBytes;
    bytes.records = sim::kRecordBytes;
  }
  return bytes;
}

void add_energy(PhaseReport& report, const Pricing& pricing) {
  const sim::HardwareConfig& hardware = pricing.hardware;
  const auto count = [&](sim::Lane lane) {
    auto actions =
        sim::count_actions(hardware.unit, hardware.weight_format, report.all.row_counters, lane);
    if (report.all.columns.columns == 0) return actions;
    const auto by_columns =
        sim::count_column_actions(hardware.unit, hardware.weight_format, report.all.columns, lane);
    actions.insert(actions.end(), by_columns.begin(), by_columns.end());
    return actions;
  };
  report.actions = count(sim::Lane::Ternary);
  const auto baseline = count(sim::Lane::Int8);
  for (const sim::EnergyTable& table : pricing.tables) {
    report.energy.push_back({sim::price(table, report.actions), sim::price(table, baseline)});
  }
}

/// Whether the parts sum to the total; the sums differ by rounding in the last places only.
bool sums_up(const sim::EnergySum& sum) {
  double parts = 0;
  for (const sim::EnergyPart& part : sum.parts) parts += part.joules;
  return std::abs(parts - sum.total_j) <= 1e-12 * sum.total_j;
}

std::optional<CycleDifference> compare(const SimulatedRun& run, std::size_t index,
                                       const CommandRecord& expected, const CommandRecord& got) {
  const auto differ = [&](const char* counter, std::uint64_t e, std::uint64_t g) {
    return CycleDifference{index, expected.phase, run.matrix_names[expected.matrix], counter, e, g};
  };
  const sim::CommandReport& e = expected.report;
  const sim::CommandReport& g = got.report;
  if (e.accept_cycle != g.accept_cycle)
    return differ("accept_cycle", e.accept_cycle, g.accept_cycle);
  for (const auto& [name, field] : kCounters) {
    if (e.counters.*field != g.counters.*field) {
      return differ(name, e.counters.*field, g.counters.*field);
    }
  }
  if (e.respond_cycle != g.respond_cycle) {
    return differ("respond_cycle", e.respond_cycle, g.respond_cycle);
  }
  if (e.done_cycle != g.done_cycle) return differ("done_cycle", e.done_cycle, g.done_cycle);
  if (expected != got) return differ("command", expected.command.rows, got.command.rows);
  return std::nullopt;
}

}  // namespace

std::span<const NamedCounter> named_counters() { return kCounters; }

void CommandTotals::add(const CommandRecord& record, const sim::HardwareConfig& hardware) {
  commands += 1;
  cycles += record.report.respond_cycle - record.report.accept_cycle + 1;
  macs += record.macs;
  counters += record.report.counters;
  const sim::TmuCommand& command = record.command;
  if (command.columns == 0) {
    row_counters += record.report.counters;
    return;
  }
  left_out_macs += std::uint64_t{command.rows} * (command.columns - record.nonzero_columns);
  columns += {.columns = command.columns,
              .nonzero_columns = record.nonzero_columns,
              .activation_beats = sim::activation_beats(hardware.unit, command),
              .counters = record.report.counters};
}

double PhaseReport::utilization() const {
  const std::uint64_t done = all.macs - all.left_out_macs;
  return peak_macs == 0 ? 0.0 : static_cast<double>(done) / static_cast<double>(peak_macs);
}

double PhaseReport::tokens_per_s(const sim::HardwareConfig& hardware) const {
  const double seconds = static_cast<double>(job_cycles) / (hardware.clock_mhz * 1e6);
  return job_cycles == 0 ? 0.0 : static_cast<double>(tokens) / seconds;
}

double PhaseReport::host_mac_share(const HostWork& host) const {
  const std::uint64_t total = host.macs() + all.macs;
  return total == 0 ? 0.0 : static_cast<double>(host.macs()) / static_cast<double>(total);
}

double simulated_mac_per_s(const BackendRun& run, const std::vector<PhaseReport>& phases) {
  std::uint64_t macs = 0;
  for (const PhaseReport& phase : phases) macs += phase.all.macs;
  return static_cast<double>(macs) / run.wall_s;
}

PhaseReport report_phase(const SimulatedRun& run, Phase phase, std::uint64_t tokens,
                         const Pricing& pricing) {
  const sim::HardwareConfig& hardware = pricing.hardware;
  PhaseReport report{.phase = phase,
                     .tokens = tokens,
                     .jobs = 0,
                     .all = {},
                     .by_projection = {},
                     .on_bus = hardware.bus.has_value(),
                     .job_cycles = 0,
                     .lower_bound_cycles = 0,
                     .peak_macs = 0,
                     .moved = {},
                     .compulsory = {},
                     .actions = {},
                     .energy = {}};
  std::vector<sim::TmuCommand> job;
  std::vector<std::uint32_t> nonzero_columns;  // (job commands,)
  for (std::size_t i = 0; i < run.records.size(); ++i) {
    const CommandRecord& record = run.records[i];
    if (record.phase != phase) continue;
    report.all.add(record, hardware);
    report.moved += moved_by(record, hardware);
    report.by_projection[split_matrix_name(run.matrix_names[record.matrix]).second].add(record,
                                                                                        hardware);
    job.push_back(record.command);
    nonzero_columns.push_back(record.nonzero_columns);
    const bool last_of_job = i + 1 == run.records.size() || run.records[i + 1].job != record.job;
    if (!last_of_job) continue;
    report.jobs += 1;
    report.job_cycles += record.report.done_cycle + 1;
    add_bound(report, sim::lower_bound(hardware, job, {}, nonzero_columns));
    job.clear();
    nonzero_columns.clear();
  }
  report.peak_macs = report.job_cycles * hardware.unit.macs_per_cycle(hardware.weight_format);
  add_energy(report, pricing);
  return report;
}

std::vector<std::string> broken_contracts(const PhaseReport& report) {
  std::vector<std::string> broken;
  const auto require = [&](bool ok, const std::string& sentence) {
    if (!ok) broken.push_back(fmt::format("{}: {}", name_of(report.phase), sentence));
  };
  require(report.job_cycles >= report.lower_bound_cycles,
          fmt::format("{} cycles are below the bound of {}", report.job_cycles,
                      report.lower_bound_cycles));
  require(report.utilization() <= 1.0,
          fmt::format("a utilisation of {} is above 1", report.utilization()));
  for (const auto& [what, moved, least] :
       {std::tuple{"weight", report.moved.weights, report.compulsory.weights},
        std::tuple{"activation", report.moved.activations, report.compulsory.activations},
        std::tuple{"result", report.moved.results, report.compulsory.results},
        std::tuple{"descriptor", report.moved.descriptors, report.compulsory.descriptors},
        std::tuple{"record", report.moved.records, report.compulsory.records}}) {
    require(moved >= least, fmt::format("{} {} bytes moved, but {} must", moved, what, least));
  }
  for (const auto& [unit, baseline] : report.energy) {
    for (const sim::EnergySum* sum : {&unit.arithmetic, &unit.on_chip, &unit.system}) {
      require(sums_up(*sum), fmt::format("the parts of an energy by {} do not sum up", unit.table));
    }
  }
  // A command takes its accept cycle and counters 0 to 6.
  const auto& c = report.all.counters;
  const std::uint64_t parts = report.all.commands + c.load_cycles + c.activation_stall_cycles +
                              c.issue_cycles + c.weight_stall_cycles + c.result_stall_cycles +
                              c.drain_cycles + c.respond_cycles;
  require(parts == report.all.cycles,
          fmt::format("the states' cycles sum to {}, not to {}", parts, report.all.cycles));
  // Without a bus the idle unit accepts the next command at once, so nothing lies between two of them.
  require(report.on_bus ? report.all.cycles <= report.job_cycles
                        : report.all.cycles == report.job_cycles,
          fmt::format("the commands' cycles sum to {}, the jobs' to {}", report.all.cycles,
                      report.job_cycles));
  return broken;
}

std::optional<CycleDifference> first_cycle_difference(const SimulatedRun& expected,
                                                      const SimulatedRun& got) {
  const std::size_t both = std::min(expected.records.size(), got.records.size());
  for (std::size_t i = 0; i < both; ++i) {
    auto difference = compare(expected, i, expected.records[i], got.records[i]);
    if (difference) return difference;
  }
  if (expected.records.size() != got.records.size()) {
    return CycleDifference{both,       Phase::Prefill,          "",
                           "commands", expected.records.size(), got.records.size()};
  }
  return std::nullopt;
}

}  // namespace sterna::host
