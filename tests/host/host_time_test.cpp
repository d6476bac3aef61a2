// SPDX-License-Identifier: Apache-2.0
#include "host/host_time.hpp"

#include <gtest/gtest.h>

#include "host/locations.hpp"
#include "model/synthetic.hpp"
#include "sim/config/host_yaml.hpp"

namespace sterna::host {
namespace {

// Two layers of hidden 8, two query heads of 4 on one key-value head, ffn 16, vocabulary 10.
ModelConfig hand_model() {
  ModelConfig config = named_shape("tiny");
  config.hidden = 8;
  config.layers = 2;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dim = 4;
  config.ffn = 16;
  config.vocab = 10;
  return config;
}

sim::HostConfig round_host() {
  return {.attention_gmac_s = 2,
          .kv_gb_s = 16,
          .head_gb_s = 4,
          .head_gmac_s = 8,
          .elements_g_s = 0.5,
          .job_us = 3,
          .evidence = "model",
          .source = "round numbers"};
}

TEST(HostWork, IsWhatAHandCounts) {
  // Three tokens behind five others attend to 6 + 7 + 8 = 21; q is 8 wide, k and v are 4.
  const HostWork work = count_host_work(hand_model(), 5, 3, 2);
  EXPECT_EQ(work.attention_macs, 2U * 2 * 21 * 8);
  EXPECT_EQ(work.softmax_elements, 2U * 21 * 2);
  EXPECT_EQ(work.norm_elements, 2U * 3 * (8 + 8 + 8 + 16) + 2 * 8);
  EXPECT_EQ(work.rope_elements, 2U * 3 * (8 + 4));
  EXPECT_EQ(work.gate_elements, 2U * 3 * 16);
  EXPECT_EQ(work.quantized_elements, 2U * 3 * (8 + 8 + 8 + 16));
  EXPECT_EQ(work.rescaled_elements, 2U * 3 * (8 + 4 + 4 + 8 + 16 + 16 + 8));
  EXPECT_EQ(work.kv_bytes, 2U * 8 * (4 + 16 + 8)) << "values fill a panel; two scales";
  EXPECT_EQ(work.head_macs, 2U * 10 * 8);
  EXPECT_EQ(work.head_bytes, 10U * (8 + 4)) << "a scale a row";
  EXPECT_EQ(work.elements(), 256U + 72 + 96 + 240 + 384);
}

TEST(HostWork, OfAShapeIsThatOfItsWeights) {
  const ModelConfig config = named_shape("tiny");
  const ModelWeights weights = make_synthetic(config, 1);
  for (const std::size_t first : {0U, 7U}) {
    for (const std::size_t logits : {0U, 1U, 5U}) {
      EXPECT_EQ(count_host_work(config, first, 5, logits),
                count_host_work(weights, KvFormat::Int8, first, 5, logits));
    }
  }
}

TEST(HostWork, OfAModelWithoutSubNormsHasFewerNorms) {
  ModelWeights weights = make_synthetic(hand_model(), 1);
  for (LayerWeights& layer : weights.layers) {
    layer.attention_sub_norm.clear();
    layer.ffn_sub_norm.clear();
  }
  const HostWork all = count_host_work(hand_model(), 0, 3, 1);
  const HostWork fewer = count_host_work(weights, KvFormat::Int8, 0, 3, 1);
  EXPECT_EQ(count_host_work(weights, KvFormat::Float32, 0, 3, 1).kv_bytes, 2U * 3 * 8 * 4);
  EXPECT_EQ(all.norm_elements - fewer.norm_elements, 2U * 3 * (8 + 16));
}

TEST(HostWork, OfABatchSharesTheHeadsWeightsAndNothingElse) {
  const HostWork one = count_decode_step(hand_model(), 1, 9);
  EXPECT_EQ(one, count_host_work(hand_model(), 9, 1, 1));
  HostWork four = one;
  four *= 4;
  four.head_bytes = one.head_bytes;
  EXPECT_EQ(count_decode_step(hand_model(), 4, 9), four);
}

TEST(HostTime, IsWhatAHandCounts) {
  HostWork work;
  work.attention_macs = 6'000'000;
  work.kv_bytes = 8'000'000;
  work.head_macs = 16'000'000;
  work.head_bytes = 20'000'000;
  work.norm_elements = 100'000;
  work.rope_elements = 200'000;
  work.gate_elements = 300'000;
  work.quantized_elements = 400'000;
  work.rescaled_elements = 500'000;
  work.softmax_elements = 1'000'000;  // the attention's rate has them
  const HostTime time = host_time(work, 20, round_host());
  EXPECT_DOUBLE_EQ(time.attention_s, 3e-3 + 0.5e-3);
  EXPECT_DOUBLE_EQ(time.head_s, 5e-3 + 2e-3);
  EXPECT_DOUBLE_EQ(time.elements_s, 3e-3);
  EXPECT_DOUBLE_EQ(time.jobs_s, 60e-6);
  EXPECT_DOUBLE_EQ(time.total_s(), 13.56e-3);
}

TEST(HostTime, OfASumIsTheSumOfTheTimes) {
  const HostWork a = count_decode_step(hand_model(), 1, 9);
  const HostWork b = count_host_work(hand_model(), 0, 7, 1);
  HostWork both = a;
  both += b;
  HostTime sum = host_time(a, 8, round_host());
  sum += host_time(b, 8, round_host());
  const HostTime whole = host_time(both, 16, round_host());
  double parts = 0;
  for (const NamedHostPart& part : named_host_parts()) {
    EXPECT_DOUBLE_EQ(sum.*part.field, whole.*part.field) << part.name;
    parts += whole.*part.field;
  }
  EXPECT_DOUBLE_EQ(parts, whole.total_s());
}

TEST(HostOf, IsTheDesignsOwnElseTheShippedOne) {
  sim::HardwareConfig hardware{};
  EXPECT_EQ(host_of(hardware), sim::load_host(find_shipped(kShippedHost)));
  hardware.host = round_host();
  EXPECT_EQ(host_of(hardware), round_host());
}

}  // namespace
}  // namespace sterna::host
