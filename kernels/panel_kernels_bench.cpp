// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "kernels/cpu_backend.hpp"

namespace {

using sterna::CpuBackend;
using sterna::PackedTernary;
using sterna::PanelKernels;
using sterna::ThreadPool;
using sterna::Trit;

struct Problem {
  std::vector<Trit> weights;   // (rows, cols)
  std::vector<std::int8_t> x;  // (tokens, cols)
};

Problem make_problem(std::size_t rows, std::size_t cols, std::size_t tokens) {
  std::mt19937 rng(1);
  std::uniform_int_distribution<int> trit(-1, 1);
  std::uniform_int_distribution<int> act(-128, 127);
  Problem p{std::vector<Trit>(rows * cols), std::vector<std::int8_t>(tokens * cols)};
  for (Trit& w : p.weights) w = static_cast<Trit>(trit(rng));
  for (std::int8_t& v : p.x) v = static_cast<std::int8_t>(act(rng));
  return p;
}

// A fast wrong kernel is worth nothing: a sample of the sums is compared before timing.
bool sample_is_right(const Problem& p, std::size_t cols, std::span<const std::int32_t> y,
                     std::size_t rows, std::size_t tokens) {
  for (std::size_t r = 0; r < rows; r += 97) {
    const std::size_t t = r % tokens;
    std::int32_t sum = 0;
    for (std::size_t c = 0; c < cols; ++c) sum += p.weights[r * cols + c] * p.x[t * cols + c];
    if (y[t * rows + r] != sum) return false;
  }
  return true;
}

// The matrix shapes of one BitNet b1.58 2B4T layer and of the shipped model, per instruction set,
// one thread. weight_bytes/s is to be held against memory bandwidth (one token reads every weight
// once), MAC/s against the peak of the multiply-add instruction.
void bench_matmul(benchmark::State& state, const PanelKernels& impl) {
  if (!impl.supported()) return state.SkipWithError("not on this CPU");
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto cols = static_cast<std::size_t>(state.range(1));
  const auto tokens = static_cast<std::size_t>(state.range(2));
  const Problem p = make_problem(rows, cols, tokens);
  ThreadPool pool(1);
  CpuBackend backend(pool, impl.name);
  const PackedTernary packed(p.weights, rows, cols);
  const std::size_t matrix = backend.add_matrix("bench", packed);
  std::vector<std::int32_t> y(tokens * rows);
  const std::vector<sterna::Product> products = {{matrix, y}};
  backend.multiply({p.x, tokens, cols}, products);
  if (!sample_is_right(p, cols, y, rows, tokens)) return state.SkipWithError("wrong sums");

  for (auto _ : state) {
    backend.multiply({p.x, tokens, cols}, products);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  const auto iterations = static_cast<double>(state.iterations());
  using benchmark::Counter;
  state.counters["weight_bytes/s"] = Counter(
      static_cast<double>(packed.bytes().size()) * iterations, Counter::kIsRate, Counter::kIs1024);
  state.counters["MAC/s"] =
      Counter(static_cast<double>(rows * cols * tokens) * iterations, Counter::kIsRate);
}

const bool kRegistered = [] {
  for (const PanelKernels& impl : sterna::all_panel_kernels()) {
    auto* bench = benchmark::RegisterBenchmark(
        ("ternary_matmul/" + std::string(impl.name)).c_str(),
        [&impl](benchmark::State& state) { bench_matmul(state, impl); });
    bench->ArgNames({"rows", "cols", "tokens"});
    for (const long tokens : {1L, 64L}) {
      bench->Args({688, 256, tokens})->Args({6912, 2560, tokens})->Args({2560, 6912, tokens});
    }
  }
  return true;
}();

}  // namespace
