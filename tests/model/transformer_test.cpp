// SPDX-License-Identifier: Apache-2.0

// What must hold whatever the weights: the same bits for any number of threads, any cut of the
// tokens into calls and batches, and any backend.

#include "model/transformer.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/synthetic.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ModelConfig small_config() {
  // Widths off every block: heads of 10, a feed-forward of 67, a vocabulary over one block of the head.
  ModelConfig config = named_shape("tiny");
  config.hidden = 60;
  config.heads = 6;
  config.kv_heads = 2;
  config.head_dim = 10;
  config.ffn = 67;
  config.vocab = 300;
  config.max_tokens = 64;
  return config;
}

const ModelWeights& small_model() {
  static const ModelWeights weights = make_synthetic(small_config(), 3);
  return weights;
}

std::vector<TokenId> some_tokens(std::size_t count) {
  std::vector<TokenId> tokens(count);
  for (std::size_t i = 0; i < count; ++i) tokens[i] = static_cast<TokenId>((i * i * 7 + 3) % 300);
  return tokens;
}

const std::vector<float>& reference_logits() {
  static const std::vector<float> logits = CpuModel(small_model()).logits(some_tokens(40), 40);
  return logits;
}

// The plainest backend there is, and what it was asked.
class PlainBackend : public MatmulBackend {
 public:
  MatrixId add_matrix(std::string_view name, const PackedTernary& weights) override {
    names.emplace_back(name);
    matrices_.push_back(&weights);
    return matrices_.size() - 1;
  }
  void multiply(const ActivationBatch& x, std::span<const Product> products) override {
    calls.push_back(products.size());
    for (const Product& product : products) {
      const PackedTernary& w = *matrices_.at(product.matrix);
      ASSERT_EQ(w.cols(), x.cols);
      ASSERT_EQ(product.sums.size(), x.tokens * w.rows());
      std::vector<Trit> row(w.cols());
      for (std::size_t r = 0; r < w.rows(); ++r) {
        w.unpack_row(r, row);
        for (std::size_t t = 0; t < x.tokens; ++t) {
          std::int32_t sum = 0;
          for (std::size_t c = 0; c < x.cols; ++c) sum += row[c] * x.values[t * x.cols + c];
          product.sums[t * w.rows() + r] = sum;
        }
      }
    }
  }

  std::vector<std::string> names;
  std::vector<std::size_t> calls;  // products of each

 private:
  std::vector<const PackedTernary*> matrices_;
};

TEST(Transformer, GivesTheSameBitsOneTokenAtATime) {
  CpuModel model(small_model());
  for (const std::size_t step : {1U, 2U, 3U, 7U, 39U}) {
    EXPECT_EQ(model.logits(some_tokens(40), step), reference_logits()) << step;
  }
}

TEST(Transformer, GivesTheSameBitsForAnyBatch) {
  for (const std::size_t batch : {1U, 5U, 16U, 1000U}) {
    CpuModel model(small_model(), 1, batch);
    EXPECT_EQ(model.logits(some_tokens(40), 40), reference_logits()) << batch;
  }
}

TEST(Transformer, GivesTheSameBitsForAnyNumberOfThreads) {
  for (const unsigned threads : {2U, 3U, 4U, 13U}) {
    CpuModel model(small_model(), threads);
    EXPECT_EQ(model.logits(some_tokens(40), 40), reference_logits()) << threads;
    EXPECT_EQ(model.logits(some_tokens(40), 1), reference_logits()) << threads;
  }
}

// Large enough that every loop is worth a second thread.
TEST(Transformer, GivesTheSameBitsForAnyNumberOfThreadsThatShareEveryLoop) {
  const ModelWeights weights = make_synthetic(named_shape("5m"), 6);
  const std::vector<TokenId> tokens = some_tokens(150);
  const std::vector<float> reference = CpuModel(weights, 1, 150).logits(tokens, 150);
  for (const unsigned threads : {2U, 5U}) {
    EXPECT_EQ(CpuModel(weights, threads, 150).logits(tokens, 150), reference) << threads;
  }
}

TEST(Transformer, GivesTheSameBitsOnEveryInstructionSetAndBackend) {
  for (const PanelKernels& impl : all_panel_kernels()) {
    if (!impl.supported()) continue;
    CpuModel model(small_model(), 1, 128, impl.name);
    EXPECT_EQ(model.logits(some_tokens(40), 40), reference_logits()) << impl.name;
  }
  ThreadPool pool(1);
  PlainBackend plain;
  Transformer model(small_model(), plain, pool, TransformerLimits::of(small_config()));
  std::vector<float> logits(reference_logits().size());
  model.forward(some_tokens(40), Logits::All, logits);
  EXPECT_EQ(logits, reference_logits());
}

TEST(Transformer, GivesTheSameBitsWithAnInt8CacheForAnyCutAndThreads) {
  const auto logits = [](unsigned threads, std::size_t batch, std::size_t step) {
    return CpuModel(small_model(), threads, batch, "auto", KvFormat::Int8)
        .logits(some_tokens(40), step);
  };
  const std::vector<float> reference = logits(1, 128, 40);
  EXPECT_NE(reference, reference_logits());
  for (const std::size_t step : {1U, 7U, 39U}) EXPECT_EQ(logits(1, 128, step), reference) << step;
  EXPECT_EQ(logits(3, 5, 40), reference);
}

TEST(Transformer, GivesTheLastLogitsAlone) {
  CpuModel model(small_model(), 1, 7);
  std::vector<float> last(300);
  model.transformer.forward(some_tokens(40), Logits::Last, last);
  const std::vector<float>& all = reference_logits();
  EXPECT_EQ(last, std::vector<float>(all.end() - 300, all.end()));
}

TEST(Transformer, AsksForMatricesThatShareTheirInputTogether) {
  ThreadPool pool(1);
  PlainBackend plain;
  Transformer model(small_model(), plain, pool, TransformerLimits::of(small_config()));
  ASSERT_EQ(plain.names.size(), 14U);
  plain.names.resize(8);
  EXPECT_THAT(plain.names, ElementsAre("layers.0.q_proj", "layers.0.k_proj", "layers.0.v_proj",
                                       "layers.0.o_proj", "layers.0.gate_proj", "layers.0.up_proj",
                                       "layers.0.down_proj", "layers.1.q_proj"));
  std::vector<float> logits(300);
  model.forward(some_tokens(5), Logits::Last, logits);
  EXPECT_THAT(plain.calls, ElementsAre(3, 1, 2, 1, 3, 1, 2, 1));
}

TEST(Transformer, StartsAgainAfterReset) {
  CpuModel model(small_model());
  const std::vector<float> first = model.logits(some_tokens(9), 9);
  (void)model.logits(some_tokens(40), 3);
  EXPECT_EQ(model.transformer.position(), 40U);
  EXPECT_EQ(model.logits(some_tokens(9), 9), first);
}

TEST(Transformer, RunsWithoutSubNormsAndWithItsOwnHead) {
  ModelWeights weights = small_model();
  weights.config.tied_head = false;
  const ModelWeights other = make_synthetic(small_config(), 4);
  weights.own_head = other.embedding;
  for (LayerWeights& layer : weights.layers) {
    layer.attention_sub_norm.clear();
    layer.ffn_sub_norm.clear();
  }
  CpuModel model(weights);
  const std::vector<float> logits = model.logits(some_tokens(12), 12);
  EXPECT_EQ(model.logits(some_tokens(12), 1), logits);
  EXPECT_NE(logits, CpuModel(small_model()).logits(some_tokens(12), 12));
}

TEST(Transformer, SeesTokensBeforeButNotAfter) {
  CpuModel model(small_model());
  std::vector<TokenId> tokens = some_tokens(10);
  const std::vector<float> before = model.logits(tokens, 10);
  tokens[6] = 299;
  const std::vector<float> after = model.logits(tokens, 10);
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + 6 * 300, after.begin()));
  for (std::size_t t = 6; t < 10; ++t) EXPECT_NE(before[t * 300], after[t * 300]) << t;
}

TEST(Transformer, RefusesACallAndStaysAsItWas) {
  CpuModel model(small_model());
  std::vector<float> logits(64 * 300);
  const auto error = [&](const std::vector<TokenId>& tokens, std::size_t size) {
    return error_of(
        [&] { model.transformer.forward(tokens, Logits::All, std::span(logits).first(size)); });
  };
  model.transformer.forward(some_tokens(60), Logits::All, std::span(logits).first(60 * 300));
  EXPECT_EQ(
      error(some_tokens(5), 5 * 300),
      "the context of 64 tokens is too short for 65: give a shorter text or a longer context");
  EXPECT_EQ(error({1, 300}, 600), "token 300 at position 61 is not in the vocabulary of 300");
  EXPECT_THAT(error({}, 0), HasSubstr("no tokens"));
  EXPECT_THAT(error({1}, 299), HasSubstr("299 elements where 300"));
  EXPECT_EQ(model.transformer.position(), 60U);
  EXPECT_EQ(error(some_tokens(4), 4 * 300), "");
  EXPECT_EQ(model.transformer.position(), 64U);
}

TEST(Transformer, RefusesLimitsOutsideTheModel) {
  ThreadPool pool(1);
  CpuBackend backend(pool);
  const auto error = [&](TransformerLimits limits) {
    return error_of([&] { const Transformer model(small_model(), backend, pool, limits); });
  };
  EXPECT_THAT(error({65, 1}), HasSubstr("context is 65 tokens: this model takes 1 to 64"));
  EXPECT_THAT(error({0, 1}), HasSubstr("context is 0"));
  EXPECT_THAT(error({64, 0}), HasSubstr("batch is 0"));
}

TEST(Transformer, RefusesACacheBeyondTheMemory) {
  ModelConfig config = small_config();
  config.max_tokens = 1U << 24;
  config.layers = 4096;  // 4096 * 20 * 2^24 * 8 bytes: 10 TiB
  EXPECT_THAT(error_of([&] {
                ThreadPool pool(1);
                (void)make_attention(KvFormat::Float32, config, config.max_tokens, pool);
              }),
              HasSubstr("choose a shorter context"));
}

TEST(Transformer, SaysWhenAnActivationOverflows) {
  ModelWeights weights = small_model();
  for (float& x : weights.layers[1].attention_norm) x = std::numeric_limits<float>::max();
  weights.layers[1].q.scale = std::numeric_limits<float>::max();
  weights.layers[1].attention_norm[5] = std::numeric_limits<float>::infinity();
  CpuModel model(weights, 2);
  EXPECT_THAT(error_of([&] { (void)model.logits(some_tokens(4), 4); }),
              HasSubstr("an activation is infinite or not a number"));
  EXPECT_EQ(model.transformer.position(), 0U);
}

TEST(Synthetic, IsTheSameForASeedAndAboutAsSparseAsPublished) {
  const ModelWeights again = make_synthetic(small_config(), 3);
  EXPECT_TRUE(std::ranges::equal(again.layers[1].up.trits.bytes(),
                                 small_model().layers[1].up.trits.bytes()));
  const ModelWeights other = make_synthetic(small_config(), 5);
  EXPECT_FALSE(std::ranges::equal(other.layers[1].up.trits.bytes(),
                                  small_model().layers[1].up.trits.bytes()));
  const ModelWeights larger = make_synthetic(named_shape("5m"), 1);
  const PackedTernary& w = larger.layers[0].up.trits;
  std::vector<Trit> row(w.cols());
  std::size_t zeros = 0;
  for (std::size_t r = 0; r < w.rows(); ++r) {
    w.unpack_row(r, row);
    zeros += static_cast<std::size_t>(std::count(row.begin(), row.end(), 0));
  }
  // 176128 draws: the standard deviation of the share is 0.0012.
  EXPECT_NEAR(static_cast<double>(zeros) / static_cast<double>(w.rows() * w.cols()), 0.42, 0.007);
}

TEST(Synthetic, RefusesAShapeBeyondTheMemory) {
  ModelConfig config = named_shape("100b");
  config.layers = 4096;
  EXPECT_THAT(error_of([&] { (void)make_synthetic(config, 1); }), HasSubstr("GiB"));
}

}  // namespace
}  // namespace sterna
