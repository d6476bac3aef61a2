// SPDX-License-Identifier: Apache-2.0
#include "host/bench/host_bench.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

#include <fmt/format.h>

#include "host/bench/bench.hpp"
#include "host/bench/process.hpp"
#include "host/host_time.hpp"
#include "host/whole_model.hpp"
#include "host/workload.hpp"
#include "model/transformer.hpp"

namespace sterna::host {
namespace {

constexpr KvFormat kKv = KvFormat::Int8;
constexpr std::size_t kPasses = 9;  // of one token each, under one head

/// Transformers on a unit of zeros, and the passes that are timed.
class Subject {
 public:
  Subject(const ModelWeights& model, const HostBenchPlan& plan, const sim::HardwareConfig& hardware)
      : weights_(model),
        plan_(plan),
        clock_(plan.clock()),
        tokens_(random_tokens(std::max(plan.prompt_tokens, plan.context_tokens + plan.repeats),
                              model.config.vocab, plan.seed)),
        pool_(plan.threads),
        unit_(hardware, clock_),
        one_by_one_(model, unit_, pool_, {kPasses, 1, kKv}),
        together_(model, unit_, pool_, {plan.prompt_tokens, plan.prompt_tokens, kKv}),
        far_(model, unit_, pool_,
             {plan.context_tokens + plan.repeats, TransformerLimits::kBatchTokens, kKv}),
        logits_(plan.rows * model.config.vocab) {
    far_.forward(std::span(tokens_).first(plan.context_tokens), Logits::Last,
                 std::span(logits_).first(model.config.vocab));
  }

  HostSample step() { return time(reset(one_by_one_), 1, Logits::Last, 1); }
  HostSample steps() { return time(reset(one_by_one_), kPasses, Logits::Last, kPasses); }
  HostSample rows(std::size_t count, Logits logits) {
    return time(reset(together_), count, logits, 1);
  }
  HostSample prompt(std::size_t tokens) { return time(reset(together_), tokens, Logits::Last, 1); }
  HostSample far_step() { return time(far_, 1, Logits::Last, 1); }

 private:
  static Transformer& reset(Transformer& model) {
    model.reset();
    return model;
  }

  // The next `tokens` tokens of `model` in `passes` passes.
  HostSample time(Transformer& model, std::size_t tokens, Logits logits, std::size_t passes) {
    const std::size_t first = model.position();
    const std::size_t heads = logits == Logits::All ? tokens : 1;
    const auto out = std::span(logits_).first(heads * model.config().vocab);
    const UnitOfZeros::Asked before = unit_.asked();
    const double device_before = unit_.device_seconds();
    const double start = clock_();
    model.forward(std::span(tokens_).subspan(first, tokens), logits, out);
    const double seconds = clock_() - start - (unit_.device_seconds() - device_before);
    HostSample sample{
        .work = {}, .jobs = passes * jobs_of_pass(model.config()), .seconds = seconds};
    for (std::size_t p = 0; p < passes; ++p) {
      const std::size_t part = tokens / passes;
      sample.work +=
          count_host_work(weights_, kKv, first + p * part, part, p + 1 == passes ? heads : 0);
    }
    require_asked(sample, before);
    return sample;
  }

  // The driver sees every quantised and every rescaled element, so those can be counted twice.
  void require_asked(const HostSample& sample, const UnitOfZeros::Asked& before) const {
    const UnitOfZeros::Asked& now = unit_.asked();
    for (const auto& [what, asked, counted] :
         {std::tuple{"jobs", now.jobs - before.jobs, sample.jobs},
          {"activations", now.activations - before.activations, sample.work.quantized_elements},
          {"sums", now.sums - before.sums, sample.work.rescaled_elements}}) {
      if (asked != counted) {
        throw BenchCheckFailed(fmt::format("the transformer asked for {} {}, but {} were counted",
                                           asked, what, counted));
      }
    }
  }

  const ModelWeights& weights_;
  const HostBenchPlan& plan_;
  HostClock clock_;
  std::vector<TokenId> tokens_;
  ThreadPool pool_;
  UnitOfZeros unit_;
  Transformer one_by_one_;
  Transformer together_;
  Transformer far_;
  std::vector<float> logits_;
};

/// A pass that is held against the rates.
struct CheckPass {
  std::string name;
  std::function<HostSample()> run;
  HostSample last{};
  std::vector<double> seconds{};
};

std::vector<CheckPass> check_passes(Subject& subject, const HostBenchPlan& plan) {
  const std::size_t rows = plan.rows / 2;
  const std::size_t prompt = plan.prompt_tokens / 4;
  return {{.name = fmt::format("{} tokens with logits each", rows),
           .run = [&subject, rows] { return subject.rows(rows, Logits::All); }},
          {.name = fmt::format("prompt of {} tokens", prompt),
           .run = [&subject, prompt] { return subject.prompt(prompt); }}};
}

/// Six passes, of which each adds one kind of work to another.
HostCosts measure_once(Subject& subject, const HostBenchPlan& plan) {
  const std::array<HostSample, kHostCosts> samples = {subject.step(),
                                                      subject.steps(),
                                                      subject.rows(plan.rows, Logits::Last),
                                                      subject.rows(plan.rows, Logits::All),
                                                      subject.prompt(plan.prompt_tokens),
                                                      subject.far_step()};
  return solve_costs(samples);
}

}  // namespace

HostBenchPlan HostBenchPlan::of(const ModelConfig& config, unsigned threads, unsigned repeats,
                                std::uint64_t seed) {
  constexpr std::size_t kRows = 16;  // the largest batch that reports show
  constexpr std::size_t kPrompt = 512;
  constexpr std::size_t kContext = 2048;  // the middle of 0 to 4096
  const std::size_t most = config.max_tokens;
  return {.threads = threads,
          .repeats = repeats,
          .rows = std::min(kRows, most / 4),
          .prompt_tokens = std::min(kPrompt, most),
          .context_tokens = std::min(kContext, most - std::min<std::size_t>(repeats, most / 2)),
          .seed = seed};
}

std::string HostBenchPlan::clock_name() const {
  return threads == 1 ? "processor time" : "wall time";
}

HostClock HostBenchPlan::clock() const {
  return threads == 1 ? HostClock(thread_cpu_seconds) : HostClock(wall_seconds);
}

HostBench run_host_bench(const ModelWeights& model, const HostBenchPlan& plan,
                         const sim::HardwareConfig& hardware, Progress& progress) {
  progress.show(fmt::format("a context of {} tokens", plan.context_tokens));
  Subject subject(model, plan, hardware);
  std::vector<CheckPass> checks = check_passes(subject, plan);
  std::vector<HostCosts> costs;
  const CpuTimes before = CpuTimes::now();
  for (unsigned i = 0; i < plan.repeats; ++i) {
    progress.show("passes", i, plan.repeats);
    costs.push_back(measure_once(subject, plan));
    for (CheckPass& check : checks) {
      check.last = check.run();
      check.seconds.push_back(check.last.seconds);
    }
  }
  progress.clear();
  const auto rates = [&](double share) { return rates_of(quantile(costs, share), "measured", ""); };
  HostBench bench{.host = rates(0.5),
                  .slow = rates(0.75),
                  .fast = rates(0.25),
                  .checks = {},
                  .foreign_cpu_share = foreign_cpu_share(before, CpuTimes::now())};
  for (CheckPass& check : checks) {
    std::ranges::sort(check.seconds);
    bench.checks.push_back(
        {.pass = check.name,
         .measured_s = quantile(check.seconds, 0.5),
         .model_s = host_time(check.last.work, check.last.jobs, bench.host).total_s()});
  }
  return bench;
}

}  // namespace sterna::host
