// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "host/cli/options.hpp"
#include "host/locations.hpp"
#include "host/report/analysis_report.hpp"
#include "model/formats/checkpoint.hpp"
#include "model/synthetic.hpp"

namespace sterna::host {
namespace {

struct AnalyzeOptions {
  SharedOptions shared;
  std::size_t prefill = 512;
  std::size_t batch = 1;
  std::size_t context = 0;
  double zeros = kAssumedZeros;
};

// The shape of a model, without its weights.
ModelConfig shape_of(const std::string& source) {
  if (const auto name = synthetic_name(source)) return named_shape(*name);
  return open_checkpoint(source).model;
}

int analyze(const AnalyzeOptions& options) {
  const std::string source = options.shared.model_source();
  const ModelConfig model = shape_of(source);
  const sim::HardwareConfig hardware = options.shared.load_hardware();
  const auto tables = sim::load_energy_tables(find_shipped(kShippedEnergyTables));
  const Analysis analysis{.model_source = source,
                          .model = model,
                          .hardware = hardware,
                          .host = host_of(hardware),
                          .tables = tables,
                          .zeros = options.zeros,
                          .context = options.context,
                          .decode = analyze_pass(model, hardware, options.batch, options.zeros),
                          .prefill = analyze_pass(model, hardware, options.prefill)};
  if (options.shared.json) {
    fmt::print("{}\n", to_json_text(analysis));
  } else if (!options.shared.quiet) {
    fmt::print("{}", to_table(analysis));
  }
  return kDone;
}

}  // namespace

void add_analyze(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<AnalyzeOptions>();
  CLI::App* command = app.add_subcommand(
      "analyze", "time, traffic and energy of any shape on any hardware, in closed form");
  add_model_option(*command, options->shared);
  add_hardware_option(*command, options->shared);
  command->add_option("--pp", options->prefill, "tokens of the prompt")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--batch", options->batch, "sequences that decode together")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command
      ->add_option("--context", options->context,
                   "tokens in the cache of each sequence that decodes")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command
      ->add_option("--zeros", options->zeros,
                   "share of zeros at the input of down, for a design that leaves columns out")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = analyze(*options); });
}

}  // namespace sterna::host
