// SPDX-License-Identifier: Apache-2.0
#include "host/bench/unit_of_zeros.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/host_work.hpp"
#include "host/whole_model.hpp"
#include "model/synthetic.hpp"
#include "model/transformer.hpp"
#include "tests/host/fake_tmu.hpp"

namespace sterna::host {
namespace {

using testing::Each;

// A clock that ticks at every look.
HostClock ticking(double& now) {
  return [&now] { return now += 1.0; };
}

TEST(ZeroTmu, AnswersEveryTaskWithZerosAndTakesItsOwnTime) {
  double now = 0;
  ZeroTmu unit(fake_hardware(80, 2, 2, 8, 4), ticking(now));
  std::vector<std::int32_t> sums(6, 7);
  const std::vector<sim::TmuTask> tasks = {
      {{1, 1, 2, sim::WeightFormat::T5, false}, nullptr, {}, std::span(sums).first(2)},
      {{1, 1, 4, sim::WeightFormat::T5, false}, nullptr, {}, std::span(sums).last(4)}};
  EXPECT_EQ(unit.run(tasks).size(), 2U);
  EXPECT_THAT(sums, Each(0));
  EXPECT_EQ(unit.seconds(), 1.0);
  (void)unit.run(tasks);
  EXPECT_EQ(unit.seconds(), 2.0) << "only inside run()";
}

// What the host bench relies on: the driver sees what count_host_work() counts.
TEST(UnitOfZeros, IsAskedForWhatTheShapesSay) {
  double now = 0;
  const ModelWeights model = make_synthetic(named_shape("tiny"), 1);
  UnitOfZeros unit(fake_hardware(80, 2, 2, 8, 4), ticking(now));
  ThreadPool pool(1);
  Transformer transformer(model, unit, pool, {16, 16, KvFormat::Int8});
  std::vector<float> logits(model.config.vocab);
  const std::vector<TokenId> tokens = {1, 2, 3, 4, 5};
  transformer.forward(tokens, Logits::Last, logits);
  const HostWork work = count_host_work(model, KvFormat::Int8, 0, tokens.size(), 1);
  EXPECT_EQ(unit.asked().jobs, jobs_of_pass(model.config));
  EXPECT_EQ(unit.asked().activations, work.quantized_elements);
  EXPECT_EQ(unit.asked().sums, work.rescaled_elements);
  EXPECT_EQ(unit.device_seconds(), static_cast<double>(unit.asked().jobs));
}

TEST(UnitOfZeros, KeepsTheMatricesOfOneLayer) {
  double now = 0;
  const ModelWeights model = make_synthetic(named_shape("tiny"), 1);
  UnitOfZeros unit(fake_hardware(80, 2, 2, 8, 4), ticking(now));
  const TernaryLinear& q = model.layers[0].q;
  const MatrixId first = unit.add_matrix("layers.0.q_proj", q.trits);
  EXPECT_EQ(unit.add_matrix("layers.1.q_proj", model.layers[1].q.trits), first);
  EXPECT_NE(unit.add_matrix("layers.1.k_proj", model.layers[1].k.trits), first);
}

}  // namespace
}  // namespace sterna::host
