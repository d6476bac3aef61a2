// SPDX-License-Identifier: Apache-2.0
#include "host/replay/replay.hpp"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/cpu_backend.hpp"
#include "model/synthetic.hpp"
#include "tests/host/fake_tmu.hpp"

namespace sterna::host {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::size_t kTokens = TransformerLimits::kBatchTokens + 9;  // two batches

ModelWeights small_model() {
  return make_synthetic({.hidden = 64,
                         .layers = 3,
                         .heads = 4,
                         .kv_heads = 2,
                         .head_dim = 16,
                         .ffn = 112,
                         .vocab = 300,
                         .max_tokens = 512,
                         .rope_theta = 10000.0F,
                         .norm_eps = 1e-5F,
                         .activation = Activation::Relu2,
                         .tied_head = true},
                        5);
}

std::vector<TokenId> some_tokens() {
  std::vector<TokenId> tokens(kTokens);
  for (std::size_t i = 0; i < kTokens; ++i) tokens[i] = static_cast<TokenId>(i * 37 % 300);
  return tokens;
}

ReplayWindow window_of(std::size_t layer, std::string_view projection, IndexRange rows,
                       IndexRange positions) {
  return {.layer = layer,
          .projection = &find_projection(projection),
          .rows = rows,
          .positions = positions};
}

WindowProduct capture(const ReplayWindow& window) {
  ModelWeights model = small_model();
  ThreadPool pool(1);
  return capture_window(window, model, some_tokens(), KvFormat::Float32, pool, "auto");
}

/// Expects the products of the captured data, by a plain loop, to be the captured sums, which are those
/// of the rows of the whole matrix.
void expect_own_sums(const ReplayWindow& window) {
  const WindowProduct product = capture(window);
  const ModelWeights model = small_model();
  const PackedTernary& whole = (model.layers[window.layer].*window.projection->matrix).trits;
  const std::size_t cols = whole.cols();
  ASSERT_EQ(product.weights.cols(), cols);
  ASSERT_EQ(product.weights.rows(), window.rows.count());
  ASSERT_EQ(product.tokens(), window.positions.count());
  ASSERT_EQ(product.sums.size(), product.tokens() * product.weights.rows());
  std::vector<Trit> expected(cols);
  std::vector<Trit> row(cols);
  for (std::size_t r = 0; r < window.rows.count(); ++r) {
    whole.unpack_row(window.rows.first + r, expected);
    product.weights.unpack_row(r, row);
    EXPECT_EQ(row, expected) << "row " << r;
    for (std::size_t t = 0; t < product.tokens(); ++t) {
      std::int32_t sum = 0;
      for (std::size_t c = 0; c < cols; ++c) sum += row[c] * product.activations[t * cols + c];
      EXPECT_EQ(product.sums[t * product.weights.rows() + r], sum) << "row " << r << " token " << t;
    }
  }
}

TEST(CaptureWindow, TakesTheRowsOfTheMatrixAndTheSumsTheyHad) {
  expect_own_sums(window_of(0, "q", {0, 64}, {0, 3}));
  expect_own_sums(window_of(1, "k", {31, 32}, {kTokens - 1, kTokens}));
  expect_own_sums(window_of(1, "v", {1, 18}, {5, 6}));
  expect_own_sums(window_of(1, "gate", {100, 112}, {260, 268}));
  expect_own_sums(window_of(2, "down", {7, 20}, {0, kTokens}));
}

TEST(CaptureWindow, TakesWhatTheWholeModelMultiplies) {
  const ModelWeights model = small_model();
  ThreadPool pool(1);
  CpuBackend cpu(pool);
  CapturingBackend capturing(cpu, "layers.1.o_proj");
  Transformer transformer(model, capturing, pool, {.context_tokens = kTokens, .batch_tokens = 12});
  std::vector<float> logits(model.config.vocab);
  transformer.forward(some_tokens(), Logits::Last, logits);
  ASSERT_EQ(capturing.captured().tokens(), kTokens);

  const WindowProduct all = capture(window_of(1, "o", {0, 64}, {0, kTokens}));
  EXPECT_EQ(all.activations, capturing.captured().activations);
  EXPECT_EQ(all.sums, capturing.captured().sums);
}

TEST(CaptureWindow, TakesThePositionsAskedFor) {
  const WindowProduct all = capture(window_of(2, "up", {3, 5}, {0, kTokens}));
  const WindowProduct some = capture(window_of(2, "up", {3, 5}, {262, 267}));
  const std::vector<std::int8_t> part(all.activations.begin() + 262 * 64,
                                      all.activations.begin() + 267 * 64);
  EXPECT_EQ(some.activations, part);
  EXPECT_EQ(some.sums,
            std::vector<std::int32_t>(all.sums.begin() + 262 * 2, all.sums.begin() + 267 * 2));
}

TEST(RunWindow, FindsEverySumWhereItIsExpected) {
  const WindowProduct product = capture(window_of(2, "down", {7, 20}, {0, 11}));
  FakeTmu device(fake_hardware(80, 2, 2, 4, 2));  // three commands
  const WindowRun run = run_window(product, "name", device);
  EXPECT_EQ(run.wrong, std::nullopt);
  EXPECT_EQ(run.records.size(), 3U);
}

TEST(RunWindow, NamesTheFirstWrongSum) {
  const WindowProduct product = capture(window_of(2, "down", {7, 20}, {0, 3}));
  FakeTmu device(fake_hardware(80, 2, 2, 4, 2));
  device.break_sum = 7;  // rows of 3 tokens: the third row's second token
  const WindowRun run = run_window(product, "name", device);
  const std::int32_t expected = product.sums[1 * 13 + 2];
  EXPECT_EQ(run.wrong, (WrongSum{1, 2, expected, expected + 1}));
}

TEST(RunWindow, AddsUpTheCountersAndEndsWithTheLastCommand) {
  WindowRun run;
  for (const std::uint64_t done : {9, 20}) {
    CommandRecord record{};
    record.report.done_cycle = done;
    record.report.counters.sums = done;
    run.records.push_back(record);
  }
  EXPECT_EQ(run.cycles(), 21U);
  EXPECT_EQ(run.counters().sums, 29U);
}

TEST(FindTrace, IsTheWholeJobUnlessAskedFor) {
  EXPECT_EQ(find_trace({}, {}, 100), (IndexRange{0, 100}));
  EXPECT_EQ(find_trace(99, {}, 100), (IndexRange{99, 100}));
  EXPECT_EQ(find_trace({}, 1, 100), (IndexRange{0, 1}));
  EXPECT_EQ(find_trace(3, 100, 100), (IndexRange{3, 100}));
}

TEST(FindTrace, RefusesAWindowWithoutCyclesOfTheJob) {
  using Cycle = std::optional<std::uint64_t>;
  const auto refuses = [](Cycle start, Cycle stop, const char* words) {
    EXPECT_THAT(([=] { (void)find_trace(start, stop, 100); }),
                ThrowsMessage<std::invalid_argument>(HasSubstr(words)));
  };
  refuses(100, {}, "--trace-start 100: the job takes 100 cycles, numbered from 0; give 99 or less");
  refuses({}, 101, "--trace-stop 101: the job takes 100 cycles, numbered from 0; give 100 or less");
  refuses(7, 7, "no cycle is between them");
  refuses(8, 7, "no cycle is between them");
  refuses({}, 0, "no cycle is between them");
}

}  // namespace
}  // namespace sterna::host
