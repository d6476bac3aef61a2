// SPDX-License-Identifier: Apache-2.0

// Speed of the Verilated unit alone, nothing but pins around it, at the sizes of configs/edge.yaml:
// simulated cycles and ternary MACs a second, with assertions (as Sterna ships it) and without.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include "rtl/tmu_unit.hpp"

namespace {

using sterna::TmuUnit;

struct Shape {
  std::uint16_t tokens;
  std::uint16_t beats;
  std::uint32_t rows;
};

constexpr Shape kDecode = {.tokens = 1, .beats = 32, .rows = 512};
constexpr Shape kPrefill = {.tokens = 64, .beats = 8, .rows = 512};

std::unique_ptr<TmuUnit> load(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto create =
      reinterpret_cast<sterna::TmuUnitFactory>(dlsym(library, sterna::kTmuUnitFactory));
  return std::unique_ptr<TmuUnit>(create(sterna::kTmuUnitAbi));
}

/// A command with random t5 weights and its sums, streamed as fast as the unit takes it.
class Stimulus {
 public:
  Stimulus(const TmuUnit& unit, const Shape& shape)
      : shape_(shape), sizes_(unit.parameters()), weights_(sizes_.engines) {
    std::mt19937 random(1);
    x_.resize(shape.tokens * k_size());
    for (auto& x : x_) x = static_cast<std::int8_t>(random());
    for (std::size_t r = 0; r < shape.rows; ++r) {
      for (std::size_t i = 0; i < k_size() / 5; ++i) {
        weights_[r % sizes_.engines].push_back(static_cast<std::uint8_t>(random() % 243));
      }
    }
  }

  [[nodiscard]] double macs() const {
    return static_cast<double>(k_size()) * shape_.tokens * shape_.rows;
  }

  // Runs the command from command to response; `keep` leaves the activations of the run before.
  void run(TmuUnit& unit, bool keep) {
    auto& in = unit.in;
    const auto& out = unit.out;
    std::size_t loaded = 0;
    std::vector<std::size_t> taken(sizes_.engines);
    sums_.clear();
    in.cmd_valid = true;
    in.cmd_tokens = shape_.tokens;
    in.cmd_beats = shape_.beats;
    in.cmd_rows = shape_.rows;
    in.cmd_keep = keep;
    in.result_ready = in.rsp_ready = true;
    for (bool responded = false; !responded;) {
      in.act_valid = !keep && loaded < x_.size();
      in.act_data = reinterpret_cast<const std::uint8_t*>(x_.data()) + loaded;
      in.weight_valid = 0;
      for (std::size_t e = 0; e < taken.size(); ++e) {
        if (taken[e] == weights_[e].size()) continue;
        in.weight_valid |= 1U << e;
        in.weight_data[e] = &weights_[e][taken[e]];
        taken[e] += (out.weight_ready >> e & 1U) * sizes_.lanes / 5;
      }
      if (in.act_valid && out.act_ready) loaded += 16;
      if (out.result_valid) {
        sums_.insert(sums_.end(), out.result_data,
                     out.result_data + std::size_t{sizes_.engines} * sizes_.slices);
      }
      responded = out.rsp_valid;
      const bool accepted = out.cmd_ready;
      unit.step();
      if (accepted) in.cmd_valid = false;
    }
  }

  // Whether the last run's sums are those of a plain loop.
  [[nodiscard]] bool right() const {
    const std::size_t chunks = (shape_.tokens + sizes_.slices - 1) / sizes_.slices;
    for (std::size_t r = 0; r < shape_.rows; ++r) {
      for (std::size_t t = 0; t < shape_.tokens; ++t) {
        const std::size_t beat = r / sizes_.engines * chunks + t / sizes_.slices;
        const std::size_t at =
            (beat * sizes_.engines + r % sizes_.engines) * sizes_.slices + t % sizes_.slices;
        if (sums_.at(at) != expected(r, t)) return false;
      }
    }
    return true;
  }

 private:
  [[nodiscard]] std::size_t k_size() const { return std::size_t{shape_.beats} * sizes_.lanes; }

  [[nodiscard]] std::int32_t expected(std::size_t row, std::size_t token) const {
    const std::uint8_t* bytes =
        &weights_[row % sizes_.engines][row / sizes_.engines * k_size() / 5];
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < k_size() / 5; ++i) {
      int rest = bytes[i];
      for (std::size_t j = 0; j < 5; ++j, rest /= 3) {
        sum += (rest % 3 - 1) * x_[token * k_size() + 5 * i + j];
      }
    }
    return sum;
  }

  Shape shape_;
  sterna::TmuUnitParameters sizes_;
  std::vector<std::int8_t> x_;                      // (tokens, K)
  std::vector<std::vector<std::uint8_t>> weights_;  // of each engine
  std::vector<std::int32_t> sums_;                  // result beats one after the other
};

void bm_unit(benchmark::State& state, const char* path, const Shape& shape) {
  const std::unique_ptr<TmuUnit> unit = load(path);
  Stimulus stimulus(*unit, shape);
  stimulus.run(*unit, false);
  if (!stimulus.right() || unit->errors() != 0) {
    state.SkipWithError("the sums are wrong");
    return;
  }
  const std::uint64_t before = unit->cycles();
  for (auto _ : state) stimulus.run(*unit, true);
  const auto per_second = benchmark::Counter::kIsRate;
  state.counters["MAC/s"] =
      benchmark::Counter(stimulus.macs() * static_cast<double>(state.iterations()), per_second);
  state.counters["cycles/s"] =
      benchmark::Counter(static_cast<double>(unit->cycles() - before), per_second);
}

BENCHMARK_CAPTURE(bm_unit, decode, STERNA_RTL_BENCH "/assert/libtmu.so", kDecode);
BENCHMARK_CAPTURE(bm_unit, prefill, STERNA_RTL_BENCH "/assert/libtmu.so", kPrefill);
BENCHMARK_CAPTURE(bm_unit, decode_no_assert, STERNA_RTL_BENCH "/no_assert/libtmu.so", kDecode);
BENCHMARK_CAPTURE(bm_unit, prefill_no_assert, STERNA_RTL_BENCH "/no_assert/libtmu.so", kPrefill);

}  // namespace

BENCHMARK_MAIN();
