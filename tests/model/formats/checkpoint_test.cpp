// SPDX-License-Identifier: Apache-2.0
#include "model/formats/checkpoint.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/formats/huggingface/ternarize.hpp"
#include "tests/model/formats/huggingface/safetensors_file.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::HasSubstr;

std::vector<std::vector<int>> rows_of(const PackedTernary& packed) {
  std::vector<std::vector<int>> rows;
  std::vector<Trit> row(packed.cols());
  for (std::size_t r = 0; r < packed.rows(); ++r) {
    packed.unpack_row(r, row);
    rows.emplace_back(row.begin(), row.end());
  }
  return rows;
}

PackedTernary unpack(const std::vector<std::uint8_t>& bytes, std::size_t rows, std::size_t cols) {
  ThreadPool pool(2);
  return unpack_quarters(std::as_bytes(std::span(bytes)), rows, cols,
                         std::pmr::get_default_resource(), pool);
}

// Known answer of the Hugging Face packing: codes are the trits plus one.
TEST(UnpackQuarters, GivesTheKnownAnswer) {
  const std::vector<std::vector<int>> codes{{0, 1, 1, 0}, {1, 1, 0, 2}, {2, 1, 2, 2}, {1, 2, 0, 2},
                                            {0, 0, 2, 0}, {0, 0, 1, 1}, {0, 1, 1, 0}, {2, 2, 1, 2}};
  std::vector<std::vector<int>> trits = codes;
  for (auto& row : trits) {
    for (int& value : row) value -= 1;
  }
  EXPECT_EQ(rows_of(unpack({8, 69, 105, 8, 133, 137, 80, 154}, 8, 4)), trits);
}

TEST(UnpackQuarters, IgnoresThePaddingOfTheLastQuarter) {
  // Five rows in quarters of two: rows 0-1, 2-3, 4-(none), none.
  const std::vector<std::uint8_t> bytes{0b00'10'01'00, 0b11'11'00'10};
  EXPECT_EQ(rows_of(unpack(bytes, 5, 1)),
            (std::vector<std::vector<int>>{{-1}, {1}, {0}, {-1}, {1}}));
}

TEST(UnpackQuarters, NamesTheCodeThatIsNoTrit) {
  EXPECT_THAT(error_of([] {
                (void)unpack({0x55, 0x55, 0x55, 0xD5}, 8, 2);
              }),
              HasSubstr("code 3, which is no trit, for row 7, column 1"));
}

TernaryLinear ternarized(const std::vector<float>& weights, std::size_t rows,
                         unsigned threads = 2) {
  const std::size_t cols = weights.size() / rows;
  const auto read_row = [&](std::size_t r, std::span<float> out) {
    std::copy_n(weights.begin() + static_cast<std::ptrdiff_t>(r * cols), cols, out.begin());
  };
  ThreadPool pool(threads);
  return ternarize(rows, cols, read_row, std::pmr::get_default_resource(), pool);
}

TEST(Ternarize, DividesByTheMeanMagnitudeAndRoundsHalfToEven) {
  // Mean magnitude 2: 1.0 is halfway and goes to zero, what is above it to one.
  const TernaryLinear linear = ternarized({1.0F, -1.0F, 1.5F, -4.5F, 0.0F, 4.0F}, 2);
  EXPECT_EQ(linear.scale, 2.0F);
  EXPECT_EQ(rows_of(linear.trits), (std::vector<std::vector<int>>{{0, 0, 1}, {-1, 0, 1}}));
}

// Thirds of very different size: the float64 sum depends on its order.
TEST(Ternarize, GivesTheSameBitsForAnyThreads) {
  std::vector<float> weights(60 * 33);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::ldexp(static_cast<float>(i * 2654435761U % 1000) - 500.0F,
                            static_cast<int>(i % 3) * 20);
  }
  const TernaryLinear one = ternarized(weights, 60, 1);
  for (const unsigned threads : {2U, 3U, 7U}) {
    const TernaryLinear many = ternarized(weights, 60, threads);
    EXPECT_EQ(many.scale, one.scale);
    EXPECT_EQ(rows_of(many.trits), rows_of(one.trits));
  }
}

TEST(Ternarize, HoldsDeadAndHugeWeights) {
  const TernaryLinear dead = ternarized({0.0F, -0.0F, 1e-34F, -1e-40F}, 2);
  EXPECT_EQ(rows_of(dead.trits), (std::vector<std::vector<int>>{{0, 0}, {0, 0}}));
  EXPECT_EQ(dead.scale, 1.0F / (1.0F / 1e-5F));
  const float largest = std::numeric_limits<float>::max();
  const TernaryLinear huge = ternarized({largest, -largest, largest, 0.0F}, 2);
  EXPECT_EQ(rows_of(huge.trits), (std::vector<std::vector<int>>{{1, -1}, {1, 0}}));
  EXPECT_THROW((void)ternarized({1.0F, std::numeric_limits<float>::quiet_NaN()}, 1),
               std::invalid_argument);
  EXPECT_THROW((void)ternarized({1.0F, std::numeric_limits<float>::infinity()}, 1),
               std::invalid_argument);
}

// A checkpoint small enough to break it in every way: one layer of width 4.
class Checkpoint : public testing::Test {
 protected:
  Checkpoint() {
    config_ = {
        {"model_type", "bitnet"},
        {"vocab_size", 5},
        {"hidden_size", 4},
        {"intermediate_size", 6},
        {"num_hidden_layers", 1},
        {"num_attention_heads", 2},
        {"num_key_value_heads", 1},
        {"max_position_embeddings", 16},
        {"tie_word_embeddings", true},
        {"quantization_config", {{"quant_method", "bitnet"}, {"linear_class", "autobitlinear"}}}};
    add_floats("model.embed_tokens.weight", {5, 4});
    add_floats("model.norm.weight", {4});
    add_floats(kLayer + "input_layernorm.weight", {4});
    add_floats(kLayer + "post_attention_layernorm.weight", {4});
    for (const char* name : {"q_proj", "o_proj"}) add_packed(kAttention + name, 1, 4);
    for (const char* name : {"k_proj", "v_proj"}) add_packed(kAttention + name, 1, 4);
    for (const char* name : {"gate_proj", "up_proj"}) add_packed(kMlp + name, 2, 4);
    add_packed(kMlp + "down_proj", 1, 6);
  }

  void add_floats(const std::string& name, std::vector<std::uint64_t> shape, float value = 0.5F) {
    std::size_t count = 1;
    for (const std::uint64_t extent : shape) count *= extent;
    tensors_.push_back({name, "F32", std::move(shape), bytes_of(std::vector<float>(count, value))});
  }
  void add_packed(const std::string& name, std::uint64_t quarter, std::uint64_t cols) {
    // 0x94: quarters -1, 0, 0, 1.
    tensors_.push_back(
        {name + ".weight", "U8", {quarter, cols}, std::string(quarter * cols, '\x94')});
    add_floats(name + ".weight_scale", {1}, 0.25F);
  }
  WrittenTensor& tensor(const std::string& name) {
    return *std::find_if(tensors_.begin(), tensors_.end(),
                         [&](const WrittenTensor& t) { return t.name == name; });
  }
  ModelWeights load() {
    write_file(folder() / "config.json", config_.dump());
    write_file(folder() / "model.safetensors", written(tensors_).bytes());
    return load_checkpoint(folder());
  }
  std::string load_error() {
    return error_of([&] { (void)load(); });
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

  const std::string kLayer = "model.layers.0.";
  const std::string kAttention = kLayer + "self_attn.";
  const std::string kMlp = kLayer + "mlp.";
  nlohmann::json config_;
  std::vector<WrittenTensor> tensors_;

 private:
  ScratchFolder folder_;
};

TEST_F(Checkpoint, LoadsPackedMatricesWithBothConventions) {
  EXPECT_EQ(load().layers[0].q.scale, 0.25F);
  config_["quantization_config"]["linear_class"] = "bitlinear";
  const ModelWeights weights = load();
  EXPECT_EQ(weights.layers[0].q.scale, 4.0F);
  EXPECT_EQ(rows_of(weights.layers[0].k.trits),
            (std::vector<std::vector<int>>{{-1, -1, -1, -1}, {0, 0, 0, 0}}));
  EXPECT_EQ(&weights.head(), &weights.embedding);
  EXPECT_TRUE(weights.layers[0].attention_sub_norm.empty());
  EXPECT_TRUE(weights.layers[0].ffn_sub_norm.empty());
}

TEST_F(Checkpoint, TakesSubNormsUnderBothNames) {
  add_floats(kAttention + "inner_attn_ln.weight", {4}, 2.0F);
  add_floats(kMlp + "ffn_sub_norm.weight", {6}, 3.0F);
  const ModelWeights weights = load();
  EXPECT_EQ(weights.layers[0].attention_sub_norm, std::vector<float>(4, 2.0F));
  EXPECT_EQ(weights.layers[0].ffn_sub_norm, std::vector<float>(6, 3.0F));
}

TEST_F(Checkpoint, WantsTheSubNormsOfTheFirstLayerInEveryLayer) {
  for (const WrittenTensor& tensor : std::vector(tensors_)) {
    if (!tensor.name.starts_with(kLayer)) continue;
    const std::string second = "model.layers.1." + tensor.name.substr(kLayer.size());
    tensors_.push_back({second, tensor.dtype, tensor.shape, tensor.bytes});
  }
  config_["num_hidden_layers"] = 2;
  EXPECT_NO_THROW((void)load());
  add_floats("model.layers.1.mlp.ffn_sub_norm.weight", {6});
  EXPECT_THAT(load_error(), HasSubstr("layers.1.mlp.ffn_sub_norm.weight is not part of the model"));
  add_floats(kMlp + "ffn_sub_norm.weight", {6});
  EXPECT_EQ(load().layers[1].ffn_sub_norm, std::vector<float>(6, 0.5F));
  add_floats(kAttention + "attn_sub_norm.weight", {4});
  EXPECT_THAT(load_error(), HasSubstr("layers.1.self_attn.attn_sub_norm.weight is missing"));
}

TEST_F(Checkpoint, TakesAHeadOfItsOwn) {
  config_["tie_word_embeddings"] = false;
  EXPECT_THAT(load_error(), HasSubstr("tensor lm_head.weight is missing; shape [5, 4]"));
  add_floats("lm_head.weight", {5, 4}, 7.0F);
  const ModelWeights weights = load();
  EXPECT_EQ(std::get<Elements<float>>(weights.head().values)[0], 7.0F);
  config_["tie_word_embeddings"] = true;
  EXPECT_NO_THROW((void)load());  // published files carry the copy
}

TEST_F(Checkpoint, TernarisesMastersOfEveryFloatType) {
  config_.erase("quantization_config");
  EXPECT_THAT(load_error(), HasSubstr("has shape [1, 4] where config.json asks for [4, 4]"));
  const std::vector<std::pair<std::string, std::vector<std::uint64_t>>> matrices{
      {kAttention + "q_proj", {4, 4}}, {kAttention + "k_proj", {2, 4}},
      {kAttention + "v_proj", {2, 4}}, {kAttention + "o_proj", {4, 4}},
      {kMlp + "gate_proj", {6, 4}},    {kMlp + "up_proj", {6, 4}},
      {kMlp + "down_proj", {4, 6}}};
  for (const auto& [dtype, one] :
       {std::pair<const char*, std::uint16_t>{"BF16", 0x3F80}, {"F16", 0x3C00}}) {
    for (const auto& [name, shape] : matrices) {
      std::erase_if(tensors_, [&](const WrittenTensor& t) { return t.name.starts_with(name); });
      std::vector<std::uint16_t> values(shape[0] * shape[1], 0);
      values.front() = one;
      tensors_.push_back({name + ".weight", dtype, shape, bytes_of(values)});
    }
    const ModelWeights weights = load();
    const TernaryLinear& q = weights.layers[0].q;
    EXPECT_EQ(q.scale, 1.0F / 16) << dtype;
    EXPECT_EQ(rows_of(q.trits)[0], (std::vector<int>{1, 0, 0, 0})) << dtype;
  }
}

TEST_F(Checkpoint, NamesFileTensorAndValue) {
  struct Break {
    std::string tensor, dtype;
    std::vector<std::uint64_t> shape;
    std::string bytes, says;
  };
  const std::string q = kAttention + "q_proj";
  const std::vector<Break> breaks{
      {q + ".weight",
       "U8",
       {2, 4},
       std::string(8, '\x55'),
       "[2, 4] where config.json asks for [1, 4]"},
      {q + ".weight", "I8", {1, 4}, std::string(4, '\x55'), "dtype I8 where U8 is expected"},
      {q + ".weight", "F32", {1, 4}, std::string(16, '\0'), "dtype F32 where U8 is expected"},
      {q + ".weight", "U8", {1, 4}, std::string(4, '\xFF'), "code 3"},
      {q + ".weight_scale", "F32", {2}, std::string(8, '\0'), "has shape [2]"},
      {q + ".weight_scale", "F32", {1}, std::string(4, '\0'), "is 0.000000 where a number above 0"},
      {q + ".weight_scale", "F32", {1}, std::string(4, '\xFF'), "nan where a number above 0"},
      {q + ".weight_scale", "U8", {1}, "x", "dtype U8 where F32, BF16 or F16 is expected"},
      {"model.norm.weight", "F32", {5}, std::string(20, '\0'), "has shape [5]"},
      {"model.norm.weight", "F64", {4}, std::string(32, '\0'), "dtype F64"},
      {"model.embed_tokens.weight", "I64", {5, 4}, std::string(160, '\0'), "dtype I64"},
  };
  const std::vector<WrittenTensor> good = tensors_;
  for (const Break& broken : breaks) {
    tensors_ = good;
    tensor(broken.tensor) = {broken.tensor, broken.dtype, broken.shape, broken.bytes};
    const std::string error = load_error();
    EXPECT_THAT(error, HasSubstr("model.safetensors: tensor " + broken.tensor));
    EXPECT_THAT(error, HasSubstr(broken.says));
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST_F(Checkpoint, RefusesEveryMissingTensor) {
  const std::vector<WrittenTensor> good = tensors_;
  for (const WrittenTensor& missing : good) {
    tensors_ = good;
    std::erase_if(tensors_, [&](const WrittenTensor& t) { return t.name == missing.name; });
    EXPECT_THAT(load_error(), HasSubstr("tensor " + missing.name + " is missing"));
  }
}

TEST_F(Checkpoint, RefusesATensorOfAnotherModel) {
  add_floats(kAttention + "q_proj.bias", {4});
  EXPECT_THAT(load_error(), HasSubstr("q_proj.bias is not part of the model"));
}

TEST_F(Checkpoint, NamesWhatIsMissing) {
  EXPECT_THAT(error_of([] { (void)load_checkpoint("/nowhere"); }),
              HasSubstr("/nowhere is not a folder"));
  EXPECT_THAT(error_of([&] { (void)load_checkpoint(folder()); }),
              HasSubstr("config.json does not exist"));
  EXPECT_THAT(error_of([] { (void)load_model("synthetic:x", 1); }), HasSubstr("choose one of"));
  EXPECT_EQ(load_model("synthetic:tiny", 1).config.hidden, 64U);
  EXPECT_THAT(error_of([] { (void)open_checkpoint("synthetic:tiny"); }),
              HasSubstr("synthetic:tiny has random weights and no file"));
}

TEST_F(Checkpoint, NeverCrashesOnAChangedOrCutFile) {
  (void)load();
  const std::filesystem::path file = folder() / "model.safetensors";
  const std::string good = read_file(file);
  for (std::size_t i = 0; i < good.size(); i += 3) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
    write_file(file, bad);
    (void)error_of([&] { (void)load_checkpoint(folder()); });
  }
  for (std::size_t kept = 0; kept < good.size(); kept += 41) {
    write_file(file, good.substr(0, kept));
    EXPECT_NE(error_of([&] { (void)load_checkpoint(folder()); }), "") << kept;
  }
  write_file(file, good);
  const std::string config = config_.dump();
  for (std::size_t i = 0; i < config.size(); ++i) {
    for (const char byte : {'7', '"', '}'}) {
      std::string bad = config;
      bad[i] = byte;
      write_file(folder() / "config.json", bad);
      (void)error_of([&] { (void)load_checkpoint(folder()); });
    }
  }
}

}  // namespace
}  // namespace sterna
