// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "host/cli/options.hpp"
#include "host/generation.hpp"
#include "host/workload.hpp"
#include "model/formats/checkpoint.hpp"
#include "model/text/chat.hpp"

namespace sterna::host {
namespace {

struct GenerateOptions {
  SharedOptions shared;
  std::string prompt;
  bool has_prompt = false;
  bool chat = false;
  std::string chat_template = "auto";
  std::string system;
  std::size_t tokens = 64;
  SamplerConfig sampler{.temperature = 0.8F, .top_k = 40, .top_p = 0.95F, .seed = 0};
};

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

void check_options(const GenerateOptions& options) {
  if (!options.chat && !options.system.empty()) {
    throw std::invalid_argument("--system is a message of a chat: give --chat too");
  }
  if (!options.has_prompt && !options.chat) {
    throw std::invalid_argument("--prompt is required, the text to go on from");
  }
  if (!options.has_prompt && options.shared.json) {
    throw std::invalid_argument("--chat with --json answers one message: give it by --prompt");
  }
}

/// One command's model with all that runs it.
class Session {
 public:
  explicit Session(const GenerateOptions& options)
      : options_(options),
        kind_(parse_backend(options.shared.backend)),
        screens_(screens_tokens(options)),
        source_(options.shared.model_source()),
        model_(options.shared.load_model()),
        tokenizer_(require_tokenizer(source_, options.shared.tokenizer)) {
    if (options.chat) {
      chat_.emplace(find_chat_kind(options.chat_template, tokenizer_, model_.config), tokenizer_);
    }
  }

  /// Goes on from the prompt, or answers it.
  void answer_prompt();

  /// Answers the lines of standard input, one message each, until it ends or the context is full.
  void answer_lines();

 private:
  [[nodiscard]] Workload workload(std::vector<TokenId> prompt, std::size_t tokens) const;
  template <typename Use>
  void with_generation(const Workload& work, const Use& use);
  std::vector<TokenId> stream_tokens(Generation& generation, std::span<const TokenId> prompt,
                                     std::size_t limit, TextStream& stream) const;

  const GenerateOptions& options_;
  BackendKind kind_;
  bool screens_;
  std::string source_;
  ModelWeights model_;
  Tokenizer tokenizer_;
  std::optional<Chat> chat_;
};

Workload Session::workload(std::vector<TokenId> prompt, std::size_t tokens) const {
  SamplerConfig sampler = options_.sampler;
  sampler.seed = options_.shared.seed;
  Workload work{std::move(prompt), tokens, sampler, {}, 0};
  work.kv = parse_kv_format(options_.shared.kv);
  work.validate_prompt(model_.config);
  return work;
}

template <typename Use>
void Session::with_generation(const Workload& work, const Use& use) {
  Sampler sampler(work.sampler);
  const sim::HardwareConfig hardware = options_.shared.load_hardware();
  ThreadPool pool(options_.shared.thread_count());
  BackendStack backend(kind_, hardware, pool, options_.shared.isa);
  Transformer transformer(model_, backend.matmul(), pool, work.limits());
  Generation generation(transformer, sampler, screens_, end_tokens(model_.special, tokenizer_));
  use(transformer, generation);
  backend.finish();
}

std::vector<TokenId> Session::stream_tokens(Generation& generation, std::span<const TokenId> prompt,
                                            std::size_t limit, TextStream& stream) const {
  auto tokens = generation.run(prompt, limit, [&](TokenId token) {
    if (tokenizer_.has(token)) stream.push(tokenizer_.token_bytes(token));
  });
  stream.finish();
  return tokens;
}

void Session::answer_prompt() {
  const Workload work = workload(chat_ ? chat_->begin(options_.system, options_.prompt)
                                       : tokenizer_.encode(options_.prompt, AddSpecial::Yes),
                                 options_.tokens);
  TextStream stream(!options_.shared.json && !options_.shared.quiet);
  std::vector<TokenId> tokens;
  with_generation(work, [&](Transformer&, Generation& generation) {
    tokens = stream_tokens(generation, work.prompt, work.new_tokens, stream);
  });
  if (!options_.shared.json) return;
  const nlohmann::ordered_json json = {{"model", source_},
                                       {"backend", options_.shared.backend},
                                       {"seed", options_.shared.seed},
                                       {"prompt", options_.prompt},
                                       {"prompt_tokens", work.prompt},
                                       {"tokens", tokens},
                                       {"text", stream.text()}};
  fmt::print("{}\n", json.dump(2));
}

void Session::answer_lines() {
  const bool is_terminal = ::isatty(STDIN_FILENO) == 1;
  const std::size_t context = TransformerLimits::of(model_.config).context_tokens;
  const Workload work = workload({0}, context - 1);
  std::string line;
  const auto read_line = [&] {
    if (is_terminal) fmt::print(stderr, "> ");
    return static_cast<bool>(std::getline(std::cin, line));
  };
  with_generation(work, [&](Transformer& transformer, Generation& generation) {
    while (read_line()) {
      std::vector<TokenId> prompt(generation.pending().begin(), generation.pending().end());
      const bool is_first = transformer.position() == 0;
      const auto turn = is_first ? chat_->begin(options_.system, line) : chat_->next(line);
      prompt.insert(prompt.end(), turn.begin(), turn.end());
      require_in_vocabulary(prompt, model_.config);
      if (transformer.position() + prompt.size() + options_.tokens > context) {
        throw std::invalid_argument(fmt::format(
            "the chat has filled the context of {} tokens: start another one", context));
      }
      TextStream stream(!options_.shared.quiet);
      (void)stream_tokens(generation, prompt, options_.tokens, stream);
    }
  });
}

int generate(const GenerateOptions& options) {
  check_options(options);
  Session session(options);
  if (options.has_prompt) {
    session.answer_prompt();
  } else {
    session.answer_lines();
  }
  return kDone;
}

}  // namespace

void add_generate(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand("generate", "text from a prompt, as it comes");
  add_model_option(*command, options->shared);
  add_tokenizer_option(*command, options->shared);
  CLI::Option* prompt =
      command->add_option("--prompt", options->prompt, "the text to go on from, or to answer");
  command->add_flag("--chat", options->chat,
                    "answer the prompt as a message of a chat; without --prompt, each line of "
                    "standard input");
  command
      ->add_option("--chat-template", options->chat_template,
                   "auto (what the model was made with), bitnet (2B4T), llama3 or chatml")
      ->capture_default_str();
  command->add_option("--system", options->system, "the system's message of a chat");
  command->add_option("--tokens", options->tokens, "most tokens to generate")
      ->check(kTokenCount)
      ->capture_default_str();
  add_sampler_options(*command, options->sampler);
  add_compute_options(*command, options->shared, "cpu");
  add_precision_options(*command, options->shared, "int8");
  add_seed_option(*command, options->shared);
  add_output_options(*command, options->shared);
  command->callback([options, prompt, &exit_code] {
    options->has_prompt = prompt->count() > 0;
    exit_code = generate(*options);
  });
}

}  // namespace sterna::host
