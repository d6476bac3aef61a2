// SPDX-License-Identifier: Apache-2.0
#include "host/bench/weight_reader.hpp"

#include <cstdint>
#include <cstring>
#include <span>

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

// Words are read by threads of any number, each once: an exclusive or of all says so.
TEST(WeightReader, ReadsEveryWordOnce) {
  const ModelWeights model = make_synthetic(named_shape("5m"), 1);
  std::uint64_t expected = 0;
  const auto add = [&](std::span<const std::uint8_t> bytes) {
    for (std::size_t i = 0; i < bytes.size() / 1024 * 1024; i += sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data() + i, sizeof word);
      expected ^= word;
    }
  };
  for (const LayerWeights& layer : model.layers) {
    for (const TernaryLinear* linear :
         {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
      add(linear->trits.bytes());
    }
  }
  add(std::get<ScaledInt8>(model.head().values).codes.bytes());
  for (const unsigned threads : {1U, 2U, 3U, 7U}) {
    ThreadPool pool(threads);
    EXPECT_EQ(WeightReader(model, pool).read(), expected) << threads;
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
