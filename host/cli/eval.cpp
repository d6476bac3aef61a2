// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "host/cli/options.hpp"
#include "host/progress.hpp"
#include "host/workload.hpp"
#include "model/perplexity.hpp"
#include "model/text/eval_protocol.hpp"

namespace sterna::host {
namespace {

struct EvalOptions {
  SharedOptions shared;
  std::string text;
  std::string protocol = std::string(eval_protocols().front().name);
  std::size_t tokens = 0;
  std::size_t window = 0;  // the protocol's
};

/// A text as it is scored.
struct EvalWork {
  EvalProtocol protocol;
  std::vector<EvalWindow> windows;

  [[nodiscard]] std::size_t tokens() const {
    std::size_t sum = 0;
    for (const EvalWindow& window : windows) sum += window.tokens.size();
    return sum;
  }
  [[nodiscard]] std::size_t longest() const {
    std::size_t most = 0;
    for (const EvalWindow& window : windows) most = std::max(most, window.tokens.size());
    return most;
  }
};

/// Bytes of text that the scored tokens stand for. An EOS that only the model's configuration knows stands
/// for none.
std::size_t scored_bytes(const Tokenizer& tokenizer, const EvalWork& work) {
  std::size_t bytes = 0;
  for (const EvalWindow& window : work.windows) {
    for (std::size_t i = window.first_scored; i < window.tokens.size(); ++i) {
      const TokenId id = window.tokens[i];
      if (tokenizer.has(id)) bytes += tokenizer.token_bytes(id).size();
    }
  }
  return bytes;
}

EvalWork eval_work(const EvalOptions& options, const Tokenizer& tokenizer,
                   const ModelWeights& model) {
  EvalWork work{eval_protocol(options.protocol), {}};
  if (options.window != 0) work.protocol.window_tokens = options.window;
  const std::filesystem::path file = options.text.empty()
                                         ? held_out_file(options.shared.model_source())
                                         : std::filesystem::path(options.text);
  try {
    work.windows =
        make_windows(work.protocol, tokenizer, model.special, read_text(file), options.tokens);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}: {}", file.string(), error.what()));
  }
  if (work.longest() > model.config.max_tokens) {
    throw std::invalid_argument(fmt::format(
        "a window of {} tokens ({}) exceeds the model's context of {}: choose a smaller "
        "--window",
        work.longest(), work.protocol.name, model.config.max_tokens));
  }
  for (const EvalWindow& part : work.windows) require_in_vocabulary(part.tokens, model.config);
  return work;
}

Perplexity measure(const EvalOptions& options, const ModelWeights& model, const EvalWork& work) {
  const BackendKind kind = options.shared.one_backend();
  const sim::HardwareConfig hardware = options.shared.load_hardware();
  ThreadPool pool(options.shared.thread_count());
  BackendStack backend(kind, hardware, pool, options.shared.isa, options.shared.simulators);
  const std::size_t context = work.longest();
  Transformer transformer(model, backend.matmul(), pool,
                          {.context_tokens = context,
                           .batch_tokens = std::min(context, TransformerLimits::kBatchTokens),
                           .kv = parse_kv_format(options.shared.kv)});
  Progress progress(!options.shared.quiet);
  const std::size_t tokens = work.tokens();
  const Perplexity result =
      measure_perplexity(transformer, pool, work.windows, [&](const ScoredLogits& part) {
        const Perplexity& so_far = part.so_far;
        if (so_far.scored_tokens == 0) return;
        progress.show(fmt::format("tokens {}/{}, perplexity {:.4f} +/- {:.4f}, {:.2f} % right",
                                  part.tokens_done, tokens, so_far.perplexity(),
                                  so_far.standard_error(), 100 * so_far.accuracy()));
      });
  backend.finish();
  return result;
}

void print(const EvalOptions& options, const EvalWork& work, const Perplexity& result,
           std::size_t bytes) {
  const double bits_per_byte =
      result.nats / std::numbers::ln2 / static_cast<double>(std::max<std::size_t>(bytes, 1));
  if (options.shared.json) {
    const nlohmann::ordered_json json = {
        {"backend", options.shared.backend}, {"protocol", work.protocol.name},
        {"tokens", work.tokens()},           {"window_tokens", work.protocol.window_tokens},
        {"windows", work.windows.size()},    {"scored_tokens", result.scored_tokens},
        {"perplexity", result.perplexity()}, {"standard_error", result.standard_error()},
        {"accuracy", result.accuracy()},     {"bits_per_byte", bits_per_byte}};
    fmt::print("{}\n", json.dump(2));
  } else if (!options.shared.quiet) {
    fmt::print(
        "{}: perplexity {:.4f} +/- {:.4f}, next token right {:.2f} %, {:.4f} bits a byte ({} "
        "tokens scored in windows of {}, {})\n",
        work.protocol.name, result.perplexity(), result.standard_error(), 100 * result.accuracy(),
        bits_per_byte, result.scored_tokens, work.protocol.window_tokens, options.shared.backend);
  }
}

int eval(const EvalOptions& options) {
  (void)options.shared.one_backend();
  const ModelWeights model = options.shared.load_model();
  const Tokenizer tokenizer =
      require_tokenizer(options.shared.model_source(), options.shared.tokenizer);
  const EvalWork work = eval_work(options, tokenizer, model);
  const Perplexity result = measure(options, model, work);
  print(options, work, result, scored_bytes(tokenizer, work));
  return kDone;
}

std::string protocol_help() {
  std::string help = "how the text is cut and scored:";
  for (const EvalProtocol& protocol : eval_protocols()) {
    help += fmt::format(" {} ({});", protocol.name, protocol.what);
  }
  help.back() = '.';
  return help;
}

}  // namespace

void add_eval(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "perplexity and next-token accuracy on a text");
  add_model_option(*command, options->shared);
  add_tokenizer_option(*command, options->shared);
  command->add_option("--text", options->text, "text file [the model's held-out text]");
  command->add_option("--protocol", options->protocol, protocol_help())->capture_default_str();
  command->add_option("--tokens", options->tokens, "tokens of the text to use; 0: all")
      ->check(kTokenCount)
      ->capture_default_str();
  command->add_option("--window", options->window, "tokens of a window [the protocol's]")
      ->check(kTokenCount);
  add_compute_options(*command, options->shared, "cpu");
  add_simulators_option(*command, options->shared);
  add_precision_options(*command, options->shared, "f32");
  add_seed_option(*command, options->shared);
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = eval(*options); });
}

}  // namespace sterna::host
