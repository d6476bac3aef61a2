// SPDX-License-Identifier: Apache-2.0
#include "host/bench/bench.hpp"

#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "host/bench/host_bench.hpp"
#include "host/bench/process.hpp"
#include "host/bench/report.hpp"
#include "host/bench/shapes.hpp"
#include "host/cli/options.hpp"
#include "host/progress.hpp"
#include "kernels/cpu_backend.hpp"
#include "model/formats/checkpoint.hpp"
#include "model/synthetic.hpp"

namespace sterna::host {
namespace {

constexpr std::string_view kHostModel = "synthetic:2b4t";
constexpr unsigned kRepeats = 3;
constexpr unsigned kHostRepeats = 15;  // shorter passes, and differences of them

struct BenchOptions {
  SharedOptions shared;
  std::size_t prefill = 512;
  std::size_t decode = 64;
  std::size_t context = 0;
  unsigned repeats = 0;  // 0: the default of what is measured
  bool shapes = false;
  bool host = false;
};

BenchPlan plan_of(const BenchOptions& options) {
  return {.threads = options.shared.thread_count(),
          .prefill_tokens = options.prefill,
          .decode_tokens = options.decode,
          .context_tokens = options.context,
          .repeats = options.repeats == 0 ? kRepeats : options.repeats,
          .seed = options.shared.seed,
          .kv = parse_kv_format(options.shared.kv)};
}

int bench_model(const BenchOptions& options, const std::string& isa, LimitsProcess& limits,
                Progress& progress) {
  BenchReport report{plan_of(options),    {}, options.shared.model_source(), isa,
                     options.shared.head, 0.0};
  // Before the weights are made, where the shape has a name: a refusal should not take minutes.
  if (const auto name = synthetic_name(report.model)) report.plan.validate(named_shape(*name));
  progress.show("loading " + report.model);
  const auto start = std::chrono::steady_clock::now();
  const ModelWeights model = options.shared.load_model();
  report.load_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const BenchParts parts{
      .make_backend = [&](ThreadPool& pool) { return std::make_unique<CpuBackend>(pool, isa); },
      .measure_limits = [&] { return limits.measure(); }};
  try {
    report.result = run_bench(model, report.plan, parts, progress);
  } catch (const BenchCheckFailed& failure) {
    progress.clear();
    fmt::print(stderr, "sterna: {} on {}: {}\n", report.model, isa, failure.what());
    return kCheckFailed;
  }
  if (options.shared.json) {
    fmt::print("{}\n", to_json_text(report));
  } else if (!options.shared.quiet) {
    fmt::print("{}", to_table(report));
  }
  return kDone;
}

int bench_shapes(const BenchOptions& options, LimitsProcess& limits, Progress& progress) {
  progress.show("limits of this machine");
  const MachineLimits all = limits.measure().all;
  progress.clear();
  const std::vector<ShapeBound> shapes = bound_shapes(all);
  if (options.shared.json) {
    fmt::print("{}\n", to_json_text(shapes, all));
  } else if (!options.shared.quiet) {
    fmt::print("{}", to_table(shapes, all));
  }
  return kDone;
}

/// What the host's part of any design takes on this machine.
int bench_host(const BenchOptions& options) {
  Progress progress(!options.shared.quiet);
  const std::string source =
      options.shared.model.empty() ? std::string(kHostModel) : options.shared.model;
  progress.show("loading " + source);
  const ModelWeights model = sterna::load_model(source, options.shared.seed, HeadForm::Int8);
  const auto plan =
      HostBenchPlan::of(model.config, options.shared.thread_count(),
                        options.repeats == 0 ? kHostRepeats : options.repeats, options.shared.seed);
  try {
    HostBench bench = run_host_bench(model, plan, options.shared.load_hardware(), progress);
    bench.host.source = fmt::format(
        "sterna bench --host --model {} --threads {}, on {} ({}, {:.0f} % used by others)", source,
        plan.threads, cpu_name(), plan.clock_name(), 100 * bench.foreign_cpu_share);
    if (options.shared.json) {
      fmt::print("{}\n", to_json_text(bench, plan, source));
    } else if (!options.shared.quiet) {
      fmt::print("{}", to_table(bench, plan));
    }
  } catch (const BenchCheckFailed& failure) {
    progress.clear();
    fmt::print(stderr, "sterna: {}: {}\n", source, failure.what());
    return kCheckFailed;
  }
  return kDone;
}

int bench(const BenchOptions& options) {
  if (options.host) return bench_host(options);
  const std::string isa(panel_kernels(options.shared.isa).name);
  LimitsProcess limits(options.shared.thread_count(), isa);
  Progress progress(!options.shared.quiet);
  return options.shapes ? bench_shapes(options, limits, progress)
                        : bench_model(options, isa, limits, progress);
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand(
      "bench", "CPU speed of a model, each figure with the limit of this machine in the same run");
  add_model_option(*command, options->shared);
  const auto count = [&](const char* name, std::size_t& value, const char* text) {
    command->add_option(name, value, text)->check(kTokenCount)->capture_default_str();
  };
  count("--pp", options->prefill, "tokens of the prefill; 0: none");
  count("--tg", options->decode, "tokens decoded from an empty cache; 0: none");
  count("--context", options->context, "decode also at the end of so long a context; 0: not");
  command->add_option("--repeat", options->repeats, "how often each is measured [3; --host: 15]")
      ->check(CLI::Range(1U, 1000U));
  command->add_flag("--shapes", options->shapes,
                    "instead: what this machine's limits leave every named shape");
  command->add_flag("--host", options->host,
                    "instead: rates of the host's work beside a unit, for the section host: of a "
                    "hardware file [--model synthetic:2b4t]");
  add_hardware_option(*command, options->shared);
  add_cpu_options(*command, options->shared);
  add_precision_options(*command, options->shared, "int8");
  add_seed_option(*command, options->shared);
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = bench(*options); });
}

}  // namespace sterna::host
