// SPDX-License-Identifier: Apache-2.0
#include "host/backend_run.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

#include <fmt/format.h>

#include "host/sha256.hpp"
#include "model/transformer.hpp"

namespace sterna::host {
namespace {

using Clock = std::chrono::steady_clock;

/// One backend at its work; the methods are its phases.
class Runner {
 public:
  Runner(BackendKind kind, const Workload& work, const RunSetup& setup)
      : kind_(kind),
        work_(work),
        setup_(setup),
        pool_(kind == BackendKind::Cpu ? setup.threads : 1),
        stack_(kind, setup.hardware, pool_, setup.isa),
        reference_(pool_, setup.isa),
        checking_(reference_, stack_.matmul()),
        transformer_(setup.model, kind == BackendKind::Cpu ? stack_.matmul() : checking_, pool_,
                     work.limits()) {}

  BackendRun run() {
    const auto start = Clock::now();
    const std::clock_t cpu_start = std::clock();
    prefill();
    decode();
    evaluate();
    run_.wall_s = std::chrono::duration<double>(Clock::now() - start).count();
    run_.cpu_s = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
    run_.kind = kind_;
    run_.threads = pool_.threads();
    run_.kernel = std::string(reference_.kernels().name);
    run_.logits_sha256 = hash_.hex();
    if (DeviceBackend* driver = stack_.driver()) run_.simulated = simulated(*driver);
    return std::move(run_);
  }

 private:
  void prefill() {
    begin(Phase::Prefill);
    const std::size_t vocab = setup_.model.config.vocab;
    logits_.resize(work_.prompt.size() * vocab);
    forward(work_.prompt);
    last_ = std::span(logits_).last(vocab);
    end(Phase::Prefill);
  }

  // Every generated token goes through the transformer, the last one too: as many steps as tokens.
  void decode() {
    begin(Phase::Decode);
    Sampler sampler(work_.sampler);
    for (std::size_t i = 0; i < work_.new_tokens; ++i) {
      const TokenId token = sampler.next(last_);
      run_.generated.push_back(token);
      logits_.resize(setup_.model.config.vocab);
      forward({&token, 1});
      last_ = logits_;
      show(Phase::Decode, i + 1, work_.new_tokens);
    }
    end(Phase::Decode);
  }

  void evaluate() {
    begin(Phase::Eval);
    transformer_.reset();
    checking_.start_sequence();
    const std::size_t vocab = setup_.model.config.vocab;
    PhaseWork& phase = at(Phase::Eval);
    run_.held_out = measure_perplexity(
        transformer_, pool_, plain_windows(work_.held_out, work_.window_tokens),
        [&](const ScoredLogits& part) {
          hash_.add(std::as_bytes(part.logits));
          const std::size_t tokens = part.logits.size() / vocab;
          phase.tokens += tokens;
          phase.host += count_host_work(setup_.model, work_.kv, part.position, tokens, tokens);
          show(Phase::Eval, phase.tokens, work_.held_out.size());
        });
    end(Phase::Eval);
  }

  /// Appends tokens; logits of all of them go to logits_ and into the hash.
  void forward(std::span<const TokenId> tokens) {
    PhaseWork& phase = at(phase_);
    phase.host += count_host_work(setup_.model, work_.kv, transformer_.position(), tokens.size(),
                                  tokens.size());
    phase.tokens += tokens.size();
    transformer_.forward(tokens, Logits::All, logits_);
    hash_.add(std::as_bytes(std::span(logits_)));
  }

  void begin(Phase phase) {
    phase_ = phase;
    phase_start_ = Clock::now();
    if (DeviceBackend* driver = stack_.driver()) driver->set_phase(phase);
    show(phase, 0,
         phase == Phase::Prefill  ? work_.prompt.size()
         : phase == Phase::Decode ? work_.new_tokens
                                  : work_.held_out.size());
  }

  void end(Phase phase) {
    stack_.finish();
    if (!checking_.first_difference()) agreed_phases_ += 1;
    at(phase).wall_s = std::chrono::duration<double>(Clock::now() - phase_start_).count();
  }

  void show(Phase phase, std::size_t done, std::size_t total) {
    setup_.progress.show(fmt::format("{} {}", name_of(kind_), name_of(phase)), done, total);
  }

  PhaseWork& at(Phase phase) { return run_.phases[static_cast<std::size_t>(phase)]; }

  [[nodiscard]] SimulatedRun simulated(DeviceBackend& driver) const {
    SimulatedRun s{.records = driver.records(),
                   .matrix_names = {},
                   .multiply_s = driver.multiply_s(),
                   .device_s = driver.device_s(),
                   .reference_s = checking_.reference_s(),
                   .host_partial_adds = driver.host_partial_adds(),
                   .compared_sums = checking_.compared_sums(),
                   .first_difference = checking_.first_difference(),
                   .difference_phase = kPhases[std::min(agreed_phases_, kPhases.size() - 1)]};
    for (MatrixId id = 0; id < driver.matrix_count(); ++id) {
      s.matrix_names.push_back(driver.matrix_name(id));
    }
    return s;
  }

  BackendKind kind_;
  const Workload& work_;
  const RunSetup& setup_;
  ThreadPool pool_;
  BackendStack stack_;
  CpuBackend reference_;
  CheckingBackend checking_;
  Transformer transformer_;
  Sha256 hash_;
  std::vector<float> logits_;
  std::span<const float> last_;  // logits after the last token
  Phase phase_ = Phase::Prefill;
  Clock::time_point phase_start_;
  std::size_t agreed_phases_ = 0;  // that ended without a difference
  BackendRun run_{};
};

}  // namespace

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::Prefill:
      return "prefill";
    case Phase::Decode:
      return "decode";
    default:
      return "eval";
  }
}

BackendRun run_backend(BackendKind kind, const Workload& work, const RunSetup& setup) {
  setup.progress.show(fmt::format("{}: laying out weights", name_of(kind)));
  return Runner(kind, work, setup).run();
}

}  // namespace sterna::host
