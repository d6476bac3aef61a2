// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/cli/options.hpp"
#include "host/progress.hpp"
#include "host/workload.hpp"
#include "model/perplexity.hpp"
#include "model/text/tokenizer.hpp"

namespace sterna::host {
namespace {

struct EvalOptions {
  SharedOptions shared;
  std::string text;
  std::size_t tokens = 0;
  std::size_t window = 256;
};

/// Bytes of text that the scored tokens stand for: all but the first of each window.
std::size_t scored_bytes(const Tokenizer& tokenizer, const Workload& work) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < work.held_out.size(); ++i) {
    if (i % work.window_tokens != 0) bytes += tokenizer.token_bytes(work.held_out[i], false).size();
  }
  return bytes;
}

Workload workload(const EvalOptions& options, const Tokenizer& tokenizer,
                  const ModelConfig& config) {
  const std::string file =
      options.text.empty() ? held_out_file(options.shared.model_source()).string() : options.text;
  Workload work{{}, 0, SamplerConfig::greedy(), {}, 0};
  work.set_held_out(encode_file(tokenizer, file, options.tokens), options.window);
  work.kv = parse_kv_format(options.shared.kv);
  work.validate_held_out(config);
  return work;
}

int eval(const EvalOptions& options) {
  const BackendKind kind = parse_backend(options.shared.backend);
  const ModelWeights model = options.shared.load_model();
  const Tokenizer tokenizer = require_tokenizer(options.shared.model_source());
  const Workload work = workload(options, tokenizer, model.config);
  const sim::HardwareConfig hardware = options.shared.load_hardware();

  ThreadPool pool(options.shared.thread_count());
  BackendStack backend(kind, hardware, pool, options.shared.isa);
  Transformer transformer(model, backend.matmul(), pool, work.limits());
  Progress progress(!options.shared.quiet);
  std::size_t done = 0;
  const Perplexity result = measure_perplexity(
      transformer, work.held_out, work.window_tokens, [&](std::span<const float> logits) {
        done += logits.size() / model.config.vocab;
        progress.show("tokens", done, work.held_out.size());
      });
  progress.clear();

  const double bits_per_byte =
      result.nats / std::numbers::ln2 /
      static_cast<double>(std::max<std::size_t>(scored_bytes(tokenizer, work), 1));
  if (options.shared.json) {
    const nlohmann::ordered_json json = {
        {"backend", options.shared.backend},   {"tokens", work.held_out.size()},
        {"window_tokens", work.window_tokens}, {"scored_tokens", result.scored_tokens},
        {"perplexity", result.perplexity()},   {"accuracy", result.accuracy()},
        {"bits_per_byte", bits_per_byte}};
    fmt::print("{}\n", json.dump(2));
  } else if (!options.shared.quiet) {
    fmt::print(
        "perplexity {:.4f}, next token right {:.2f} %, {:.4f} bits a byte ({} tokens scored "
        "in windows of {}, {})\n",
        result.perplexity(), 100 * result.accuracy(), bits_per_byte, result.scored_tokens,
        work.window_tokens, options.shared.backend);
  }
  return kDone;
}

}  // namespace

void add_eval(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "perplexity and next-token accuracy on a text");
  add_model_option(*command, options->shared);
  command->add_option("--text", options->text, "text file [the model's held-out text]");
  command->add_option("--tokens", options->tokens, "tokens of it to use; 0: all")
      ->check(kTokenCount)
      ->capture_default_str();
  command->add_option("--window", options->window, "tokens of a window")
      ->check(kTokenCount)
      ->capture_default_str();
  add_compute_options(*command, options->shared, "cpu");
  add_precision_options(*command, options->shared, "f32");
  add_seed_option(*command, options->shared);
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = eval(*options); });
}

}  // namespace sterna::host
