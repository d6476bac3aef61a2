// SPDX-License-Identifier: Apache-2.0
#include "host/report/report_table.hpp"

#include <algorithm>
#include <functional>
#include <sstream>

#include <fmt/format.h>

namespace sterna::host {
namespace {

constexpr std::size_t kLabelWidth = 38;
constexpr std::size_t kColumnWidth = 16;
constexpr std::size_t kTextWidth = 92;

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t value) {
  const std::string digits = std::to_string(value);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out.push_back(',');
    out.push_back(digits[i]);
  }
  return out;
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

/// Of the columns that commands by columns were asked for.
std::string left_out(const sim::ColumnWork& work) {
  if (work.columns == 0) return "0 of 0";
  const auto left_out = static_cast<double>(work.columns - work.nonzero_columns);
  return fmt::format("{:.0f} % of {}", 100 * left_out / static_cast<double>(work.columns),
                     grouped(work.columns));
}

/// `text` broken at blanks into lines of at most kTextWidth, each behind two blanks.
std::string wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  std::string line;
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > kTextWidth) {
      out += fmt::format("  {}\n", line);
      line.clear();
    }
    line = line.empty() ? word : fmt::format("{} {}", line, word);
  }
  return fmt::format("{}  {}\n", out, line);
}

/// A column a backend; a row shows what `cell` says of each, nothing where it says nothing.
class Table {
 public:
  using Cell = std::function<std::string(std::size_t backend)>;

  explicit Table(const RunReport& report) : columns_(report.backends.size()) {}

  void row(std::string_view label, const Cell& cell) {
    out_ += fmt::format("  {:{}}", label, kLabelWidth);
    for (std::size_t i = 0; i < columns_; ++i) out_ += fmt::format("{:>{}}", cell(i), kColumnWidth);
    out_ += "\n";
  }
  void section(std::string_view title) { out_ += fmt::format("\n  {}\n", title); }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  std::size_t columns_;
  std::string out_;
};

void add_results(Table& table, const RunReport& report) {
  const auto& runs = report.backends;
  table.row("", [&](std::size_t i) { return std::string(name_of(runs[i].kind)); });
  table.row("tokens (prompt + new)", [&](std::size_t i) {
    return fmt::format("{} + {}", report.work.prompt.size(), runs[i].generated.size());
  });
  table.row("sha256 of all logits",
            [&](std::size_t i) { return runs[i].logits_sha256.substr(0, 12); });
  table.row(fmt::format("perplexity ({} tokens)", runs[0].held_out.scored_tokens),
            [&](std::size_t i) { return fmt::format("{:.4f}", runs[i].held_out.perplexity()); });
  table.row("next token right",
            [&](std::size_t i) { return percent(runs[i].held_out.accuracy()); });
  table.row("wall time", [&](std::size_t i) { return fmt::format("{:.2f} s", runs[i].wall_s); });
  table.row("processor time",
            [&](std::size_t i) { return fmt::format("{:.2f} s", runs[i].cpu_s); });
  table.row("simulated MAC/s, one core", [&](std::size_t i) {
    if (!runs[i].simulated) return std::string();
    return fmt::format("{:.0f} M", simulated_mac_per_s(runs[i], report.phases[i]) * 1e-6);
  });
}

void add_phase(Table& table, const RunReport& report, Phase phase) {
  const auto at = [&](std::size_t i) { return &report.phases[i][static_cast<std::size_t>(phase)]; };
  const auto row = [&](std::string_view label,
                       const std::function<std::string(const PhaseReport&)>& cell) {
    table.row(label, [&](std::size_t i) {
      return report.phases[i].empty() ? std::string() : cell(*at(i));
    });
  };
  const std::size_t any =
      static_cast<std::size_t>(std::find_if(report.phases.begin(), report.phases.end(),
                                            [](const auto& p) { return !p.empty(); }) -
                               report.phases.begin());
  table.section(fmt::format("{}, {} tokens", name_of(phase), at(any)->tokens));
  row("cycles", [](const PhaseReport& r) { return grouped(r.job_cycles); });
  row("lower bound", [](const PhaseReport& r) { return grouped(r.lower_bound_cycles); });
  row("  stalled for weights",
      [](const PhaseReport& r) { return grouped(r.all.counters.weight_stall_cycles); });
  row("  stalled for activations",
      [](const PhaseReport& r) { return grouped(r.all.counters.activation_stall_cycles); });
  row("  stalled for results",
      [](const PhaseReport& r) { return grouped(r.all.counters.result_stall_cycles); });
  if (report.hardware.bus) {
    row("  descriptors, last results, records",
        [](const PhaseReport& r) { return grouped(r.outside_cycles()); });
  }
  if (report.hardware.unit.column_words != 0) {
    row("columns left out in down", [](const PhaseReport& r) { return left_out(r.all.columns); });
  }
  row("utilisation of the array", [](const PhaseReport& r) { return percent(r.utilization()); });
  row(fmt::format("tokens/s of the unit at {:g} MHz", report.hardware.clock_mhz),
      [&](const PhaseReport& r) { return fmt::format("{:.1f}", r.tokens_per_s(report.hardware)); });
  row("memory traffic a token", [](const PhaseReport& r) {
    return fmt::format("{:.1f} KiB", static_cast<double>(r.moved.total()) / 1024 /
                                         static_cast<double>(std::max<std::uint64_t>(r.tokens, 1)));
  });
}

/// What the phase would take with the unit and the modelled host, not what its simulation took.
void add_time(Table& table, const RunReport& report, Phase phase) {
  const auto row = [&](std::string_view label, const char* format,
                       const std::function<double(const PassTime&)>& value) {
    table.row(label, [&](std::size_t i) {
      if (report.phases[i].empty()) return std::string();
      return fmt::format(fmt::runtime(format), value(report.phase_time(i, phase)));
    });
  };
  const auto ms_a_token = [](double seconds, const PassTime& t) {
    return 1e3 * seconds / static_cast<double>(std::max<std::size_t>(t.tokens, 1));
  };
  row("ms a token, unit and host (model)", "{:.3f}",
      [&](const PassTime& t) { return ms_a_token(t.total_s(), t); });
  row("  unit", "{:.3f}", [&](const PassTime& t) { return ms_a_token(t.device_s, t); });
  for (const NamedHostPart& part : named_host_parts()) {
    row(fmt::format("  host: {}", part.name), "{:.3f}",
        [&](const PassTime& t) { return ms_a_token(t.host.*part.field, t); });
  }
  row("tokens/s of unit and host", "{:.1f}", [](const PassTime& t) { return t.tokens_per_s(); });
}

/// Microjoules a token, a row for each table and boundary.
void add_energy(Table& table, const RunReport& report, Phase phase) {
  const auto& first = *std::find_if(report.phases.begin(), report.phases.end(),
                                    [](const PhaseReports& p) { return !p.empty(); });
  const auto index = static_cast<std::size_t>(phase);
  for (std::size_t t = 0; t < first[index].energy.size(); ++t) {
    table.section(
        fmt::format("{}, uJ a token by {}", name_of(phase), first[index].energy[t].unit.table));
    const auto row = [&](std::string_view boundary,
                         const std::function<double(const PhaseEnergy&)>& joules) {
      table.row(boundary, [&](std::size_t i) {
        if (report.phases[i].empty()) return std::string();
        const PhaseReport& r = report.phases[i][index];
        const auto tokens = static_cast<double>(std::max<std::uint64_t>(r.tokens, 1));
        return fmt::format("{:.3f}", 1e6 * joules(r.energy[t]) / tokens);
      });
    };
    row("arithmetic", [](const PhaseEnergy& e) { return e.unit.arithmetic.total_j; });
    row("  of the same array, int8 multipliers",
        [](const PhaseEnergy& e) { return e.int8_baseline.arithmetic.total_j; });
    row("on chip", [](const PhaseEnergy& e) { return e.unit.on_chip.total_j; });
    row("whole system, DRAM included", [](const PhaseEnergy& e) { return e.unit.system.total_j; });
  }
}

std::string yes_or_no(std::optional<bool> answer) {
  if (!answer) return "not compared";
  return *answer ? "yes" : "NO";
}

std::string verdict(const CheckReport& check) {
  std::string out = fmt::format("bits identical: {}, cycles identical: {}\n",
                                yes_or_no(check.bits_identical), yes_or_no(check.cycles_identical));
  if (const auto& d = check.first_difference) {
    out += fmt::format(
        "first difference on {} in {}: layer {}, {}, token {}, row {}: expected {}, got {}\n",
        check.difference_backend, name_of(check.difference_phase), d->layer, d->projection,
        d->token, d->row, d->expected, d->got);
  } else if (check.bits_identical == false) {
    out += "all integer sums agree, but the logits do not: the float part differs\n";
  }
  if (const auto& d = check.first_cycle_difference) {
    out += fmt::format("first difference in cycles: command {} ({}, {}), {}: systemc {}, rtl {}\n",
                       d->command, name_of(d->phase), d->matrix, d->counter, d->expected, d->got);
  }
  for (const std::string& sentence : check.broken_contracts) {
    out += fmt::format("contract broken: {}\n", sentence);
  }
  return out;
}

/// One sentence on what the host does, by multiply-adds and by time.
std::string host_share(const RunReport& report) {
  for (std::size_t i = 0; i < report.backends.size(); ++i) {
    const BackendRun& run = report.backends[i];
    if (!run.simulated) continue;
    HostWork host;
    std::uint64_t unit_macs = 0;
    for (const PhaseReport& phase : report.phases[i]) {
      host += run.phase(phase.phase).host;
      unit_macs += phase.all.macs;
    }
    const double total = static_cast<double>(host.macs() + unit_macs);
    return fmt::format(
        "The unit does the ternary projections. Attention, norms, RoPE, quantisation, gate and "
        "head run on the host: {} of all multiply-adds (head {}, attention {}). The host's "
        "time is a model, added to the unit's, nothing overlaps; rates of the host, {}: {}.",
        percent(static_cast<double>(host.macs()) / total),
        percent(static_cast<double>(host.head_macs) / total),
        percent(static_cast<double>(host.attention_macs) / total), report.host.evidence,
        report.host.source);
  }
  return "Everything ran on the CPU.";
}

}  // namespace

std::string to_table(const RunReport& report) {
  const sim::UnitConfig& unit = report.hardware.unit;
  std::string out =
      fmt::format("Sterna {}: {} on {} ({} lanes x {} engines x {} slices, {:g} MHz)\n\n",
                  report.sterna_version, report.model_source, report.hardware.name, unit.lanes,
                  unit.engines, unit.slices, report.hardware.clock_mhz);
  out += wrapped(fmt::format("{} >>> {}", report.prompt_text, report.texts[0])) + "\n";
  Table table(report);
  add_results(table, report);
  const bool simulated = std::any_of(report.phases.begin(), report.phases.end(),
                                     [](const PhaseReports& p) { return !p.empty(); });
  if (simulated) {
    for (Phase phase : kPhases) {
      add_phase(table, report, phase);
      add_time(table, report, phase);
      if (phase != Phase::Eval) add_energy(table, report, phase);
    }
  }
  return fmt::format("{}{}\n{}\n{}", out, table.text(), wrapped(host_share(report)),
                     verdict(report.check));
}

}  // namespace sterna::host
