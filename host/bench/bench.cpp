// SPDX-License-Identifier: Apache-2.0
#include "host/bench/bench.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "host/bench/check.hpp"
#include "host/bench/process.hpp"
#include "host/workload.hpp"
#include "model/memory_check.hpp"
#include "model/transformer.hpp"

namespace sterna::host {
namespace {

// Enough for a tile of tokens and a remainder, so that both paths of a kernel are checked.
constexpr std::size_t kCheckTokens = 11;

// Tokens that a head in two planes finds: as many as `sterna generate` draws from unless told otherwise.
constexpr std::size_t kCandidates = 40;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return std::ranges::equal(std::as_bytes(std::span(a)), std::as_bytes(std::span(b)));
}

/// A transformer with its own threads, whose products can be checked.
class Subject {
 public:
  Subject(const ModelWeights& model, const BenchPlan& plan, unsigned threads,
          const BenchParts& parts)
      : tokens_(random_tokens(plan.cache_tokens(), model.config.vocab, plan.seed)),
        pool_(threads),
        backend_(parts.make_backend(pool_)),
        check_(*backend_),
        model_(model, check_, pool_, limits(model.config, plan)),
        screens_(std::holds_alternative<PlanedInt8>(model.head().values)) {
    if (!screens_) next_.logits.resize(model.config.vocab);
  }

  /// Compares sums with plain loops and a prefill with a decode; returns how many sums.
  std::uint64_t require_right_results() {
    const std::size_t count = std::min(kCheckTokens, tokens_.size());
    check_.set_on(true);
    prefill(count);
    const Next together = next_;
    model_.reset();
    for (std::size_t i = 0; i < count; ++i) append({&tokens_[i], 1});
    check_.set_on(false);
    if (check_.failure()) throw BenchCheckFailed(*check_.failure());
    if (!same_bits(together.logits, next_.logits) ||
        !same_bits(together.candidates, next_.candidates)) {
      throw BenchCheckFailed(fmt::format(
          "the logits of {} tokens together differ from those of the same tokens one by one",
          count));
    }
    if (screens_) require_right_candidates(count);
    return check_.compared_sums();
  }

  /// Seconds of the first `count` tokens together from an empty cache.
  double prefill(std::size_t count) {
    model_.reset();
    return seconds_of([&] { append(std::span(tokens_).first(count)); });
  }

  /// What the head has read since the last call; nothing where it is not in two planes.
  std::optional<ScreenBench> take_screen() {
    if (!screens_) return std::nullopt;
    const RescoredRows now = model_.rescored();
    const RescoredRows since{now.of - rescored_.of, now.rescored - rescored_.rescored};
    rescored_ = now;
    return ScreenBench{std::min(kCandidates, next_.candidates.size()), since.share()};
  }

  /// Appends the seconds of each of `count` tokens after `context` others.
  void decode(std::size_t context, std::size_t count, std::vector<double>& seconds) {
    if (context > 0) {
      prefill(context);
    } else {
      model_.reset();
    }
    for (std::size_t i = 0; i < count; ++i) {
      seconds.push_back(seconds_of([&] { append({&tokens_[context + i], 1}); }));
    }
  }

 private:
  static TransformerLimits limits(const ModelConfig& config, const BenchPlan& plan) {
    return {.context_tokens = plan.cache_tokens(),
            .batch_tokens = TransformerLimits::of(config).batch_tokens,
            .kv = plan.kv};
  }

  /// What the head gives for the next token: all logits, or the most likely ones.
  struct Next {
    std::vector<float> logits;
    std::vector<Candidate> candidates;
  };

  void append(std::span<const TokenId> tokens) {
    if (screens_) {
      model_.forward_top(tokens, kCandidates, next_.candidates);
    } else {
      model_.forward(tokens, Logits::Last, next_.logits);
    }
  }

  /// Compares next_, which follows the first `count` tokens, with the logits of all eight bits.
  void require_right_candidates(std::size_t count) {
    std::vector<float> logits(model_.config().vocab);
    model_.reset();
    model_.forward(std::span(tokens_).first(count), Logits::Last, logits);
    std::vector<Candidate> sorted(logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      sorted[i] = {static_cast<TokenId>(i), logits[i]};
    }
    std::ranges::sort(sorted, more_likely);
    sorted.resize(next_.candidates.size());
    if (!same_bits(sorted, next_.candidates)) {
      throw BenchCheckFailed(
          fmt::format("the {} most likely tokens found by six bits a weight differ from those by "
                      "all eight",
                      sorted.size()));
    }
  }

  std::vector<TokenId> tokens_;
  ThreadPool pool_;
  std::unique_ptr<MatmulBackend> backend_;
  SampleCheck check_;
  Transformer model_;
  bool screens_;  // the head is in two planes
  Next next_;
  RescoredRows rescored_{0, 0};  // until take_screen()
};

/// Raw times of one subject.
struct Times {
  std::vector<double> decode;      // of a token
  std::vector<double> prefill;     // of plan.prefill_tokens
  std::vector<double> at_context;  // of a token
  std::optional<ScreenBench> screen;
  std::optional<ScreenBench> screen_at_context;
};

/// Phases take turns, so that a slow minute of the machine meets all of them.
Times measure(Subject& subject, const BenchPlan& plan, Progress& progress) {
  Times times;
  for (unsigned i = 0; i < plan.repeats; ++i) {
    if (plan.decode_tokens > 0) {
      progress.show(fmt::format("decode {}/{}", i + 1, plan.repeats));
      subject.decode(0, plan.decode_tokens, times.decode);
    }
    if (plan.prefill_tokens > 0) {
      progress.show(fmt::format("prefill {}/{}", i + 1, plan.repeats));
      times.prefill.push_back(subject.prefill(plan.prefill_tokens));
    }
  }
  times.screen = subject.take_screen();
  if (plan.context_tokens > 0) {
    progress.show(fmt::format("decode at {} tokens of context", plan.context_tokens));
    subject.decode(plan.context_tokens - plan.decode_tokens, plan.decode_tokens, times.at_context);
    times.screen_at_context = subject.take_screen();
  }
  return times;
}

/// Decode on one thread, after the subject with all threads has gone and its memory with it.
std::vector<double> measure_one_thread(const ModelWeights& model, const BenchPlan& plan,
                                       const BenchParts& parts, Progress& progress) {
  progress.show("decode on one thread");
  Subject subject(model, plan, 1, parts);
  std::vector<double> seconds;
  subject.prefill(std::min(kCheckTokens, plan.decode_tokens));  // brings its memory in
  subject.decode(0, plan.decode_tokens, seconds);
  return seconds;
}

/// Tokens in the cache, on average, while `tokens` are appended to `context`.
double mean_context(std::size_t context, std::size_t tokens) {
  return static_cast<double>(context) + (static_cast<double>(tokens) - 1) / 2;
}

DecodeBench decode_bench(const ModelWeights& model, const BenchPlan& plan,
                         std::vector<double> seconds, double context,
                         const std::optional<ScreenBench>& screen) {
  const ModelConfig& c = model.config;
  return {
      .tokens = plan.decode_tokens,
      .context = context,
      .tokens_per_s = rate_with_quartiles(std::move(seconds)),
      .traffic = token_traffic(model, plan.kv, context, screen ? screen->rescored_share : 1.0),
      .macs_per_token = static_cast<double>(c.ternary_weights()) + double{1} * c.vocab * c.hidden,
      .fraction_of_limit = 0.0,
      .one_thread = std::nullopt,
      .screen = screen};
}

PrefillBench prefill_bench(const ModelConfig& config, std::vector<double> seconds,
                           std::size_t tokens) {
  return {.tokens = tokens,
          .tokens_per_s = rate_with_range(std::move(seconds), tokens),
          .macs_per_token = static_cast<double>(config.ternary_weights()),
          .fraction_of_limit = 0.0};
}

BenchResult summarize(const ModelWeights& model, const BenchPlan& plan, Times times) {
  BenchResult result{};
  const std::size_t tokens = plan.decode_tokens;
  if (!times.decode.empty()) {
    result.decode =
        decode_bench(model, plan, std::move(times.decode), mean_context(0, tokens), times.screen);
  }
  if (!times.prefill.empty()) {
    result.prefill = prefill_bench(model.config, std::move(times.prefill), plan.prefill_tokens);
  }
  if (!times.at_context.empty()) {
    result.at_context =
        decode_bench(model, plan, std::move(times.at_context),
                     mean_context(plan.context_tokens - tokens, tokens), times.screen_at_context);
  }
  return result;
}

void hold_against(const BenchLimits& limits, BenchResult& result) {
  result.limits = limits;
  for (auto* decode : {&result.decode, &result.at_context}) {
    if (*decode) {
      (*decode)->fraction_of_limit =
          (*decode)->tokens_per_s.median * (*decode)->traffic.total() / limits.all.dram_bytes_s;
    }
  }
  if (result.prefill) {
    result.prefill->fraction_of_limit =
        result.prefill->tokens_per_s.median * result.prefill->macs_per_token / limits.all.macs_s;
  }
}

/// The work on all threads: checks, times, and what the process looked like meanwhile.
BenchResult bench_all_threads(const ModelWeights& model, const BenchPlan& plan,
                              const BenchParts& parts, Progress& progress) {
  progress.show("checking sums");
  Subject subject(model, plan, plan.threads, parts);
  const std::uint64_t compared_sums = subject.require_right_results();
  const CpuTimes before = CpuTimes::now();
  Times times = measure(subject, plan, progress);
  const CpuTimes after = CpuTimes::now();

  BenchResult result = summarize(model, plan, std::move(times));
  result.compared_sums = compared_sums;
  result.foreign_cpu_share = foreign_cpu_share(before, after);
  result.peak_rss_bytes = peak_rss_bytes();
  const AnonymousMemory memory = anonymous_memory();
  result.huge_page_share = static_cast<double>(memory.huge_bytes) /
                           static_cast<double>(std::max<std::size_t>(memory.bytes, 1));
  return result;
}

}  // namespace

std::size_t BenchPlan::cache_tokens() const {
  return std::max({prefill_tokens, decode_tokens, context_tokens});
}

void BenchPlan::validate(const ModelConfig& config) const {
  if (prefill_tokens == 0 && decode_tokens == 0) {
    throw std::invalid_argument(
        "--pp 0 and --tg 0 leave nothing to measure: give one of them at least 1");
  }
  if (context_tokens > 0 && (decode_tokens == 0 || context_tokens <= decode_tokens)) {
    throw std::invalid_argument(
        fmt::format("--context {} with --tg {}: the tokens decoded are the last of the context, so "
                    "give --tg at "
                    "least 1 and --context more than that",
                    context_tokens, decode_tokens));
  }
  for (const auto& [option, tokens] : {std::pair{"--pp", prefill_tokens},
                                       {"--tg", decode_tokens},
                                       {"--context", context_tokens}}) {
    if (tokens > config.max_tokens) {
      throw std::invalid_argument(
          fmt::format("{} {}: the model was made for {} tokens of context; give at most that",
                      option, tokens, config.max_tokens));
    }
  }
  require_memory(needed_bytes(config, kv, cache_tokens()),
                 fmt::format("a model of this shape with {} tokens of context", cache_tokens()),
                 "choose a smaller one");
}

double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - static_cast<double>(below));
}

TokenRate rate_with_quartiles(std::vector<double> seconds_a_token) {
  std::sort(seconds_a_token.begin(), seconds_a_token.end());
  return {.median = 1 / quantile(seconds_a_token, 0.5),
          .low = 1 / quantile(seconds_a_token, 0.75),
          .high = 1 / quantile(seconds_a_token, 0.25)};
}

TokenRate rate_with_range(std::vector<double> seconds, std::size_t tokens) {
  std::sort(seconds.begin(), seconds.end());
  const auto n = static_cast<double>(tokens);
  return {.median = n / quantile(seconds, 0.5), .low = n / seconds.back(), .high = n / seconds[0]};
}

BenchResult run_bench(const ModelWeights& model, const BenchPlan& plan, const BenchParts& parts,
                      Progress& progress) {
  plan.validate(model.config);
  progress.show("limits of this machine");
  const BenchLimits before = parts.measure_limits();
  BenchResult result = bench_all_threads(model, plan, parts, progress);
  if (result.decode && plan.threads > 1) {
    result.decode->one_thread =
        rate_with_quartiles(measure_one_thread(model, plan, parts, progress));
  }
  progress.show("limits of this machine");
  hold_against(best_of(before, parts.measure_limits()), result);
  progress.clear();
  return result;
}

}  // namespace sterna::host
