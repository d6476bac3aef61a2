// SPDX-License-Identifier: Apache-2.0

// Design points a second of the closed form: a decoded token and a prompt of 512 of 2B4T, each time on
// another design.

#include <cstdint>

#include <benchmark/benchmark.h>

#include "host/analysis.hpp"
#include "model/synthetic.hpp"
#include "sim/config/hardware_yaml.hpp"

namespace {

void bench_pass(benchmark::State& state) {
  const sterna::ModelConfig& model = sterna::named_shape("2b4t");
  auto hardware = sterna::sim::load_hardware(STERNA_CONFIGS "/edge.yaml");
  const auto tokens = static_cast<std::size_t>(state.range(0));
  std::uint32_t point = 0;
  for (auto _ : state) {
    hardware.unit.engines = 1 + point % 16;
    hardware.unit.slices = 1 + point / 16 % 8;
    hardware.memory.weight_gb_s = 4.0 + point++ % 100;
    benchmark::DoNotOptimize(sterna::host::analyze_pass(model, hardware, tokens));
  }
  state.SetItemsProcessed(state.iterations());
}
// Arrays of a memory that has been asked before.
void bench_bus_pass(benchmark::State& state) {
  const sterna::ModelConfig& model = sterna::named_shape("2b4t");
  auto hardware = sterna::sim::load_hardware(STERNA_CONFIGS "/edge-lpddr4x.yaml");
  const auto tokens = static_cast<std::size_t>(state.range(0));
  const auto pass_on = [&](std::uint32_t point) {
    hardware.unit.engines = 1 + point % 4;
    hardware.unit.slices = 1 + point / 4 % 8;
    hardware.unit.chunks = 16 + point / 32 % 32;
    return sterna::host::analyze_pass(model, hardware, tokens);
  };
  std::uint32_t point = 0;
  while (point < 4) benchmark::DoNotOptimize(pass_on(point++));
  for (auto _ : state) benchmark::DoNotOptimize(pass_on(point++));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(bench_bus_pass)->ArgName("tokens")->Arg(1)->Arg(512);
BENCHMARK(bench_pass)->ArgName("tokens")->Arg(1)->Arg(512);

}  // namespace
