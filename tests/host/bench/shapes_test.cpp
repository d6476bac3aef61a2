// SPDX-License-Identifier: Apache-2.0
#include "host/bench/shapes.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sterna::host {
namespace {

using testing::HasSubstr;

constexpr MachineLimits kLimits{2, 50e9, 100e9, 200e9, 450e9, 1 << 29, 0, 1.0};

NamedShape shape(std::string_view name) { return {name, named_shape(name)}; }

TEST(TokenTraffic, OfAShapeIsThatOfItsWeights) {
  const ModelConfig& config = named_shape("5m");
  const ModelWeights model = make_synthetic(config, 1);
  const TokenTraffic by_shape = token_traffic(config, KvFormat::Int8, 10.0);
  const TokenTraffic by_weights = token_traffic(model, KvFormat::Int8, 10.0);
  EXPECT_EQ(by_shape.kv, by_weights.kv);
  EXPECT_EQ(by_shape.head, by_weights.head);
  // The shape knows nothing of padding.
  EXPECT_LE(by_shape.ternary, by_weights.ternary);
  EXPECT_GT(by_shape.ternary, 0.9 * by_weights.ternary);
}

TEST(TokenTraffic, Of2b4tIsTheRooflines) {
  const TokenTraffic traffic = token_traffic(named_shape("2b4t"), KvFormat::Int8, 0.0);
  EXPECT_EQ(traffic.ternary, 2084044800.0 / 4);
  EXPECT_EQ(traffic.kv, 0.0);
}

TEST(ShapeBound, DecodeReadsAndPrefillMultiplies) {
  const ShapeBound bound = bound_shape(shape("2b4t"), kLimits, 64e9);
  EXPECT_TRUE(bound.decode_by_memory);
  EXPECT_DOUBLE_EQ(bound.decode_tokens_s, 50e9 / bound.traffic.total());
  EXPECT_FALSE(bound.prefill_by_memory);
  EXPECT_DOUBLE_EQ(bound.prefill_tokens_s, 450e9 / 2084044800.0);
  EXPECT_TRUE(bound.fits);
}

TEST(ShapeBound, TheSlowerOfReadingAndMultiplyingBounds) {
  MachineLimits slow_cores = kLimits;
  slow_cores.macs_s = 1e9;
  EXPECT_FALSE(bound_shape(shape("2b4t"), slow_cores, 64e9).decode_by_memory);
  MachineLimits slow_memory = kLimits;
  slow_memory.dram_bytes_s = 1e6;
  const ShapeBound bound = bound_shape(shape("2b4t"), slow_memory, 64e9);
  EXPECT_TRUE(bound.prefill_by_memory);
  EXPECT_DOUBLE_EQ(bound.prefill_tokens_s,
                   1e6 * TransformerLimits::kBatchTokens / bound.traffic.ternary);
}

TEST(ShapeBound, SaysWhatDoesNotFit) {
  const double needed = bound_shape(shape("7b"), kLimits, 1.0).memory_bytes;
  EXPECT_FALSE(bound_shape(shape("7b"), kLimits, needed - 1).fits);
  EXPECT_TRUE(bound_shape(shape("7b"), kLimits, needed).fits);
}

TEST(ShapeBound, CoversEveryNamedShapeInBothForms) {
  const auto bounds = bound_shapes(kLimits);
  ASSERT_EQ(bounds.size(), named_shapes().size());
  const std::string table = to_table(bounds, kLimits);
  const std::string json = to_json_text(bounds, kLimits);
  for (const NamedShape& named : named_shapes()) {
    EXPECT_THAT(table, HasSubstr("| " + std::string(named.name) + " |"));
    EXPECT_THAT(json, HasSubstr("\"model\": \"" + std::string(named.name) + "\""));
  }
}

}  // namespace
}  // namespace sterna::host
