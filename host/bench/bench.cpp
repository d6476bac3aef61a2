// SPDX-License-Identifier: Apache-2.0
#include "host/bench/bench.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "host/bench/process.hpp"
#include "host/bench/subject.hpp"
#include "model/memory_check.hpp"

namespace sterna::host {
namespace {

/// Raw times of one subject.
struct Times {
  std::vector<TokenTime> decode;
  std::vector<double> prefill;  // of plan.prefill_tokens
  std::vector<TokenTime> at_context;
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
DecodeSpeed measure_one_thread(const ModelWeights& model, const BenchPlan& plan,
                               const BenchParts& parts, double bytes_a_token, Progress& progress) {
  progress.show("decode on one thread");
  Subject subject(model, plan, 1, parts);
  std::vector<TokenTime> times;
  subject.prefill(std::min(kCheckTokens, plan.decode_tokens));  // brings its memory in
  subject.decode(0, plan.decode_tokens, times);
  return decode_speed(times, bytes_a_token, subject.reading_bytes());
}

/// Tokens in the cache, on average, while `tokens` are appended to `context`.
double mean_context(std::size_t context, std::size_t tokens) {
  return static_cast<double>(context) + (static_cast<double>(tokens) - 1) / 2;
}

DecodeBench decode_bench(const ModelWeights& model, const BenchPlan& plan,
                         const std::vector<TokenTime>& times, std::size_t bytes_a_read,
                         double context, const std::optional<ScreenBench>& screen) {
  const ModelConfig& c = model.config;
  const TokenTraffic traffic =
      token_traffic(model, plan.kv, context, screen ? screen->rescored_share : 1.0);
  return {
      .tokens = plan.decode_tokens,
      .context = context,
      .speed = decode_speed(times, traffic.total(), bytes_a_read),
      .traffic = traffic,
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

BenchResult summarize(const ModelWeights& model, const BenchPlan& plan, Times times,
                      std::size_t bytes_a_read) {
  BenchResult result{};
  const std::size_t tokens = plan.decode_tokens;
  if (!times.decode.empty()) {
    result.decode = decode_bench(model, plan, times.decode, bytes_a_read, mean_context(0, tokens),
                                 times.screen);
  }
  if (!times.prefill.empty()) {
    result.prefill = prefill_bench(model.config, std::move(times.prefill), plan.prefill_tokens);
  }
  if (!times.at_context.empty()) {
    result.at_context =
        decode_bench(model, plan, times.at_context, bytes_a_read,
                     mean_context(plan.context_tokens - tokens, tokens), times.screen_at_context);
  }
  return result;
}

void hold_against(BenchLimits limits, BenchResult& result) {
  const auto decodes = {&result.decode, &result.at_context};
  for (const auto* decode : decodes) {
    if (!*decode) continue;
    limits.all = raised_by(limits.all, (*decode)->speed.reading);
    if ((*decode)->one_thread) {
      limits.one = raised_by(limits.one, (*decode)->one_thread->reading);
    }
  }
  if (limits.all.threads == 1) limits.one = limits.all;
  for (auto* decode : decodes) {
    if (!*decode) continue;
    (*decode)->fraction_of_limit =
        (*decode)->speed.tokens_per_s.median * (*decode)->traffic.total() / limits.all.dram_bytes_s;
  }
  if (result.prefill) {
    result.prefill->fraction_of_limit =
        result.prefill->tokens_per_s.median * result.prefill->macs_per_token / limits.all.macs_s;
  }
  result.limits = limits;
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

  BenchResult result = summarize(model, plan, std::move(times), subject.reading_bytes());
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

DecodeSpeed decode_speed(const std::vector<TokenTime>& times, double bytes_a_token,
                         std::size_t bytes_a_read) {
  const auto median = [&](const auto& of_token) {
    std::vector<double> values;
    values.reserve(times.size());
    for (const TokenTime& time : times) values.push_back(of_token(time));
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
  };
  std::vector<double> seconds;
  seconds.reserve(times.size());
  for (const TokenTime& time : times) seconds.push_back(time.seconds);
  DecodeSpeed speed{rate_with_quartiles(std::move(seconds)), std::nullopt};
  if (bytes_a_read == 0) return speed;
  const auto read = static_cast<double>(bytes_a_read);
  speed.reading = {.bytes = bytes_a_read,
                   .bytes_s = read / median([](const TokenTime& t) { return t.reading_seconds; }),
                   .share = median([&](const TokenTime& t) {
                     return t.reading_seconds * bytes_a_token / read / t.seconds;
                   })};
  return speed;
}

MachineLimits raised_by(MachineLimits limits, const std::optional<Reading>& reading) {
  if (reading && reading->bytes >= limits.threads * limits.dram_bytes) {
    limits.dram_bytes_s = std::max(limits.dram_bytes_s, reading->bytes_s);
  }
  return limits;
}

BenchResult run_bench(const ModelWeights& model, const BenchPlan& plan, const BenchParts& parts,
                      Progress& progress) {
  plan.validate(model.config);
  progress.show("limits of this machine");
  const BenchLimits before = parts.measure_limits();
  BenchResult result = bench_all_threads(model, plan, parts, progress);
  if (result.decode && plan.threads > 1) {
    result.decode->one_thread =
        measure_one_thread(model, plan, parts, result.decode->traffic.total(), progress);
  }
  progress.show("limits of this machine");
  hold_against(best_of(before, parts.measure_limits()), result);
  progress.clear();
  return result;
}

}  // namespace sterna::host
