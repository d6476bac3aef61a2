// SPDX-License-Identifier: Apache-2.0
#include "host/run.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/atomic_file.hpp"
#include "host/cli/options.hpp"
#include "host/locations.hpp"
#include "host/progress.hpp"
#include "host/report/report_table.hpp"
#include "host/report/run_json.hpp"

namespace sterna::host {
namespace {

namespace fs = std::filesystem;

struct RunOptions {
  SharedOptions shared;
  std::string prompt;
  std::string text;
  std::string out = "out";
  std::size_t tokens = 32;
  std::size_t eval_tokens = 514;
  std::size_t window = 257;
  SamplerConfig sampler{.temperature = 0.8F, .top_k = 40, .top_p = 0.95F, .seed = 0};
};

/// Prompt and held-out text as tokens; random ones where the model has no tokenizer.
Workload workload(const RunOptions& options, const std::optional<Tokenizer>& tokenizer,
                  const ModelConfig& config) {
  const std::string source = options.shared.model_source();
  SamplerConfig sampler = options.sampler;
  sampler.seed = options.shared.seed;
  sampler.validate();
  const auto window = std::min<std::size_t>(options.window, config.max_tokens);
  Workload work{{}, options.tokens, sampler, {}, 0};
  work.prompt = prompt_tokens(options.prompt, tokenizer, source, config.vocab, options.shared.seed);
  if (tokenizer) {
    const fs::path file = options.text.empty() ? held_out_file(source) : fs::path(options.text);
    work.set_held_out(encode_file(*tokenizer, file, options.eval_tokens), window);
  } else if (options.text.empty()) {
    work.set_held_out(random_tokens(options.eval_tokens, config.vocab, options.shared.seed + 1),
                      window);
  } else {
    throw std::invalid_argument(
        fmt::format("--text {}: {} has no tokenizer to read it with; name one with --tokenizer, or "
                    "leave --text out, and random tokens are evaluated",
                    options.text, source));
  }
  work.kv = parse_kv_format(options.shared.kv);
  work.validate_prompt(config);
  work.validate_held_out(config);
  return work;
}

RunReport run_all(const RunOptions& options, const std::vector<BackendKind>& kinds,
                  const std::optional<Tokenizer>& tokenizer, const RunSetup& setup,
                  const Workload& work) {
  const auto tables = sim::load_energy_tables(find_shipped(kShippedEnergyTables));
  RunReport report{.sterna_version = STERNA_VERSION,
                   .model_source = options.shared.model_source(),
                   .model = setup.model.config,
                   .hardware = setup.hardware,
                   .hardware_file = options.shared.hardware_file().string(),
                   .host = host_of(setup.hardware),
                   .seed = options.shared.seed,
                   .work = work,
                   .prompt_text = text_of(tokenizer, work.prompt),
                   .texts = {},
                   .backends = {},
                   .phases = {},
                   .check = {}};
  for (BackendKind kind : kinds) {
    report.backends.push_back(run_backend(kind, work, setup));
    report.texts.push_back(text_of(tokenizer, report.backends.back().generated));
    report.phases.push_back(report_phases(report.backends.back(), {setup.hardware, tables}));
  }
  report.check = check_run(report.backends, report.phases);
  return report;
}

int run(const RunOptions& options) {
  const auto kinds = parse_backends(options.shared.backend);
  const ModelWeights model = options.shared.load_model();
  const auto tokenizer = find_tokenizer(options.shared.model_source(), options.shared.tokenizer);
  const Workload work = workload(options, tokenizer, model.config);
  const sim::HardwareConfig hardware = options.shared.load_hardware();
  const fs::path out(options.out);
  require_writable_folder(out);

  Progress progress(!options.shared.quiet);
  const RunSetup setup{model, hardware, options.shared.thread_count(), options.shared.isa,
                       progress};
  const RunReport report = run_all(options, kinds, tokenizer, setup, work);
  progress.clear();

  const std::string json =
      to_json(report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  write_file_atomically(out / "run.json", json + "\n");
  if (options.shared.json) {
    fmt::print("{}\n", json);
  } else if (!options.shared.quiet) {
    fmt::print("{}wrote {}\n", to_table(report), (out / "run.json").string());
  }
  return report.check.passed() ? kDone : kCheckFailed;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand(
      "run", "the main job: the same work on every backend, compared bit for bit");
  add_model_option(*command, options->shared);
  add_tokenizer_option(*command, options->shared);
  command->add_option("--prompt", options->prompt, "the text to go on from [a sentence]");
  command->add_option("--tokens", options->tokens, "tokens to generate")
      ->check(kTokenCount)
      ->capture_default_str();
  command->add_option("--text", options->text, "text to evaluate [the model's held-out text]");
  command->add_option("--eval-tokens", options->eval_tokens, "tokens of it to use; 0: all")
      ->check(kTokenCount)
      ->capture_default_str();
  command->add_option("--window", options->window, "tokens of a window, at most the context")
      ->check(kTokenCount)
      ->capture_default_str();
  add_sampler_options(*command, options->sampler);
  add_compute_options(*command, options->shared, "cpu,systemc,rtl");
  add_precision_options(*command, options->shared, "f32");
  add_seed_option(*command, options->shared);
  command->add_option("--out", options->out, "folder for run.json")->capture_default_str();
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace sterna::host
