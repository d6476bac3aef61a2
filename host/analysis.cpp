// SPDX-License-Identifier: Apache-2.0
#include "host/analysis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "host/report/phase_report.hpp"
#include "host/stream_layout.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::host {
namespace {

/// Matrices that share their activations, so that the driver posts them as one job.
struct Group {
  std::string_view name;
  std::size_t cols;
  std::vector<std::size_t> rows;
  bool after_relu2 = false;  // what comes in is zero in places
};

std::array<Group, 4> groups_of(const ModelConfig& model) {
  return {{{"q, k, v", model.hidden, {model.q_width(), model.kv_width(), model.kv_width()}},
           {"o", model.q_width(), {model.hidden}},
           {"gate, up", model.hidden, {model.ffn, model.ffn}},
           {"down", model.ffn, {model.hidden}, model.activation == Activation::Relu2}}};
}

// Counters that neither the timing nor the weights can change, of a command done so many times.
sim::TmuCounters counters_of(const sim::UnitConfig& unit, const sim::TmuCommand& command,
                             std::uint64_t times) {
  const sim::CommandShape shape = sim::shape_of(unit, command);
  const std::uint64_t slots = times * shape.groups * command.beats;
  const std::uint64_t row_beats = times * command.rows * command.beats;
  sim::TmuCounters counters;
  counters.issue_cycles = slots * shape.chunks;
  counters.weight_beats = row_beats;
  counters.row_slots = row_beats * command.tokens;
  counters.activation_reads = slots * command.tokens;
  counters.activation_writes = times * sim::activation_beats(unit, command);
  counters.result_beats = times * shape.groups * shape.chunks;
  counters.sums = times * command.rows * command.tokens;
  return counters;
}

// The same of a command by columns.
sim::ColumnWork column_work(const sim::UnitConfig& unit, const sim::TmuCommand& command,
                            std::uint32_t nonzero_columns) {
  const std::uint64_t slots = std::uint64_t{nonzero_columns} * command.beats;
  sim::ColumnWork work{.columns = command.columns,
                       .nonzero_columns = nonzero_columns,
                       .activation_beats = sim::activation_beats(unit, command),
                       .counters = {}};
  work.counters.issue_cycles = slots;
  work.counters.weight_beats = work.counters.row_slots = slots * unit.engines;
  work.counters.result_beats = sim::shape_of(unit, command).groups;
  work.counters.sums = command.rows;
  return work;
}

void add(ProductAnalysis& sum, const ProductAnalysis& part, std::uint64_t count) {
  sum.commands += part.commands * count;
  sum.macs += part.macs * count;
  sum.left_out_macs += part.left_out_macs * count;
  sum.lower_bound_cycles += part.lower_bound_cycles * count;
  sum.bytes += part.bytes * count;
  sum.cycles.add(part.cycles, static_cast<double>(count));
  sum.columns.columns += part.columns.columns * count;
  sum.columns.nonzero_columns += part.columns.nonzero_columns * count;
  sum.columns.activation_beats += part.columns.activation_beats * count;
  for (const NamedCounter& counter : named_counters()) {
    sum.counters.*counter.field += part.counters.*counter.field * count;
    sum.columns.counters.*counter.field += part.columns.counters.*counter.field * count;
  }
}

// One token by columns, `zeros` of them left out; none where the driver would not.
std::optional<ProductAnalysis> analyze_columns(const Group& group,
                                               const sim::HardwareConfig& hardware, double zeros) {
  const sim::UnitConfig& unit = hardware.unit;
  const sim::WeightFormat format = hardware.weight_format;
  const std::size_t rows = group.rows.front();
  const auto nonzeros =
      static_cast<std::uint32_t>(std::lround((1 - zeros) * static_cast<double>(group.cols)));
  if (!group.after_relu2 || !can_skip_columns(rows, group.cols, unit, format) ||
      !is_less_by_columns(rows, group.cols, nonzeros, unit, format)) {
    return std::nullopt;
  }
  const sim::TmuCommand command = column_command(rows, group.cols, unit, format);
  const auto commands = std::span(&command, 1);
  const auto columns = std::span(&nonzeros, 1);
  const sim::LowerBound bound = sim::lower_bound(hardware, commands, {}, columns);
  return ProductAnalysis{.name = group.name,
                         .commands = 1,
                         .macs = std::uint64_t{command.rows} * group.cols,
                         .left_out_macs = std::uint64_t{command.rows} * (group.cols - nonzeros),
                         .lower_bound_cycles = bound.cycles,
                         .cycles = sim::estimate_job(hardware, commands, bound, {}, columns),
                         .bytes = bound.bytes,
                         .counters = {},
                         .columns = column_work(unit, command, nonzeros)};
}

// Of many batches that fill the activation SRAM, each but the first takes what the second takes: that is repeated.
ProductAnalysis analyze_job(const Group& group, const sim::HardwareConfig& hardware,
                            std::size_t tokens) {
  const auto pieces = split_columns(group.cols, hardware.unit, hardware.weight_format);
  const std::size_t batch = tokens_per_command(pieces.front().beats, hardware.unit);
  const std::size_t in_batch = pieces.size() * group.rows.size();
  const std::size_t batches = tokens / batch;
  const sim::Repeat repeat = {
      .first = in_batch, .last = 2 * in_batch, .more = batches > 3 ? batches - 2 : 0};
  ProductAnalysis job{.name = group.name, .cycles = {}, .counters = {}, .columns = {}};
  std::vector<sim::TmuCommand> commands;
  for (const PlannedCommand& planned :
       plan_commands(tokens - repeat.more * batch, group.cols, group.rows, hardware.unit,
                     hardware.weight_format)) {
    const std::uint64_t times = repeat.times(commands.size());
    const std::size_t cols = pieces[planned.piece].cols;
    commands.push_back(planned.command);
    job.commands += times;
    job.macs += times * planned.command.tokens * planned.command.rows * cols;
    job.counters += counters_of(hardware.unit, planned.command, times);
  }
  const sim::LowerBound bound = sim::lower_bound(hardware, commands, repeat);
  job.lower_bound_cycles = bound.cycles;
  job.bytes = bound.bytes;
  job.cycles = sim::estimate_job(hardware, commands, bound, repeat);
  return job;
}

}  // namespace

PassAnalysis analyze_pass(const ModelConfig& model, const sim::HardwareConfig& hardware,
                          std::size_t tokens, double zeros) {
  PassAnalysis pass{.tokens = tokens, .products = {}, .all = {}};
  for (const Group& group : groups_of(model)) {
    ProductAnalysis product{.name = group.name, .cycles = {}, .counters = {}, .columns = {}};
    const auto by_columns =
        tokens == 1 ? analyze_columns(group, hardware, zeros) : std::optional<ProductAnalysis>();
    add(product, by_columns ? *by_columns : analyze_job(group, hardware, tokens), model.layers);
    add(pass.all, product, 1);
    pass.products.push_back(product);
  }
  return pass;
}

std::size_t jobs_of_pass(const ModelConfig& model) {
  return groups_of(model).size() * model.layers;
}

double PassAnalysis::seconds(const sim::HardwareConfig& hardware) const {
  return all.cycles.cycles() / (hardware.clock_mhz * 1e6);
}

double PassAnalysis::tokens_per_s(const sim::HardwareConfig& hardware) const {
  return static_cast<double>(tokens) / seconds(hardware);
}

double PassAnalysis::of_adders(const sim::HardwareConfig& hardware) const {
  const auto a_cycle = static_cast<double>(hardware.unit.macs_per_cycle(hardware.weight_format));
  return static_cast<double>(all.macs - all.left_out_macs) / (a_cycle * all.cycles.cycles());
}

double PassAnalysis::of_weight_bandwidth(const sim::HardwareConfig& hardware) const {
  const double peak = hardware.bus ? hardware.bus->dram.peak_gb_s() : hardware.memory.weight_gb_s;
  return static_cast<double>(all.bytes.weights) / (peak * 1e9 * seconds(hardware));
}

std::string_view PassAnalysis::bound_by(const sim::HardwareConfig& hardware) const {
  const double bytes_a_gb_s = 1e9 * seconds(hardware);
  const auto share = [&](std::uint64_t bytes, double gb_s) {
    return static_cast<double>(bytes) / (gb_s * bytes_a_gb_s);
  };
  std::vector<std::pair<double, std::string_view>> shares = {{of_adders(hardware), "adders"}};
  if (hardware.bus) {
    const double beats_a_gb_s = hardware.clock_mhz * 1e-3;  // a beat a cycle a master
    shares.emplace_back(share(all.bytes.total(), hardware.bus->dram.peak_gb_s()), "memory");
    shares.emplace_back(
        share(all.bytes.weights, hardware.unit.engines * hardware.unit.beat_bytes() * beats_a_gb_s),
        "weights");
    shares.emplace_back(share(all.bytes.activations, sim::kActivationBeatBytes * beats_a_gb_s),
                        "activations");
    shares.emplace_back(share(all.bytes.results, hardware.bus->word_bytes() * beats_a_gb_s),
                        "results");
  } else {
    shares.emplace_back(of_weight_bandwidth(hardware), "weights");
    shares.emplace_back(share(all.bytes.activations, hardware.memory.activation_gb_s),
                        "activations");
    shares.emplace_back(share(all.bytes.results, hardware.memory.result_gb_s), "results");
  }
  return std::max_element(shares.begin(), shares.end())->second;
}

}  // namespace sterna::host
