// SPDX-License-Identifier: Apache-2.0
#include "host/report/run_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/report/time_json.hpp"

namespace sterna::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

/// JSON null for an empty optional.
template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json(const ModelConfig& c, const std::string& source) {
  return {{"source", source},
          {"hidden", c.hidden},
          {"layers", c.layers},
          {"heads", c.heads},
          {"kv_heads", c.kv_heads},
          {"head_dim", c.head_dim},
          {"ffn", c.ffn},
          {"vocab", c.vocab},
          {"max_tokens", c.max_tokens},
          {"activation", c.activation == Activation::Relu2 ? "relu2" : "silu"},
          {"tied_head", c.tied_head},
          {"ternary_weights", c.ternary_weights()}};
}

Json to_json(const sim::UnitConfig& unit) {
  return {{"lanes", unit.lanes},
          {"engines", unit.engines},
          {"slices", unit.slices},
          {"activation_words", unit.activation_words},
          {"chunks", unit.chunks},
          {"weight_fifo_beats", unit.weight_fifo_beats},
          {"result_fifo_beats", unit.result_fifo_beats},
          {"column_words", unit.column_words}};
}

Json to_json(const sim::MemoryConfig& memory) {
  return {
      {"weight_gb_s", memory.weight_gb_s},   {"activation_gb_s", memory.activation_gb_s},
      {"result_gb_s", memory.result_gb_s},   {"latency_ns", memory.latency_ns},
      {"window_beats", memory.window_beats}, {"refresh_interval_ns", memory.refresh_interval_ns},
      {"refresh_ns", memory.refresh_ns}};
}

Json to_json(const sim::BusConfig& bus) {
  return {{"burst_beats", bus.burst_beats}, {"dma_fifo_beats", bus.dma_fifo_beats},
          {"outstanding", bus.outstanding}, {"descriptors", bus.descriptors},
          {"result_bits", bus.result_bits}, {"latency_ns", bus.latency_ns}};
}

/// The fields of the file, defaults written out, and the peak of all channels (null: no limit).
Json to_json(const sim::DramConfig& dram) {
  switch (dram.kind) {
    case sim::DramKind::Ideal:
      return {{"part", "ideal"}, {"peak_gb_s", nullptr}};
    case sim::DramKind::Flat:
      return {{"part", "flat"},
              {"flat_gb_s", dram.flat_gb_s},
              {"flat_latency_ns", dram.flat_latency_ns},
              {"peak_gb_s", dram.peak_gb_s()}};
    default:
      return {{"part", dram.part.name},
              {"channels", dram.channels},
              {"mapping", dram.mapping},
              {"scheduler", sim::name_of(dram.scheduler)},
              {"page_policy", sim::name_of(dram.page_policy)},
              {"queue_depth", dram.queue_depth},
              {"starvation_cap", dram.starvation_cap},
              {"peak_gb_s", dram.peak_gb_s()}};
  }
}

Json to_json(const sim::HardwareConfig& h, const std::string& file) {
  Json json = {{"file", file},
               {"name", h.name},
               {"clock_mhz", h.clock_mhz},
               {"weight_format", h.weight_format == sim::WeightFormat::T5 ? "t5" : "t2"},
               {"unit", to_json(h.unit)}};
  if (h.bus) {
    json["bus"] = to_json(*h.bus);
    json["dram"] = to_json(h.bus->dram);
  } else {
    json["memory"] = to_json(h.memory);
  }
  return json;
}

Json to_json(const Workload& work, const std::string& prompt) {
  return {{"prompt", prompt},
          {"prompt_tokens", work.prompt},
          {"new_tokens", work.new_tokens},
          {"sampler",
           {{"temperature", work.sampler.temperature},
            {"top_k", work.sampler.top_k},
            {"top_p", work.sampler.top_p}}},
          {"held_out_tokens", work.held_out.size()},
          {"window_tokens", work.window_tokens}};
}

Json to_json(const HostWork& work) {
  return {{"macs", work.macs()},
          {"attention_macs", work.attention_macs},
          {"kv_bytes", work.kv_bytes},
          {"head_macs", work.head_macs},
          {"head_bytes", work.head_bytes},
          {"softmax_elements", work.softmax_elements},
          {"norm_elements", work.norm_elements},
          {"rope_elements", work.rope_elements},
          {"gate_elements", work.gate_elements},
          {"quantized_elements", work.quantized_elements},
          {"rescaled_elements", work.rescaled_elements}};
}

Json stall_cycles(const sim::TmuCounters& c) {
  return {{"weight", c.weight_stall_cycles},
          {"activation", c.activation_stall_cycles},
          {"result", c.result_stall_cycles}};
}

Json to_json(const CommandTotals& totals) {
  return {{"commands", totals.commands},
          {"cycles", totals.cycles},
          {"macs", totals.macs},
          {"issue_cycles", totals.counters.issue_cycles},
          {"stall_cycles", stall_cycles(totals.counters)}};
}

Json to_json(const sim::TmuCounters& counters) {
  Json json;
  for (const auto& [name, field] : named_counters()) json[name] = counters.*field;
  return json;
}

Json to_json(const sim::EnergySum& sum) {
  Json json = {{"total", sum.total_j}, {"parts", Json::object()}};
  for (const auto& [name, joules] : sum.parts) json["parts"][name] = joules;
  return json;
}

Json to_json(const PhaseEnergy& energy) {
  return {{"arithmetic", to_json(energy.unit.arithmetic)},
          {"on_chip", to_json(energy.unit.on_chip)},
          {"system", to_json(energy.unit.system)},
          {"int8_baseline",
           {{"arithmetic", to_json(energy.int8_baseline.arithmetic)},
            {"on_chip", to_json(energy.int8_baseline.on_chip)},
            {"system", to_json(energy.int8_baseline.system)}}}};
}

Json to_json(const std::vector<sim::ActionCount>& actions) {
  Json list = Json::array();
  for (const sim::ActionCount& a : actions) {
    list.push_back(
        {{"name", a.name}, {"part", a.part}, {"width_bits", a.width_bits}, {"count", a.count}});
  }
  return list;
}

Json to_json(const PhaseReport& r, const PhaseWork& work, const sim::HardwareConfig& hardware) {
  const sim::TmuCounters& c = r.all.counters;
  Json json = {{"tokens", r.tokens},
               {"cycles", r.job_cycles},
               {"stall_cycles", stall_cycles(c)},
               {"state_cycles",
                {{"accept", r.all.commands},
                 {"load", c.load_cycles},
                 {"issue", c.issue_cycles},
                 {"drain", c.drain_cycles},
                 {"respond", c.respond_cycles},
                 {"outside", r.outside_cycles()}}},
               {"utilization", r.utilization()},
               {"lower_bound_cycles", r.lower_bound_cycles},
               {"unit_tokens_per_s", r.tokens_per_s(hardware)},
               {"macs", r.all.macs},
               {"dram_bytes", r.moved.total()},
               {"dram_bytes_by_stream",
                {{"weights", r.moved.weights},
                 {"activations", r.moved.activations},
                 {"results", r.moved.results}}},
               {"energy_j", Json::object()},
               {"compulsory_dram_bytes", r.compulsory.total()},
               {"jobs", r.jobs},
               {"commands", r.all.commands},
               {"counters", to_json(c)},
               {"wall_s", work.wall_s},
               {"host_work", to_json(work.host)},
               {"host_mac_share", r.host_mac_share(work.host)}};
  if (hardware.unit.column_words != 0) {
    json["columns"] = {{"asked", r.all.columns.columns},
                       {"left_out", r.all.columns.columns - r.all.columns.nonzero_columns},
                       {"left_out_macs", r.all.left_out_macs}};
  }
  if (r.on_bus) {
    json["dram_bytes_by_stream"]["descriptors"] = r.moved.descriptors;
    json["dram_bytes_by_stream"]["records"] = r.moved.records;
  }
  for (const PhaseEnergy& energy : r.energy) json["energy_j"][energy.unit.table] = to_json(energy);
  json["actions"] = to_json(r.actions);
  for (const auto& [name, totals] : r.by_projection) json["by_projection"][name] = to_json(totals);
  return json;
}

/// Where the wall time of a simulated backend went; the parts sum to wall_s.
Json wall_parts(const BackendRun& run) {
  const SimulatedRun& s = *run.simulated;
  return {{"device", s.device_s},
          {"driver", s.multiply_s - s.device_s},
          {"reference_check", s.reference_s},
          {"host_transformer", run.wall_s - s.multiply_s - s.reference_s}};
}

Json to_json(const RunReport& report, std::size_t backend) {
  const BackendRun& run = report.backends[backend];
  const PhaseReports& phases = report.phases[backend];
  Json json = {{"logits_sha256", run.logits_sha256},
               {"perplexity", run.held_out.perplexity()},
               {"accuracy", run.held_out.accuracy()},
               {"scored_tokens", run.held_out.scored_tokens},
               {"text", report.texts[backend]},
               {"tokens", run.generated},
               {"wall_s", run.wall_s},
               {"cpu_s", run.cpu_s},
               {"threads", run.threads}};
  if (!run.simulated) {
    json["kernel"] = run.kernel;
    for (Phase phase : kPhases) {
      const PhaseWork& work = run.phase(phase);
      json[std::string(name_of(phase))] = {{"tokens", work.tokens}, {"wall_s", work.wall_s}};
    }
    return json;
  }
  json["simulated_mac_per_s"] = simulated_mac_per_s(run, phases);
  json["simulated_mac_per_cpu_s"] = simulated_mac_per_s(run, phases) * run.wall_s / run.cpu_s;
  json["wall_parts_s"] = wall_parts(run);
  json["host_partial_adds"] = run.simulated->host_partial_adds;
  for (const PhaseReport& phase : phases) {
    Json& section = json[std::string(name_of(phase.phase))];
    section = to_json(phase, run.phase(phase.phase), report.hardware);
    section["with_host"] = to_json(report.phase_time(backend, phase.phase));
  }
  return json;
}

Json to_json(const Difference& d) {
  return {{"layer", d.layer}, {"projection", d.projection}, {"token", d.token},
          {"row", d.row},     {"expected", d.expected},     {"got", d.got}};
}

Json to_json(const CycleDifference& d) {
  return {{"command", d.command}, {"phase", name_of(d.phase)}, {"matrix", d.matrix},
          {"counter", d.counter}, {"systemc", d.expected},     {"rtl", d.got}};
}

Json to_json(const CheckReport& check) {
  Json json = {{"bits_identical", or_null(check.bits_identical)},
               {"cycles_identical", or_null(check.cycles_identical)},
               {"first_difference", nullptr},
               {"first_cycle_difference", nullptr},
               {"compared_sums", check.compared_sums},
               {"broken_contracts", check.broken_contracts}};
  if (check.first_difference) {
    json["first_difference"] = to_json(*check.first_difference);
    json["first_difference"]["backend"] = check.difference_backend;
    json["first_difference"]["phase"] = name_of(check.difference_phase);
  }
  if (check.first_cycle_difference) {
    json["first_cycle_difference"] = to_json(*check.first_cycle_difference);
  }
  return json;
}

/// What each figure rests on: measured (on the machine that ran this), exact (counted), model.
Json evidence(const RunReport& report) {
  Json json = {
      {"perplexity", "measured: exact integer products, float32 elsewhere"},
      {"accuracy", "measured"},
      {"logits_sha256", "measured"},
      {"wall_s", "measured: wall clock of this machine"},
      {"simulated_mac_per_s", "measured: ternary multiply-adds over wall_s, one core"},
      {"systemc.cycles", "model: SystemC, equal to the RTL where cycles_identical is true"},
      {"rtl.cycles", "model: every clock of the Verilated RTL, behind the memory model"},
      {"stall_cycles", "model: counted by the unit"},
      {"lower_bound_cycles", "model: closed form"},
      {"dram_bytes", "model: counted beats"},
      {"macs", "exact: from the shapes, padding not counted"},
      {"utilization",
       "model: macs, those of columns left out aside, over cycles x lanes x engines x slices"},
      {"unit_tokens_per_s", "model: tokens over cycles at clock_mhz, host work not included"},
      {"actions", "exact: from the unit's counters"},
      {"host_work", "exact: from the shapes"},
      {"with_host",
       "model: host_work over the rates of host, added to cycles at clock_mhz; nothing "
       "overlaps"},
      {"host", fmt::format("{}: {}", report.host.evidence, report.host.source)}};
  for (const PhaseReports& phases : report.phases) {
    if (phases.empty()) continue;
    for (const PhaseEnergy& energy : phases[0].energy) {
      json["energy_j." + energy.unit.table] = energy.unit.evidence;
    }
  }
  return json;
}

}  // namespace

Json to_json(const RunReport& report) {
  Json json = {{"schema", kSchema},
               {"model", to_json(report.model, report.model_source)},
               {"hardware", to_json(report.hardware, report.hardware_file)},
               {"host", to_json(report.host)},
               {"seed", report.seed},
               {"versions", {{"sterna", report.sterna_version}, {"compiler", __VERSION__}}},
               {"work", to_json(report.work, report.prompt_text)}};
  for (std::size_t i = 0; i < report.backends.size(); ++i) {
    json["backends"][std::string(name_of(report.backends[i].kind))] = to_json(report, i);
  }
  json["check"] = to_json(report.check);
  json["evidence"] = evidence(report);
  return json;
}

}  // namespace sterna::host
