// SPDX-License-Identifier: Apache-2.0
#include "host/analysis.hpp"

#include <algorithm>
#include <array>
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
};

std::array<Group, 4> groups_of(const ModelConfig& model) {
  return {{{"q, k, v", model.hidden, {model.q_width(), model.kv_width(), model.kv_width()}},
           {"o", model.q_width(), {model.hidden}},
           {"gate, up", model.hidden, {model.ffn, model.ffn}},
           {"down", model.ffn, {model.hidden}}}};
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

void add(ProductAnalysis& sum, const ProductAnalysis& part, std::uint64_t count) {
  sum.commands += part.commands * count;
  sum.macs += part.macs * count;
  sum.lower_bound_cycles += part.lower_bound_cycles * count;
  sum.bytes += part.bytes * count;
  sum.cycles.add(part.cycles, static_cast<double>(count));
  for (const NamedCounter& counter : named_counters()) {
    sum.counters.*counter.field += part.counters.*counter.field * count;
  }
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
  ProductAnalysis job{.name = group.name, .cycles = {}, .counters = {}};
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
                          std::size_t tokens) {
  PassAnalysis pass{.tokens = tokens, .products = {}, .all = {}};
  for (const Group& group : groups_of(model)) {
    ProductAnalysis product{.name = group.name, .cycles = {}, .counters = {}};
    add(product, analyze_job(group, hardware, tokens), model.layers);
    add(pass.all, product, 1);
    pass.products.push_back(std::move(product));
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
  return static_cast<double>(all.macs) / (a_cycle * all.cycles.cycles());
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
    shares.emplace_back(
        share(all.bytes.activations, sim::StreamMemory::kActivationBeatBytes * beats_a_gb_s),
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
