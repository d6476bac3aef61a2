// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <functional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/analysis.hpp"
#include "sim/action_counts.hpp"

namespace sterna::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEvidence = "model: closed form, within 1 % of the SystemC model";

sim::EnergyReport energy_of(const Analysis& analysis, const PassAnalysis& pass,
                            const sim::EnergyTable& table) {
  const sim::HardwareConfig& hardware = analysis.hardware;
  return sim::price(table,
                    sim::count_actions(hardware.unit, hardware.weight_format, pass.all.counters));
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

double a_token(double value, const PassAnalysis& pass) {
  return value / static_cast<double>(pass.tokens);
}

void add_speed(Table& table, const Analysis& analysis) {
  const sim::HardwareConfig& hardware = analysis.hardware;
  table.row("", [&](const PassAnalysis& p) {
    return &p == &analysis.decode ? std::string("decode, 1 token")
                                  : fmt::format("prefill, {} tokens", p.tokens);
  });
  table.number(fmt::format("tokens/s of the unit at {:g} MHz", hardware.clock_mhz), "{:.2f}",
               [&](const PassAnalysis& p) { return p.tokens_per_s(hardware); });
  table.row("busiest", [&](const PassAnalysis& p) { return std::string(p.bound_by(hardware)); });
  table.number("adders busy", "{:.1f} %",
               [&](const PassAnalysis& p) { return 100 * p.of_adders(hardware); });
  table.number("weight bandwidth used", "{:.1f} %",
               [&](const PassAnalysis& p) { return 100 * p.of_weight_bandwidth(hardware); });
  table.number("MB moved a token", "{:.2f}", [](const PassAnalysis& p) {
    return a_token(1e-6 * static_cast<double>(p.all.bytes.total()), p);
  });
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

Json pass_json(const Analysis& analysis, const PassAnalysis& pass) {
  Json json = product_json(pass.all);
  json["tokens"] = pass.tokens;
  json["tokens_per_s"] = pass.tokens_per_s(analysis.hardware);
  json["bound_by"] = pass.bound_by(analysis.hardware);
  json["utilization"] = pass.of_adders(analysis.hardware);
  json["weight_bandwidth_used"] = pass.of_weight_bandwidth(analysis.hardware);
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

std::string to_table(const Analysis& analysis) {
  const sim::UnitConfig& unit = analysis.hardware.unit;
  Table table(analysis);
  add_speed(table, analysis);
  table.blank();
  add_cycles(table);
  table.blank();
  add_products(table, analysis);
  table.blank();
  add_energy(table, analysis);
  return fmt::format(
      "{} on {} ({} lanes x {} engines x {} slices)\n{}\n\n"
      "{}\nThe ternary matrices only: attention, norms and the head are the host's.\n",
      analysis.model_source, analysis.hardware.name, unit.lanes, unit.engines, unit.slices,
      kEvidence, table.text());
}

std::string to_json_text(const Analysis& analysis) {
  const Json json = {{"schema", "sterna-analyze/1"},
                     {"model", analysis.model_source},
                     {"hardware", analysis.hardware.name},
                     {"evidence", kEvidence},
                     {"decode", pass_json(analysis, analysis.decode)},
                     {"prefill", pass_json(analysis, analysis.prefill)}};
  return json.dump(2);
}

}  // namespace sterna::host
