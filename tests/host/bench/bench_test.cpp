// SPDX-License-Identifier: Apache-2.0
#include "host/bench/bench.hpp"

#include <functional>
#include <memory>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/cpu_backend.hpp"
#include "model/synthetic.hpp"

namespace sterna::host {
namespace {

using testing::HasSubstr;
using testing::Property;
using testing::Throws;

/// Runs on the CPU, then lets `spoil` change the sums of one matrix.
class SpoiltBackend final : public MatmulBackend {
 public:
  using Spoil = std::function<void(const ActivationBatch& x, std::span<std::int32_t> sums)>;

  SpoiltBackend(ThreadPool& pool, std::string matrix, Spoil spoil)
      : cpu_(pool, "scalar"), matrix_(std::move(matrix)), spoil_(std::move(spoil)) {}

  MatrixId add_matrix(std::string_view name, const PackedTernary& weights) override {
    const MatrixId id = cpu_.add_matrix(name, weights);
    if (name == matrix_) spoilt_ = id;
    return id;
  }
  void multiply(const ActivationBatch& x, std::span<const Product> products) override {
    cpu_.multiply(x, products);
    for (const Product& product : products) {
      if (product.matrix == spoilt_) spoil_(x, product.sums);
    }
  }

 private:
  CpuBackend cpu_;
  std::string matrix_;
  Spoil spoil_;
  MatrixId spoilt_ = ~MatrixId{0};
};

BenchPlan small_plan() {
  return {.threads = 2,
          .prefill_tokens = 20,
          .decode_tokens = 5,
          .context_tokens = 0,
          .repeats = 2,
          .seed = 1,
          .kv = KvFormat::Int8};
}

BenchLimits round_limits() {
  const MachineLimits all{2, 20e9, 40e9, 200e9, 500e9, 1 << 29, 0, 1.0};
  const MachineLimits one{1, 10e9, 20e9, 100e9, 250e9, 1 << 29, 0, 1.0};
  return {all, one};
}

BenchParts parts_with(std::function<std::unique_ptr<MatmulBackend>(ThreadPool&)> make) {
  return {.make_backend = std::move(make), .measure_limits = round_limits};
}

BenchParts right_parts() {
  return parts_with([](ThreadPool& pool) { return std::make_unique<CpuBackend>(pool); });
}

BenchParts spoilt_parts(const std::string& matrix, const SpoiltBackend::Spoil& spoil) {
  return parts_with([matrix, spoil](ThreadPool& pool) {
    return std::make_unique<SpoiltBackend>(pool, matrix, spoil);
  });
}

class Bench : public testing::Test {
 protected:
  BenchResult run(const BenchPlan& plan, const BenchParts& parts) {
    return run_bench(model_, plan, parts, progress_);
  }

  ModelWeights model_ = make_synthetic(named_shape("tiny"), 1);
  Progress progress_{false};
};

auto says(const std::string& words) {
  return Throws<BenchCheckFailed>(Property(&BenchCheckFailed::what, HasSubstr(words)));
}

TEST_F(Bench, HoldsEachFigureAgainstItsLimit) {
  const BenchResult result = run(small_plan(), right_parts());
  ASSERT_TRUE(result.decode && result.prefill);
  EXPECT_FALSE(result.at_context);
  const auto& decode = *result.decode;
  EXPECT_EQ(decode.context, 2.0) << "the mean of 0 to 4 tokens in the cache";
  EXPECT_GT(decode.speed.tokens_per_s.median, 0.0);
  EXPECT_LE(decode.speed.tokens_per_s.low, decode.speed.tokens_per_s.median);
  EXPECT_GE(decode.speed.tokens_per_s.high, decode.speed.tokens_per_s.median);
  EXPECT_DOUBLE_EQ(decode.fraction_of_limit,
                   decode.speed.tokens_per_s.median * decode.traffic.total() / 20e9);
  ASSERT_TRUE(decode.one_thread && decode.speed.reading && decode.one_thread->reading);
  EXPECT_GT(decode.speed.reading->bytes_s, 0.0);
  EXPECT_GT(decode.one_thread->reading->share, 0.0);
  EXPECT_DOUBLE_EQ(result.prefill->macs_per_token,
                   static_cast<double>(model_.config.ternary_weights()));
  EXPECT_DOUBLE_EQ(result.prefill->fraction_of_limit,
                   result.prefill->tokens_per_s.median * result.prefill->macs_per_token / 500e9);
  // 11 tokens twice, 4 rows of 7 matrices in 2 layers.
  EXPECT_EQ(result.compared_sums, 2U * 11 * 4 * 7 * 2);
  EXPECT_GT(result.peak_rss_bytes, 0U);
}

TEST_F(Bench, TakesReadsAsLongAsTheLimitsForLimits) {
  for (const unsigned threads : {1U, 2U}) {
    BenchPlan plan = small_plan();
    plan.threads = threads;
    BenchParts parts = right_parts();
    parts.measure_limits = [&] {
      BenchLimits limits = round_limits();
      for (MachineLimits* of : {&limits.all, &limits.one}) {
        of->dram_bytes = 1;
        of->dram_bytes_s = 1;
      }
      limits.all.threads = threads;
      return limits;
    };
    const BenchResult result = run(plan, parts);
    const DecodeBench& decode = *result.decode;
    EXPECT_EQ(result.limits.all.dram_bytes_s, decode.speed.reading->bytes_s);
    EXPECT_EQ(result.limits.one.dram_bytes_s,
              (decode.one_thread ? *decode.one_thread : decode.speed).reading->bytes_s);
    EXPECT_DOUBLE_EQ(
        decode.fraction_of_limit,
        decode.speed.tokens_per_s.median * decode.traffic.total() / result.limits.all.dram_bytes_s);
  }
}

TEST_F(Bench, LeavesOutWhatNobodyAskedFor) {
  BenchPlan plan = small_plan();
  plan.prefill_tokens = 0;
  plan.threads = 1;
  BenchResult result = run(plan, right_parts());
  EXPECT_FALSE(result.prefill);
  EXPECT_FALSE(result.decode->one_thread) << "there is one thread anyway";
  plan = small_plan();
  plan.decode_tokens = 0;
  plan.prefill_tokens = 1;
  result = run(plan, right_parts());
  EXPECT_FALSE(result.decode);
  EXPECT_TRUE(result.prefill);
}

TEST_F(Bench, DecodesTheLastTokensOfTheContextAskedFor) {
  BenchPlan plan = small_plan();
  plan.context_tokens = 40;
  const BenchResult result = run(plan, right_parts());
  ASSERT_TRUE(result.at_context);
  EXPECT_EQ(result.at_context->context, 37.0) << "the mean of 35 to 39 tokens in the cache";
  EXPECT_GT(result.at_context->traffic.kv, result.decode->traffic.kv);
  EXPECT_EQ(result.at_context->traffic.head, result.decode->traffic.head);
}

TEST_F(Bench, MeasuresNothingWhereOneSumIsWrong) {
  const auto last_row = [](const ActivationBatch&, std::span<std::int32_t> sums) {
    sums.back() += 1;
  };
  EXPECT_THAT([&] { (void)run(small_plan(), spoilt_parts("layers.1.down_proj", last_row)); },
              says("layers.1.down_proj, row 63, token 10: the sum is "));
  const auto first_row = [](const ActivationBatch& x, std::span<std::int32_t> sums) {
    if (x.tokens == 1) sums.front() -= 1;
  };
  EXPECT_THAT([&] { (void)run(small_plan(), spoilt_parts("layers.0.k_proj", first_row)); },
              says("layers.0.k_proj, row 0, token 0: the sum is "));
}

TEST_F(Bench, MeasuresNothingWherePrefillAndDecodeDiffer) {
  // Of 64 rows; row 1 is in no sample of this matrix (0, 7919 % 64 = 47, 30, 63).
  const auto row_1_of_the_last_token = [](const ActivationBatch& x, std::span<std::int32_t> sums) {
    if (x.tokens > 1) sums[sums.size() - 63] += 1000;
  };
  EXPECT_THAT(
      [&] { (void)run(small_plan(), spoilt_parts("layers.0.q_proj", row_1_of_the_last_token)); },
      says("the logits of 11 tokens together differ from those of the same tokens one by one"));
}

TEST_F(Bench, RefusesWhatItCannotMeasureInOneSentence) {
  const auto refuses = [&](const BenchPlan& plan, const ModelConfig& config,
                           const std::string& words) {
    try {
      plan.validate(config);
      ADD_FAILURE() << "accepted: " << words;
    } catch (const std::exception& error) {
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  };
  const ModelConfig& tiny = named_shape("tiny");
  BenchPlan plan = small_plan();
  plan.prefill_tokens = plan.decode_tokens = 0;
  refuses(plan, tiny, "--pp 0 and --tg 0");
  plan = small_plan();
  plan.context_tokens = 4097;
  refuses(plan, tiny, "--context 4097: the model was made for 4096 tokens");
  plan.context_tokens = plan.decode_tokens;
  refuses(plan, tiny, "--context 5 with --tg 5");
  plan = small_plan();
  plan.prefill_tokens = 5000;
  refuses(plan, tiny, "--pp 5000");
  plan = small_plan();
  plan.decode_tokens = 5000;
  refuses(plan, tiny, "--tg 5000");
  ModelConfig huge = named_shape("100b");
  huge.layers = 100'000;
  refuses(small_plan(), huge, "GiB, but this machine has");
  small_plan().validate(tiny);
}

TEST(TokenRates, AreMedianAndQuartilesOrRange) {
  const TokenRate quartiles = rate_with_quartiles({0.5, 0.1, 0.2, 0.25, 0.4});
  EXPECT_DOUBLE_EQ(quartiles.median, 4.0);
  EXPECT_DOUBLE_EQ(quartiles.low, 2.5);
  EXPECT_DOUBLE_EQ(quartiles.high, 5.0);
  const TokenRate range = rate_with_range({2.0, 1.0}, 30);
  EXPECT_DOUBLE_EQ(range.median, 20.0);
  EXPECT_DOUBLE_EQ(range.low, 15.0);
  EXPECT_DOUBLE_EQ(range.high, 30.0);
  EXPECT_DOUBLE_EQ(rate_with_quartiles({0.5}).low, 2.0);
}

TEST(DecodeSpeeds, HoldEachTokenAgainstTheReadsAroundIt) {
  // 1 GB a token; memory gives 10 GB/s, then half of it: four fifths and three fifths of that is used.
  const std::vector<TokenTime> times = {{.seconds = 0.125, .reading_seconds = 0.05},
                                        {.seconds = 1.0 / 3, .reading_seconds = 0.1},
                                        {.seconds = 1.0 / 3, .reading_seconds = 0.1}};
  const DecodeSpeed speed = decode_speed(times, 1e9, 500'000'000);
  EXPECT_DOUBLE_EQ(speed.tokens_per_s.median, 3.0);
  ASSERT_TRUE(speed.reading);
  EXPECT_DOUBLE_EQ(speed.reading->bytes_s, 5e9);
  EXPECT_NEAR(speed.reading->share, 0.6, 1e-12)
      << "not 3 tokens/s over the 10 GB/s there once were";
  EXPECT_NEAR(decode_speed({times[0]}, 1e9, 500'000'000).reading->share, 0.8, 1e-12);
  EXPECT_FALSE(decode_speed(times, 1e9, 0).reading) << "nothing was read";
}

TEST(Limits, AreRaisedByReadsAsLongAsTheirOwn) {
  const MachineLimits limits = round_limits().all;
  const std::size_t bytes = limits.threads * limits.dram_bytes;
  const auto raised = [&](std::size_t read_bytes, double bytes_s) {
    return raised_by(limits, Reading{read_bytes, bytes_s, 0.9}).dram_bytes_s;
  };
  EXPECT_EQ(raised(bytes, 30e9), 30e9);
  EXPECT_EQ(raised(bytes, 10e9), 20e9) << "slower reads are no limit";
  EXPECT_EQ(raised(bytes - 1, 30e9), 20e9) << "these may have come from a cache";
  EXPECT_EQ(raised_by(limits, std::nullopt).dram_bytes_s, 20e9);
}

}  // namespace
}  // namespace sterna::host
