// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/bench/host_bench.hpp"
#include "host/bench/process.hpp"
#include "host/report/time_json.hpp"

namespace sterna::host {
namespace {

using Json = nlohmann::ordered_json;

/// A rate as a hardware file has it: three digits are more than it is known to.
std::string figure(double value) { return fmt::format("{:.3g}", value); }

std::string section(const sim::HostConfig& host) {
  std::string text = "host:\n";
  for (const NamedRate& rate : named_rates()) {
    text += fmt::format("  {}: {}\n", rate.key, figure(host.*rate.field));
  }
  return text + fmt::format("  evidence: {}\n  source: \"{}\"\n", host.evidence, host.source);
}

}  // namespace

std::string to_table(const HostBench& bench, const HostBenchPlan& plan) {
  std::string text = fmt::format(
      "Host work beside a unit that answers at once: {}, {} thread{}, {}; others used {:.0f} % of "
      "the processors.\n\n  {:34}{:>12}{:>24}\n",
      cpu_name(), plan.threads, plan.threads == 1 ? "" : "s", plan.clock_name(),
      100 * bench.foreign_cpu_share, "", fmt::format("median of {}", plan.repeats), "quartiles");
  for (const NamedRate& rate : named_rates()) {
    text += fmt::format(
        "  {:34}{:>12}{:>24}\n", rate.key, figure(bench.host.*rate.field),
        fmt::format("{} to {}", figure(bench.slow.*rate.field), figure(bench.fast.*rate.field)));
  }
  text += "\n  passes that no rate was made from     measured         by the rates\n";
  for (const HostCheck& check : bench.checks) {
    text += fmt::format("  {:34}{:>12}{:>24}\n", check.pass,
                        fmt::format("{:.2f} ms", 1e3 * check.measured_s),
                        fmt::format("{:.2f} ms ({:+.0f} %)", 1e3 * check.model_s,
                                    100 * (check.model_s / check.measured_s - 1)));
  }
  return text + "\nFor a hardware file (docs/analyze.md):\n\n" + section(bench.host);
}

std::string to_json_text(const HostBench& bench, const HostBenchPlan& plan,
                         const std::string& model) {
  Json json = {{"schema", "sterna-bench-host/1"},
               {"model", model},
               {"machine", {{"cpu", cpu_name()}}},
               {"threads", plan.threads},
               {"clock", plan.clock_name()},
               {"repeats", plan.repeats},
               {"foreign_cpu_share", bench.foreign_cpu_share},
               {"host", to_json(bench.host)},
               {"host_quartiles", Json::object()},
               {"checks", Json::array()}};
  for (const NamedRate& rate : named_rates()) {
    json["host_quartiles"][rate.key] = {bench.slow.*rate.field, bench.fast.*rate.field};
  }
  for (const HostCheck& check : bench.checks) {
    json["checks"].push_back(
        {{"pass", check.pass}, {"measured_s", check.measured_s}, {"model_s", check.model_s}});
  }
  return json.dump(2);
}

}  // namespace sterna::host
