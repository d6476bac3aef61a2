// SPDX-License-Identifier: Apache-2.0
#include "host/bench/weight_reader.hpp"

#include <gtest/gtest.h>

#include "host/bench/traffic.hpp"
#include "model/synthetic.hpp"

namespace sterna::host {
namespace {

TEST(WeightReader, ReadsWhatATokenReadsInEveryFormOfTheHead) {
  for (const HeadForm form : {HeadForm::Int8, HeadForm::Int6}) {
    const ModelWeights model = make_synthetic(named_shape("5m"), 1, form);
    ThreadPool pool(3);
    const WeightReader reader(model, pool);
    // Scales of the head are no weights, and of two planes the lower one is read for a few rows only.
    const TokenTraffic traffic = token_traffic(model, KvFormat::Int8, 0, 0.0);
    const double expected = traffic.ternary + traffic.head;
    EXPECT_LE(static_cast<double>(reader.bytes()), expected);
    EXPECT_GE(static_cast<double>(reader.bytes()), 0.97 * expected);
    EXPECT_GT(reader.seconds(), 0.0);
  }
}

TEST(WeightReader, FindsNothingInAModelSmallerThanARead) {
  ModelConfig dust = named_shape("tiny");
  dust.layers = 1;
  dust.hidden = 16;
  dust.ffn = 16;
  dust.heads = 1;
  dust.kv_heads = 1;
  dust.head_dim = 16;
  dust.vocab = 32;
  const ModelWeights model = make_synthetic(dust, 1);
  ThreadPool pool(2);
  EXPECT_EQ(WeightReader(model, pool).bytes(), 0U);
}

}  // namespace
}  // namespace sterna::host
