// SPDX-License-Identifier: Apache-2.0
#include "host/replay/replay.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <fmt/format.h>

#include "kernels/cpu_backend.hpp"
#include "sim/estimate/job_estimate.hpp"

namespace sterna::host {
namespace {

PackedTernary cut_rows(const PackedTernary& whole, const IndexRange& rows) {
  PackedTernary part(rows.count(), whole.cols());
  std::vector<Trit> row(whole.cols());
  for (std::size_t r = 0; r < rows.count(); ++r) {
    whole.unpack_row(rows.first + r, row);
    part.set_row(r, row);
  }
  return part;
}

}  // namespace

WindowProduct capture_window(const ReplayWindow& window, ModelWeights& model,
                             std::span<const TokenId> prompt, KvFormat kv, ThreadPool& pool,
                             std::string_view isa) {
  model.layers.erase(model.layers.begin() + static_cast<std::ptrdiff_t>(window.layer) + 1,
                     model.layers.end());
  model.config.layers = static_cast<std::uint32_t>(model.layers.size());
  CpuBackend cpu(pool, isa);
  CapturingBackend capturing(cpu, window.matrix_name());
  Transformer transformer(model, capturing, pool,
                          {.context_tokens = prompt.size(),
                           .batch_tokens = std::min(prompt.size(), TransformerLimits::kBatchTokens),
                           .kv = kv});
  std::vector<float> logits(model.config.vocab);
  transformer.forward(prompt, Logits::Last, logits);

  const CapturedProduct& all = capturing.captured();
  WindowProduct product{
      .weights = cut_rows((model.layers.back().*window.projection->matrix).trits, window.rows),
      .activations = {},
      .sums = {}};
  for (std::size_t t = window.positions.first; t < window.positions.last; ++t) {
    const auto x = std::span(all.activations).subspan(t * all.cols, all.cols);
    const auto sums =
        std::span(all.sums).subspan(t * all.rows + window.rows.first, window.rows.count());
    product.activations.insert(product.activations.end(), x.begin(), x.end());
    product.sums.insert(product.sums.end(), sums.begin(), sums.end());
  }
  return product;
}

std::uint64_t WindowRun::cycles() const { return records.back().report.done_cycle + 1; }

sim::TmuCounters WindowRun::counters() const {
  sim::TmuCounters sum;
  for (const CommandRecord& record : records) sum += record.report.counters;
  return sum;
}

WindowRun run_window(const WindowProduct& product, const std::string& name,
                     sim::TmuDevice& device) {
  const auto start = std::chrono::steady_clock::now();
  DeviceBackend driver(device);
  std::vector<std::int32_t> sums(product.sums.size());
  const Product wanted{driver.add_matrix(name, product.weights), sums};
  driver.multiply({product.activations, product.tokens(), product.weights.cols()}, {&wanted, 1});

  WindowRun run{.records = driver.records(), .wrong = {}};
  run.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto [expected, got] =
      std::mismatch(product.sums.begin(), product.sums.end(), sums.begin());
  if (expected != product.sums.end()) {
    const auto index = static_cast<std::size_t>(expected - product.sums.begin());
    run.wrong = {index / product.weights.rows(), index % product.weights.rows(), *expected, *got};
  }
  return run;
}

double estimate_window(std::span<const CommandRecord> records,
                       const sim::HardwareConfig& hardware) {
  std::vector<sim::TmuCommand> commands;
  std::vector<std::uint32_t> nonzero_columns;
  for (const CommandRecord& record : records) {
    commands.push_back(record.command);
    nonzero_columns.push_back(record.nonzero_columns);
  }
  const sim::LowerBound bound = sim::lower_bound(hardware, commands, {}, nonzero_columns);
  return sim::estimate_job(hardware, commands, bound, {}, nonzero_columns).cycles();
}

IndexRange find_trace(std::optional<std::uint64_t> start, std::optional<std::uint64_t> stop,
                      std::uint64_t cycles) {
  const std::uint64_t first = start.value_or(0);
  const std::uint64_t last = stop.value_or(cycles);
  if (first >= cycles || last > cycles) {
    throw std::invalid_argument(
        fmt::format("--trace-{} {}: the job takes {} cycles, numbered from 0; give {} or less",
                    first >= cycles ? "start" : "stop", first >= cycles ? first : last, cycles,
                    first >= cycles ? cycles - 1 : cycles));
  }
  if (first >= last) {
    throw std::invalid_argument(
        fmt::format("--trace-start {} and --trace-stop {}: no cycle is between them; the stop must "
                    "be above the start",
                    first, last));
  }
  return {first, last};
}

}  // namespace sterna::host
