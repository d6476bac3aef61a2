// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/cli/options.hpp"
#include "host/workload.hpp"
#include "model/formats/checkpoint.hpp"
#include "model/sampler.hpp"
#include "model/text/tokenizer.hpp"
#include "model/text/utf8.hpp"
#include "model/transformer.hpp"

namespace sterna::host {
namespace {

struct GenerateOptions {
  SharedOptions shared;
  std::string prompt;
  std::size_t tokens = 64;
  SamplerConfig sampler{.temperature = 0.8F, .top_k = 40, .top_p = 0.95F, .seed = 0};
};

/// Prints text as soon as it is whole characters.
class Stream {
 public:
  explicit Stream(bool print) : print_(print) {}

  void push(std::string_view bytes) { put(utf8_.push(bytes)); }
  void finish() {
    put(utf8_.finish());
    if (print_) fmt::print("\n");
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void put(const std::string& text) {
    text_ += text;
    if (!print_) return;
    fmt::print("{}", text);
    std::fflush(stdout);
  }

  bool print_;
  Utf8Stream utf8_;
  std::string text_;
};

/// Draws the tokens that follow, from all logits or, where the head can, from the most likely ones.
class NextToken {
 public:
  NextToken(Transformer& transformer, Sampler& sampler, bool by_candidates)
      : transformer_(transformer),
        sampler_(sampler),
        count_(by_candidates ? sampler.candidates(transformer.config().vocab) : 0),
        logits_(count_ == 0 ? transformer.config().vocab : 0) {}

  /// Appends `tokens` to the context and draws the next.
  TokenId after(std::span<const TokenId> tokens) {
    if (count_ == 0) {
      transformer_.forward(tokens, Logits::Last, logits_);
      return sampler_.next(logits_);
    }
    transformer_.forward_top(tokens, count_, candidates_);
    return sampler_.next_of(candidates_);
  }

 private:
  Transformer& transformer_;
  Sampler& sampler_;
  std::size_t count_;  // of the most likely tokens that a draw looks at; 0: all
  std::vector<float> logits_;
  std::vector<Candidate> candidates_;
};

/// Generates until an end token or `limit` tokens; what it generated.
std::vector<TokenId> generate_tokens(NextToken& next, std::span<const TokenId> prompt,
                                     std::size_t limit, const std::vector<TokenId>& end,
                                     const std::function<void(TokenId)>& emit) {
  std::vector<TokenId> generated;
  std::span<const TokenId> context = prompt;
  while (generated.size() < limit) {
    const TokenId token = next.after(context);
    if (std::find(end.begin(), end.end(), token) != end.end()) break;
    generated.push_back(token);
    emit(token);
    context = {&generated.back(), 1};
  }
  return generated;
}

Workload workload(const GenerateOptions& options, const Tokenizer& tokenizer,
                  const ModelConfig& config) {
  SamplerConfig sampler = options.sampler;
  sampler.seed = options.shared.seed;
  Workload work{tokenizer.encode(options.prompt, AddSpecial::Yes), options.tokens, sampler, {}, 0};
  work.kv = parse_kv_format(options.shared.kv);
  work.validate_prompt(config);
  return work;
}

/// Whether the head looks for the most likely tokens only.
/// Errors  std::invalid_argument where it should and the sampler draws from all
bool screens_tokens(const GenerateOptions& options) {
  if (parse_head_form(options.shared.head) != HeadForm::Int6) return false;
  if (options.sampler.temperature != 0.0F && options.sampler.top_k == 0) {
    throw std::invalid_argument(
        "--head int6 with --top-k 0: it finds the most likely tokens only, so give --top-k 1 or "
        "more, --temperature 0, or --head int8");
  }
  return true;
}

int generate(const GenerateOptions& options) {
  const BackendKind kind = parse_backend(options.shared.backend);
  const bool screens = screens_tokens(options);
  const std::string source = options.shared.model_source();
  const ModelWeights model = options.shared.load_model();
  const Tokenizer tokenizer = require_tokenizer(source);
  const Workload work = workload(options, tokenizer, model.config);
  Sampler sampler(work.sampler);
  const sim::HardwareConfig hardware = options.shared.load_hardware();

  ThreadPool pool(options.shared.thread_count());
  BackendStack backend(kind, hardware, pool, options.shared.isa);
  Transformer transformer(model, backend.matmul(), pool, work.limits());
  NextToken next(transformer, sampler, screens);
  Stream stream(!options.shared.json && !options.shared.quiet);
  const auto tokens =
      generate_tokens(next, work.prompt, work.new_tokens, model.special.end,
                      [&](TokenId token) { stream.push(tokenizer.token_bytes(token)); });
  stream.finish();
  if (options.shared.json) {
    const nlohmann::ordered_json json = {{"model", source},
                                         {"backend", options.shared.backend},
                                         {"seed", options.shared.seed},
                                         {"prompt", options.prompt},
                                         {"prompt_tokens", work.prompt},
                                         {"tokens", tokens},
                                         {"text", stream.text()}};
    fmt::print("{}\n", json.dump(2));
  }
  return kDone;
}

}  // namespace

void add_generate(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand("generate", "text from a prompt, as it comes");
  add_model_option(*command, options->shared);
  command->add_option("--prompt", options->prompt, "the text to go on from")->required();
  command->add_option("--tokens", options->tokens, "most tokens to generate")
      ->check(kTokenCount)
      ->capture_default_str();
  add_sampler_options(*command, options->sampler);
  add_compute_options(*command, options->shared, "cpu");
  add_precision_options(*command, options->shared, "int8");
  add_seed_option(*command, options->shared);
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = generate(*options); });
}

}  // namespace sterna::host
