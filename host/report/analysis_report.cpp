// SPDX-License-Identifier: Apache-2.0
#include "host/report/analysis_report.hpp"

#include <functional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/report/time_json.hpp"
#include "sim/energy/action_counts.hpp"

namespace sterna::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEvidence = "model: closed form, within 1 % of the SystemC model";
constexpr const char* kHostEvidence =
    "model: counted work over the host's rates, added to the unit's time; nothing overlaps";

sim::EnergyReport energy_of(const Analysis& analysis, const PassAnalysis& pass,
                            const sim::EnergyTable& table) {
  const sim::HardwareConfig& hardware = analysis.hardware;
  auto actions = sim::count_actions(hardware.unit, hardware.weight_format, pass.all.counters);
  const auto by_columns =
      sim::count_column_actions(hardware.unit, hardware.weight_format, pass.all.columns);
  actions.insert(actions.end(), by_columns.begin(), by_columns.end());
  return sim::price(table, actions);
}

/// A column for decode and one for prefill.
class Table {
 public:
  explicit Table(const Analysis& analysis) : analysis_(analysis) {}

  void row(std::string_view label, const std::function<std::string(const PassAnalysis&)>& cell) {
    text_ += fmt::format("  {:40}{:>22}{:>22}\n", label, cell(analysis_.decode),
                         cell(analysis_.prefill));
  }
  void number(std::string_view label, const char* format,
              const std::function<double(const PassAnalysis&)>& value) {
    row(label, [&](const PassAnalysis& p) { return fmt::format(fmt::runtime(format), value(p)); });
  }
  void blank() { text_ += "\n"; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  const Analysis& analysis_;
  std::string text_;
};

std::string left_out(const sim::ColumnWork& work) {
  if (work.columns == 0) return "by rows";
  return fmt::format("{} of {}", work.columns - work.nonzero_columns, work.columns);
}

double a_token(double value, const PassAnalysis& pass) {
  return value / static_cast<double>(pass.tokens);
}

void add_speed(Table& table, const Analysis& analysis) {
  const sim::HardwareConfig& hardware = analysis.hardware;
  table.row("", [&](const PassAnalysis& p) {
    if (&p == &analysis.prefill) return fmt::format("prefill, {} tokens", p.tokens);
    return p.tokens == 1 ? std::string("decode, 1 token")
                         : fmt::format("decode, {} tokens", p.tokens);
  });
  table.number(fmt::format("tokens/s of the unit at {:g} MHz", hardware.clock_mhz), "{:.2f}",
               [&](const PassAnalysis& p) { return p.tokens_per_s(hardware); });
  table.row("busiest", [&](const PassAnalysis& p) { return std::string(p.bound_by(hardware)); });
  table.number("adders busy", "{:.1f} %",
               [&](const PassAnalysis& p) { return 100 * p.of_adders(hardware); });
  table.number("weight bandwidth used", "{:.1f} %",
               [&](const PassAnalysis& p) { return 100 * p.of_weight_bandwidth(hardware); });
  if (hardware.unit.column_words != 0) {
    table.row(fmt::format("columns left out in down, {:g} % zeros assumed", 100 * analysis.zeros),
              [](const PassAnalysis& p) { return left_out(p.all.columns); });
  }
  table.number("MB moved a token", "{:.2f}", [](const PassAnalysis& p) {
    return a_token(1e-6 * static_cast<double>(p.all.bytes.total()), p);
  });
}

PassTime time_of(const Analysis& analysis, const PassAnalysis& pass) {
  return &pass == &analysis.decode ? analysis.decode_time() : analysis.prefill_time();
}

void add_whole_model(Table& table, const Analysis& analysis) {
  const auto number = [&](std::string_view label, const char* format,
                          const std::function<double(const PassTime&)>& value) {
    table.number(label, format, [&](const PassAnalysis& p) { return value(time_of(analysis, p)); });
  };
  table.row("unit and host", [&](const PassAnalysis& p) {
    return &p == &analysis.decode ? fmt::format("step, context {}", analysis.context)
                                  : std::string("to first token");
  });
  number("ms", "{:.2f}", [](const PassTime& t) { return 1e3 * t.total_s(); });
  number("  unit", "{:.2f}", [](const PassTime& t) { return 1e3 * t.device_s; });
  for (const NamedHostPart& part : named_host_parts()) {
    number(fmt::format("  host: {}", part.name), "{:.2f}",
           [&](const PassTime& t) { return 1e3 * (t.host.*part.field); });
  }
  number("host's share", "{:.1f} %", [](const PassTime& t) { return 100 * t.host_share(); });
  table.row("most time in",
            [&](const PassAnalysis& p) { return std::string(time_of(analysis, p).bound_by()); });
  number("tokens/s of unit and host", "{:.2f}", [](const PassTime& t) { return t.tokens_per_s(); });
}

/// A line a batch, a column a context.
std::string grid_table(const Analysis& analysis) {
  std::string text = fmt::format("  {:28}", "decode, tokens/s (host)");
  for (const std::size_t context : kGridContexts) {
    text += fmt::format("{:>18}", fmt::format("context {}", context));
  }
  std::size_t batch = 0;
  for (const GridStep& step :
       decode_grid(analysis.model, analysis.hardware, analysis.host, analysis.zeros)) {
    if (step.batch != batch)
      text += fmt::format("\n  {:28}", fmt::format("  batch {}", step.batch));
    batch = step.batch;
    text += fmt::format("{:>18}", fmt::format("{:.2f} ({:.0f} %)", step.time.tokens_per_s(),
                                              100 * step.time.host_share()));
  }
  return text + "\n";
}

void add_cycles(Table& table) {
  table.number("cycles a token", "{:.0f}",
               [](const PassAnalysis& p) { return a_token(p.all.cycles.cycles(), p); });
  table.number("  lower bound", "{:.0f}", [](const PassAnalysis& p) {
    return a_token(static_cast<double>(p.all.lower_bound_cycles), p);
  });
  for (const sim::NamedTerm& term : sim::named_terms()) {
    table.number(fmt::format("  {}", term.name), "{:.2f} %", [&](const PassAnalysis& p) {
      return 100 * (p.all.cycles.*term.field) / p.all.cycles.cycles();
    });
  }
}

void add_products(Table& table, const Analysis& analysis) {
  for (std::size_t i = 0; i < analysis.decode.products.size(); ++i) {
    table.number(fmt::format("cycles a token in {}", analysis.decode.products[i].name), "{:.0f}",
                 [&](const PassAnalysis& p) { return a_token(p.products[i].cycles.cycles(), p); });
  }
}

void add_energy(Table& table, const Analysis& analysis) {
  for (const sim::EnergyTable& prices : analysis.tables) {
    const auto row = [&](std::string_view name, const sim::EnergySum sim::EnergyReport::*boundary) {
      table.number(fmt::format("uJ a token by {}, {}", prices.name, name), "{:.1f}",
                   [&](const PassAnalysis& p) {
                     return a_token(1e6 * (energy_of(analysis, p, prices).*boundary).total_j, p);
                   });
    };
    row("arithmetic", &sim::EnergyReport::arithmetic);
    row("on chip", &sim::EnergyReport::on_chip);
    row("with DRAM", &sim::EnergyReport::system);
  }
}

Json sum_json(const sim::EnergySum& sum) {
  Json parts = Json::object();
  for (const sim::EnergyPart& part : sum.parts) parts[part.name] = part.joules;
  return {{"total", sum.total_j}, {"parts", parts}};
}

Json product_json(const ProductAnalysis& product) {
  Json terms = Json::object();
  for (const sim::NamedTerm& term : sim::named_terms()) {
    terms[term.name] = product.cycles.*term.field;
  }
  return {{"commands", product.commands},
          {"macs", product.macs},
          {"cycles", product.cycles.cycles()},
          {"lower_bound_cycles", product.lower_bound_cycles},
          {"terms", terms},
          {"dram_bytes",
           {{"weights", product.bytes.weights},
            {"activations", product.bytes.activations},
            {"results", product.bytes.results},
            {"descriptors", product.bytes.descriptors},
            {"records", product.bytes.records}}}};
}

Json columns_json(const ProductAnalysis& all) {
  return {{"asked", all.columns.columns},
          {"left_out", all.columns.columns - all.columns.nonzero_columns},
          {"left_out_macs", all.left_out_macs}};
}

Json grid_json(const Analysis& analysis) {
  Json grid = Json::array();
  for (const GridStep& step :
       decode_grid(analysis.model, analysis.hardware, analysis.host, analysis.zeros)) {
    Json json = {{"batch", step.batch}, {"context", step.context}};
    json.update(to_json(step.time));
    grid.push_back(json);
  }
  return grid;
}

Json pass_json(const Analysis& analysis, const PassAnalysis& pass) {
  Json json = product_json(pass.all);
  json["tokens"] = pass.tokens;
  json["tokens_per_s"] = pass.tokens_per_s(analysis.hardware);
  json["bound_by"] = pass.bound_by(analysis.hardware);
  json["utilization"] = pass.of_adders(analysis.hardware);
  json["weight_bandwidth_used"] = pass.of_weight_bandwidth(analysis.hardware);
  if (analysis.hardware.unit.column_words != 0) json["columns"] = columns_json(pass.all);
  for (const ProductAnalysis& product : pass.products) {
    json["products"][std::string(product.name)] = product_json(product);
  }
  for (const sim::EnergyTable& table : analysis.tables) {
    const sim::EnergyReport energy = energy_of(analysis, pass, table);
    json["energy_j"][table.name] = {{"arithmetic", sum_json(energy.arithmetic)},
                                    {"on_chip", sum_json(energy.on_chip)},
                                    {"system", sum_json(energy.system)},
                                    {"evidence", energy.evidence}};
  }
  return json;
}

}  // namespace

PassTime Analysis::decode_time() const {
  return decode_step(model, hardware, host, decode.tokens, context, zeros);
}

PassTime Analysis::prefill_time() const {
  return prompt_pass(model, hardware, host, prefill.tokens);
}

std::string to_table(const Analysis& analysis) {
  const sim::UnitConfig& unit = analysis.hardware.unit;
  Table table(analysis);
  add_speed(table, analysis);
  table.blank();
  add_whole_model(table, analysis);
  table.blank();
  add_cycles(table);
  table.blank();
  add_products(table, analysis);
  table.blank();
  add_energy(table, analysis);
  return fmt::format(
      "{} on {} ({} lanes x {} engines x {} slices)\n{}\n\n"
      "{}\n{}\n"
      "The unit does the ternary matrices; cycles and energy are theirs. Attention, head and all "
      "else "
      "are the\nhost's, and the unit waits meanwhile. Rates of the host, {}: {}.\n",
      analysis.model_source, analysis.hardware.name, unit.lanes, unit.engines, unit.slices,
      kEvidence, table.text(), grid_table(analysis), analysis.host.evidence, analysis.host.source);
}

std::string to_json_text(const Analysis& analysis) {
  const PassTime prefill = analysis.prefill_time();
  Json json = {{"schema", "sterna-analyze/1"},
               {"model", analysis.model_source},
               {"hardware", analysis.hardware.name},
               {"evidence", kEvidence},
               {"decode", pass_json(analysis, analysis.decode)},
               {"prefill", pass_json(analysis, analysis.prefill)},
               {"host", to_json(analysis.host)},
               {"host_evidence", kHostEvidence},
               {"time_to_first_token_s", prefill.total_s()},
               {"grid", grid_json(analysis)}};
  if (analysis.hardware.unit.column_words != 0) json["assumed_zeros"] = analysis.zeros;
  json["decode"]["batch"] = analysis.decode.tokens;
  json["decode"]["context"] = analysis.context;
  json["decode"]["with_host"] = to_json(analysis.decode_time());
  json["prefill"]["with_host"] = to_json(prefill);
  return json.dump(2);
}

}  // namespace sterna::host
