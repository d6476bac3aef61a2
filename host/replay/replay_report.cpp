// SPDX-License-Identifier: Apache-2.0
#include "host/replay/replay_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/report/phase_report.hpp"

namespace sterna::host {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const IndexRange& range) { return {range.first, range.last}; }

Json to_json(const sim::TmuCounters& counters) {
  Json json = Json::object();
  for (const NamedCounter& named : named_counters()) json[named.name] = counters.*named.field;
  return json;
}

Json to_json(const CommandRecord& record) {
  const sim::TmuCommand& command = record.command;
  Json json = {{"tokens", command.tokens},
               {"beats", command.beats},
               {"rows", command.rows},
               {"piece", record.piece},
               {"keep_activations", command.keep_activations},
               {"macs", record.macs},
               {"accept_cycle", record.report.accept_cycle},
               {"respond_cycle", record.report.respond_cycle},
               {"done_cycle", record.report.done_cycle},
               {"counters", to_json(record.report.counters)}};
  if (command.columns != 0) {
    json["columns"] = {{"asked", command.columns},
                       {"left_out", command.columns - record.nonzero_columns}};
  }
  return json;
}

Json to_json(const WrongSum& wrong, std::string_view backend, const ReplayReport& report) {
  return {{"backend", backend},
          {"position", report.window.positions.first + wrong.token},
          {"row", report.window.rows.first + wrong.row},
          {"expected", wrong.expected},
          {"got", wrong.got}};
}

// Null when every sum is as it should be.
Json first_difference(const ReplayReport& report) {
  if (report.rtl && report.rtl->wrong) return to_json(*report.rtl->wrong, "rtl", report);
  if (report.systemc.wrong) return to_json(*report.systemc.wrong, "systemc", report);
  return nullptr;
}

std::string positions_of(const ReplayReport& report) {
  const IndexRange& p = report.window.positions;
  return p.count() == 1
             ? fmt::format("position {} of {}", p.first, report.prompt_tokens)
             : fmt::format("positions {}:{} of {}", p.first, p.last, report.prompt_tokens);
}

// What is wrong, a line each; empty when nothing is.
std::string complaints(const ReplayReport& report) {
  std::string text;
  if (!report.rtl) text += fmt::format("  THE RTL FAILED        {}\n", report.rtl_error);
  if (const Json wrong = first_difference(report); !wrong.is_null()) {
    text += fmt::format("  SUMS DIFFER           {} row {}, position {}: {} instead of {}\n",
                        wrong["backend"].get<std::string>(), wrong["row"].dump(),
                        wrong["position"].dump(), wrong["got"].dump(), wrong["expected"].dump());
  }
  if (report.rtl && !report.cycles_equal()) {
    text +=
        "  CYCLES DIFFER         a command or a counter of RTL and SystemC model, see "
        "replay.json\n";
  }
  return text;
}

}  // namespace

bool ReplayReport::sums_equal() const { return rtl && !rtl->wrong && !systemc.wrong; }

bool ReplayReport::cycles_equal() const { return rtl && rtl->records == systemc.records; }

std::vector<std::string> title_of(const ReplayReport& report) {
  const ReplayWindow& window = report.window;
  return {fmt::format("{} of {}", window.matrix_name(),
                      std::filesystem::path(report.model_source).filename().string()),
          fmt::format("rows {}:{} of {}", window.rows.first, window.rows.last, report.matrix_rows),
          positions_of(report), fmt::format("design {}", report.hardware.name)};
}

Json to_json(const ReplayReport& report) {
  Json json = {{"schema", "sterna-replay/1"},
               {"version", report.sterna_version},
               {"model", report.model_source},
               {"hardware", report.hardware.name},
               {"hardware_file", report.hardware_file},
               {"on_bus", report.hardware.bus.has_value()},
               {"layer", report.window.layer},
               {"projection", report.window.projection->name},
               {"rows", to_json(report.window.rows)},
               {"matrix_rows", report.matrix_rows},
               {"positions", to_json(report.window.positions)},
               {"prompt_tokens", report.prompt_tokens},
               {"tokens", report.window.positions.count()},
               {"equal", report.equal()},
               {"sums_equal", report.sums_equal()},
               {"cycles_equal", report.cycles_equal()},
               {"first_difference", first_difference(report)},
               {"rtl_error", report.rtl_error.empty() ? Json(nullptr) : Json(report.rtl_error)}};
  json["cycles"] = {{"rtl", report.rtl ? Json(report.rtl->cycles()) : Json(nullptr)},
                    {"systemc", report.systemc.cycles()},
                    {"closed_form", report.closed_form_cycles}};
  json["counters"] = to_json((report.rtl ? *report.rtl : report.systemc).counters());
  for (const auto& [name, run] :
       {std::pair{"rtl", report.rtl ? &*report.rtl : nullptr}, {"systemc", &report.systemc}}) {
    json["commands"][name] = Json::array();
    if (run == nullptr) continue;
    for (const CommandRecord& record : run->records) {
      json["commands"][name].push_back(to_json(record));
    }
  }
  json["trace"] = {{"start_cycle", report.trace.first},
                   {"stop_cycle", report.trace.last},
                   {"cycle_ps", sim::WaveWindow::kCyclePs},
                   {"bytes", report.wave_bytes}};
  json["files"] = {{"waves", (report.folder / kWavesName).string()},
                   {"save_file", (report.folder / kSaveFileName).string()}};
  json["wall_s"] = {{"rtl", report.rtl ? Json(report.rtl->wall_s) : Json(nullptr)},
                    {"systemc", report.systemc.wall_s}};
  return json;
}

std::string to_table(const ReplayReport& report) {
  const std::uint64_t systemc = report.systemc.cycles();
  const double off = 100 * (report.closed_form_cycles / static_cast<double>(systemc) - 1);
  std::string text = fmt::format(
      "{}\n\n  cycles                {} on RTL, {} in SystemC, {:.0f} in closed form ({:+.1f} %)\n"
      "  sums                  {} of {} {}, {}\n",
      fmt::join(title_of(report), ", "), report.rtl ? std::to_string(report.rtl->cycles()) : "-",
      systemc, report.closed_form_cycles, off,
      report.window.rows.count() * report.window.positions.count(), report.window.positions.count(),
      report.window.positions.count() == 1 ? "token" : "tokens",
      report.sums_equal() ? "each equal on RTL, SystemC model and CPU engine" : "NOT equal");
  text += complaints(report);
  text += fmt::format("  commands              {}\n", report.systemc.records.size());
  const sim::TmuCounters counters = (report.rtl ? *report.rtl : report.systemc).counters();
  for (const NamedCounter& named : named_counters()) {
    text += fmt::format("    {:24}{:>12}\n", named.name, counters.*named.field);
  }
  const double per_cycle =
      static_cast<double>(report.wave_bytes) / static_cast<double>(report.trace.count());
  text += fmt::format("  waves                 cycles {}:{}, {} bytes, {:.0f} a cycle\n",
                      report.trace.first, report.trace.last, report.wave_bytes, per_cycle);
  return text + fmt::format("wrote {}, {} and {}; look at them with: gtkwave {}\n",
                            (report.folder / kWavesName).string(), kSaveFileName, kReplayJsonName,
                            (report.folder / kSaveFileName).string());
}

}  // namespace sterna::host
