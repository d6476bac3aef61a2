// SPDX-License-Identifier: Apache-2.0
#include "host/bench/subject.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "host/bench/stopwatch.hpp"
#include "host/workload.hpp"

namespace sterna::host {
namespace {

// Tokens that a head in two planes finds: as many as `sterna generate` draws from unless told otherwise.
constexpr std::size_t kCandidates = 40;

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return std::ranges::equal(std::as_bytes(std::span(a)), std::as_bytes(std::span(b)));
}

TransformerLimits limits(const ModelConfig& config, const BenchPlan& plan) {
  return {.context_tokens = plan.cache_tokens(),
          .batch_tokens = TransformerLimits::of(config).batch_tokens,
          .kv = plan.kv};
}

}  // namespace

Subject::Subject(const ModelWeights& model, const BenchPlan& plan, unsigned threads,
                 const BenchParts& parts)
    : tokens_(random_tokens(plan.cache_tokens(), model.config.vocab, plan.seed)),
      pool_(threads),
      backend_(parts.make_backend(pool_)),
      check_(*backend_),
      model_(model, check_, pool_, limits(model.config, plan)),
      reader_(model, pool_),
      screens_(std::holds_alternative<PlanedInt8>(model.head().values)) {
  if (!screens_) next_.logits.resize(model.config.vocab);
}

std::uint64_t Subject::require_right_results() {
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
        "the logits of {} tokens together differ from those of the same tokens one by one", count));
  }
  if (screens_) require_right_candidates(count);
  return check_.compared_sums();
}

double Subject::prefill(std::size_t count) {
  model_.reset();
  return seconds_of([&] { append(std::span(tokens_).first(count)); });
}

std::optional<ScreenBench> Subject::take_screen() {
  if (!screens_) return std::nullopt;
  const RescoredRows now = model_.rescored();
  const RescoredRows since{now.of - rescored_.of, now.rescored - rescored_.rescored};
  rescored_ = now;
  return ScreenBench{std::min(kCandidates, next_.candidates.size()), since.share()};
}

void Subject::decode(std::size_t context, std::size_t count, std::vector<TokenTime>& times) {
  if (context > 0) {
    prefill(context);
  } else {
    model_.reset();
  }
  double before = reader_.seconds();
  for (std::size_t i = 0; i < count; ++i) {
    const double token = seconds_of([&] { append({&tokens_[context + i], 1}); });
    const double after = reader_.seconds();
    times.push_back({.seconds = token, .reading_seconds = (before + after) / 2});
    before = after;
  }
}

void Subject::append(std::span<const TokenId> tokens) {
  if (screens_) {
    model_.forward_top(tokens, kCandidates, next_.candidates);
  } else {
    model_.forward(tokens, Logits::Last, next_.logits);
  }
}

// Compares next_, which follows the first `count` tokens, with the logits of all eight bits.
void Subject::require_right_candidates(std::size_t count) {
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

}  // namespace sterna::host
