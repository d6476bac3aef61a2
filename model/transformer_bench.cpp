// SPDX-License-Identifier: Apache-2.0

// Decode and prefill of a whole transformer on this CPU, float part included. Reports tokens/s, and
// ternary MAC/s to hold against kernels_bench: the difference is the float part.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "kernels/cpu_backend.hpp"
#include "kernels/thread_pool.hpp"
#include "model/synthetic.hpp"
#include "model/transformer.hpp"

namespace sterna {
namespace {

constexpr std::size_t kPrompt = 64;  // tokens in the context before a decode is timed

std::vector<TokenId> some_tokens(std::size_t count, std::uint32_t vocab) {
  std::vector<TokenId> tokens(count);
  for (std::size_t i = 0; i < count; ++i) tokens[i] = static_cast<TokenId>(i * 7919 % vocab);
  return tokens;
}

// A model with its backend, checked: a fast wrong transformer is worth nothing.
class Subject {
 public:
  Subject(std::string_view shape, unsigned threads)
      : weights_(make_synthetic(named_shape(shape), 1)),
        pool_(threads),
        backend_(pool_),
        model_(weights_, backend_, pool_,
               {.context_tokens = 1024, .batch_tokens = 128, .kv = KvFormat::Int8}),
        logits_(weights_.config.vocab) {}

  Transformer& model() { return model_; }
  [[nodiscard]] std::vector<float>& logits() { return logits_; }

  bool gives_equal_bits_either_way() {
    const std::vector<TokenId> tokens = some_tokens(5, model_.config().vocab);
    model_.reset();
    model_.forward(tokens, Logits::Last, logits_);
    const std::vector<float> together = logits_;
    model_.reset();
    for (const TokenId token : tokens) model_.forward({&token, 1}, Logits::Last, logits_);
    return logits_ == together;
  }

 private:
  ModelWeights weights_;
  ThreadPool pool_;
  CpuBackend backend_;
  Transformer model_;
  std::vector<float> logits_;
};

void report(benchmark::State& state, const ModelConfig& config, std::size_t tokens_an_iteration) {
  using benchmark::Counter;
  const double tokens =
      static_cast<double>(tokens_an_iteration) * static_cast<double>(state.iterations());
  state.counters["tokens/s"] = Counter(tokens, Counter::kIsRate);
  state.counters["ternary_macs/s"] =
      Counter(tokens * static_cast<double>(config.ternary_weights()), Counter::kIsRate);
}

void decode(benchmark::State& state, const std::string& shape) {
  Subject subject(shape, static_cast<unsigned>(state.range(0)));
  if (!subject.gives_equal_bits_either_way()) return state.SkipWithError("bits differ");
  Transformer& model = subject.model();
  const std::vector<TokenId> prompt = some_tokens(kPrompt, model.config().vocab);
  const TokenId token = 1;
  model.reset();
  model.forward(prompt, Logits::Last, subject.logits());
  for (auto _ : state) {
    if (model.position() == 2 * kPrompt) {
      state.PauseTiming();
      model.reset();
      model.forward(prompt, Logits::Last, subject.logits());
      state.ResumeTiming();
    }
    model.forward({&token, 1}, Logits::Last, subject.logits());
    benchmark::DoNotOptimize(subject.logits().data());
  }
  report(state, model.config(), 1);
}

void prefill(benchmark::State& state, const std::string& shape) {
  Subject subject(shape, static_cast<unsigned>(state.range(0)));
  if (!subject.gives_equal_bits_either_way()) return state.SkipWithError("bits differ");
  Transformer& model = subject.model();
  const std::vector<TokenId> prompt =
      some_tokens(static_cast<std::size_t>(state.range(1)), model.config().vocab);
  for (auto _ : state) {
    model.reset();
    model.forward(prompt, Logits::Last, subject.logits());
    benchmark::DoNotOptimize(subject.logits().data());
  }
  report(state, model.config(), prompt.size());
}

// The logits of all positions: what an evaluation of perplexity needs.
void evaluate(benchmark::State& state, const std::string& shape) {
  Subject subject(shape, static_cast<unsigned>(state.range(0)));
  if (!subject.gives_equal_bits_either_way()) return state.SkipWithError("bits differ");
  Transformer& model = subject.model();
  const std::vector<TokenId> text =
      some_tokens(static_cast<std::size_t>(state.range(1)), model.config().vocab);
  std::vector<float> logits(text.size() * model.config().vocab);
  for (auto _ : state) {
    model.reset();
    model.forward(text, Logits::All, logits);
    benchmark::DoNotOptimize(logits.data());
  }
  report(state, model.config(), text.size());
}

// One thread is timed by its own clock, which other work on the machine disturbs little.
BENCHMARK_CAPTURE(decode, 5m, "5m")->ArgName("threads")->Arg(1);
BENCHMARK_CAPTURE(decode, 5m, "5m")->ArgName("threads")->Arg(2)->UseRealTime();
BENCHMARK_CAPTURE(prefill, 5m, "5m")
    ->ArgNames({"threads", "tokens"})
    ->Args({1, 16})
    ->Args({1, 256});
BENCHMARK_CAPTURE(prefill, 5m, "5m")
    ->ArgNames({"threads", "tokens"})
    ->Args({2, 256})
    ->UseRealTime();
BENCHMARK_CAPTURE(evaluate, 5m, "5m")->ArgNames({"threads", "tokens"})->Args({1, 256});
// 2 billion weights, 0.85 GB with the int8 head: no longer in any cache.
BENCHMARK_CAPTURE(decode, 2b4t, "2b4t")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(prefill, 2b4t, "2b4t")
    ->ArgNames({"threads", "tokens"})
    ->Args({2, 128})
    ->Args({2, 512})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
// 700 million weights, 0.2 GB packed: no longer in any cache.
BENCHMARK_CAPTURE(decode, 700m, "700m")->ArgName("threads")->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sterna
