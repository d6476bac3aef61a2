// SPDX-License-Identifier: Apache-2.0

// Speed of the devices as the host sees it: MAC/s, and modelled cycles a second.

#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include "sim/devices/rtl_bus_tmu.hpp"
#include "sim/devices/rtl_tmu.hpp"
#include "sim/devices/systemc_tmu.hpp"
#include "sim/job/random_job.hpp"

namespace {

using namespace sterna::sim;

// configs/edge.yaml
constexpr UnitConfig kUnit = {.lanes = 80,
                              .engines = 4,
                              .slices = 2,
                              .activation_words = 512,
                              .chunks = 32,
                              .weight_fifo_beats = 16,
                              .result_fifo_beats = 16};

HardwareConfig edge() {
  return {.name = "edge",
          .clock_mhz = 250,
          .weight_format = WeightFormat::T5,
          .unit = kUnit,
          .memory = {.weight_gb_s = 16,
                     .activation_gb_s = 4,
                     .result_gb_s = 4,
                     .latency_ns = 100,
                     .window_beats = 64,
                     .refresh_interval_ns = 3904,
                     .refresh_ns = 180}};
}

// The masters of docs/axi.md, What it costs.
HardwareConfig edge_on_bus() {
  HardwareConfig hardware = edge();
  hardware.bus = BusConfig{.burst_beats = 16,
                           .dma_fifo_beats = 64,
                           .outstanding = 8,
                           .descriptors = 4,
                           .result_bits = 128,
                           .latency_ns = 20,
                           .dram = default_dram(find_dram_part("LPDDR4X-4266"), 250'000)};
  return hardware;
}

void run_job(benchmark::State& state, TmuDevice& device, std::uint32_t tokens, std::uint32_t cols,
             std::uint32_t rows) {
  RandomJob job(kUnit, 1);
  job.add({.tokens = tokens,
           .cols = cols,
           .rows = rows,
           .format = WeightFormat::T5,
           .keep_activations = false,
           .fill = Fill::Uniform});
  const auto tasks = job.tasks();
  device.run(tasks);
  if (job.first_wrong_task() != -1) {
    state.SkipWithError("the sums are wrong");
    return;
  }
  std::uint64_t cycles = 0;
  for (auto _ : state) cycles += device.run(tasks).back().respond_cycle;
  state.counters["MAC/s"] =
      benchmark::Counter(static_cast<double>(job.macs()) * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
  state.counters["cycle/s"] =
      benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  SystemcTmu systemc(edge());
  RtlTmu rtl(edge());
  RtlBusTmu rtl_bus(edge_on_bus());
  const std::pair<std::string, TmuDevice*> devices[] = {
      {"systemc", &systemc}, {"rtl", &rtl}, {"rtl_bus", &rtl_bus}};
  for (const auto& [name, device] : devices) {
    benchmark::RegisterBenchmark((name + "/decode_1x2560x2560").c_str(),
                                 [d = device](auto& state) { run_job(state, *d, 1, 2560, 2560); });
    benchmark::RegisterBenchmark((name + "/prefill_32x2560x2560").c_str(),
                                 [d = device](auto& state) { run_job(state, *d, 32, 2560, 2560); });
  }
  benchmark::RunSpecifiedBenchmarks();
}
