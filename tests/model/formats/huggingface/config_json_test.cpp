// SPDX-License-Identifier: Apache-2.0
#include "model/formats/huggingface/config_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/synthetic.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

// A config.json like those that are published.
nlohmann::json published() {
  return nlohmann::json::parse(R"({
    "architectures": ["BitNetForCausalLM"], "model_type": "bitnet", "vocab_size": 320,
    "hidden_size": 128, "intermediate_size": 344, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "relu2",
    "max_position_embeddings": 256, "rms_norm_eps": 1e-05, "tie_word_embeddings": true,
    "bos_token_id": 1, "eos_token_id": 2, "rope_theta": 10000.0,
    "quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear",
                            "quantization_mode": "offline"}})");
}

class Config : public testing::Test {
 protected:
  CheckpointConfig read(const nlohmann::json& json) { return read_text(json.dump()); }
  CheckpointConfig read_text(const std::string& text) {
    write_file(file(), text);
    return read_config(file());
  }
  std::filesystem::path file() const { return folder_.path() / "config.json"; }

 private:
  ScratchFolder folder_;
};

TEST_F(Config, ReadsEveryField) {
  const CheckpointConfig config = read(published());
  const ModelConfig expected{.hidden = 128,
                             .layers = 3,
                             .heads = 4,
                             .kv_heads = 2,
                             .head_dim = 32,
                             .ffn = 344,
                             .vocab = 320,
                             .max_tokens = 256,
                             .rope_theta = 10000.0F,
                             .norm_eps = 1e-5F,
                             .activation = Activation::Relu2,
                             .tied_head = true};
  EXPECT_EQ(config.model, expected);
  EXPECT_EQ(config.form, WeightForm::PackedMultiply);
  EXPECT_EQ(config.special, (SpecialTokens{.begin = 1, .end = {2}}));
}

// The shape of 2B4T is what transformers assumes when a file says nothing, but for three fields.
TEST_F(Config, HasTheDefaultsOfTransformers) {
  ModelConfig expected = named_shape("2b4t");
  expected.max_tokens = 2048;
  expected.tied_head = false;
  const CheckpointConfig config = read(nlohmann::json::object());
  EXPECT_EQ(config.model, expected);
  EXPECT_EQ(config.form, WeightForm::Master);
}

TEST_F(Config, HasOtherDefaultsForLlama) {
  const ModelConfig llama = read({{"model_type", "llama"}}).model;
  EXPECT_EQ(llama.activation, Activation::Silu);
  EXPECT_EQ(llama.kv_heads, llama.heads);
  EXPECT_EQ(llama.rope_theta, 10000.0F);
}

TEST_F(Config, TakesBothSpellingsOfRope) {
  nlohmann::json json = published();
  json.erase("rope_theta");
  EXPECT_EQ(read(json).model.rope_theta, 500000.0F);
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 2000.0}};
  EXPECT_EQ(read(json).model.rope_theta, 2000.0F);
  json["rope_parameters"] = {{"rope_type", "yarn"}, {"rope_theta", 2000.0}};
  EXPECT_THROW((void)read(json), std::runtime_error);
}

TEST_F(Config, ChoosesTheFormOfTheWeights) {
  nlohmann::json json = published();
  nlohmann::json& quantization = json["quantization_config"];
  quantization["linear_class"] = "bitlinear";
  EXPECT_EQ(read(json).form, WeightForm::PackedDivide);
  quantization.erase("linear_class");
  EXPECT_EQ(read(json).form, WeightForm::PackedDivide);
  quantization["quantization_mode"] = "online";
  EXPECT_EQ(read(json).form, WeightForm::Master);
  json["quantization_config"] = nullptr;
  EXPECT_EQ(read(json).form, WeightForm::Master);
}

TEST_F(Config, TakesSeveralEndTokensAndDropsThoseOutsideTheVocabulary) {
  nlohmann::json json = published();
  json["eos_token_id"] = {2, 319, 320};
  json["bos_token_id"] = nullptr;
  EXPECT_EQ(read(json).special, (SpecialTokens{.begin = std::nullopt, .end = {2, 319}}));
}

TEST_F(Config, HasTheTokensOfItsClassWhereTheFileNamesNone) {
  EXPECT_EQ(read(nlohmann::json::object()).special,
            (SpecialTokens{.begin = 128000, .end = {128001, kLlama3EndOfTurn}}));
  EXPECT_EQ(read({{"model_type", "llama"}}).special, (SpecialTokens{.begin = 1, .end = {2}}));
  EXPECT_EQ(read({{"model_type", "llama"}, {"vocab_size", 2}}).special,
            (SpecialTokens{.begin = 1, .end = {}}));
  EXPECT_EQ(
      read({{"model_type", "llama"}, {"bos_token_id", nullptr}, {"eos_token_id", nullptr}}).special,
      (SpecialTokens{.begin = std::nullopt, .end = {}}));
}

TEST_F(Config, TakesEndTokensOfTheGenerationConfigToo) {
  write_file(file().parent_path() / "generation_config.json", R"({"eos_token_id": [2, 7, 999]})");
  EXPECT_EQ(read(published()).special, (SpecialTokens{.begin = 1, .end = {2, 7}}));
  write_file(file().parent_path() / "generation_config.json", R"({"eos_token_id": "x"})");
  EXPECT_NE(error_of([&] { (void)read(published()); }).find("generation_config.json: eos_token_id"),
            std::string::npos);
}

TEST_F(Config, AddsTheEndOfATurnOfLlama3) {
  nlohmann::json json = published();
  json["vocab_size"] = 128256;
  EXPECT_EQ(read(json).special.end, (std::vector<TokenId>{2}));
  json["eos_token_id"] = 128001;
  EXPECT_EQ(read(json).special.end, (std::vector<TokenId>{128001, 128009}));
}

TEST_F(Config, TellsABitNetInTheClassOfLlama) {
  nlohmann::json json = published();
  json["model_type"] = "llama";
  EXPECT_EQ(read(json).form, WeightForm::PackedMultiply);
  json.erase("quantization_config");
  EXPECT_EQ(read(json).form, WeightForm::Plain);
  json["weight_bits"] = 1;
  json["input_bits"] = 8;
  EXPECT_EQ(read(json).form, WeightForm::Master);
}

TEST_F(Config, TakesAnExplicitHeadWidth) {
  nlohmann::json json = published();
  json["head_dim"] = 64;
  EXPECT_EQ(read(json).model.q_width(), 256U);
  EXPECT_EQ(read(json).model.kv_width(), 128U);
}

// A field, a value, and what the one sentence of the error must hold besides the file.
struct Refusal {
  const char* field;
  const char* value;
  const char* fix;
};

TEST_F(Config, RefusesWithFileFieldValueAndFix) {
  constexpr Refusal kRefusals[] = {
      {"num_attention_heads", "3", "must divide hidden_size, 128"},
      {"num_attention_heads", "0", "from 1 to 4096"},
      {"num_key_value_heads", "3", "must be a multiple of num_key_value_heads, 3"},
      {"num_key_value_heads", "8", "must be a multiple of num_key_value_heads, 8"},
      {"hidden_size", "-128", "a whole number"},
      {"hidden_size", "128.5", "a whole number"},
      {"hidden_size", "\"128\"", "a whole number"},
      {"hidden_size", "4294967296", "a whole number from 1 to 1048576"},
      {"hidden_size", "18446744073709551616", "a whole number"},
      {"vocab_size", "4000000000", "a whole number from 1 to 16777216"},
      {"num_hidden_layers", "0", "a whole number from 1 to 4096"},
      {"head_dim", "33", "must be even"},
      {"head_dim", "1048576", "must be at most 1048576"},
      {"hidden_act", "\"gelu\"", "only relu2 and silu"},
      {"hidden_act", "7", "a string"},
      {"model_type", "\"qwen3\"", "only bitnet and llama"},
      {"tie_word_embeddings", "1", "true or false"},
      {"attention_bias", "true", "not supported"},
      {"rms_norm_eps", "0", "a number above 0"},
      {"rms_norm_eps", "-1e-5", "a number above 0"},
      {"rope_theta", "null", ""},
      {"rope_theta", "0.0", "a number above 0"},
      {"rope_scaling", "{\"type\": \"linear\", \"factor\": 2.0}", "default rotary"},
      {"bos_token_id", "-1", "a token id"},
      {"eos_token_id", "[\"x\"]", "a token id"},
      {"rope_parameters", "{\"rope_theta\": 1e4, \"partial_rotary_factor\": 0.5}",
       "rope_parameters.partial_rotary_factor is 0.5: only 1 is supported"},
      {"partial_rotary_factor", "0.25", "only 1 is supported"},
      {"partial_rotary_factor", "1.0", ""},
      {"quantization_config", "[]", "an object"},
      {"quantization_config", "{\"modules_to_not_convert\": [\"lm_head\", \"o_proj\"]}",
       "only lm_head and embed_tokens can stay floats"},
      {"quantization_config", "{\"modules_to_not_convert\": \"lm_head\"}", "a list"},
      {"quantization_config", "{\"modules_to_not_convert\": [\"lm_head\", \"model.embed_tokens\"]}",
       ""},
      {"quantization_config", "{\"quant_method\": \"gptq\"}", "only bitnet"},
      {"quantization_config", "{\"use_rms_norm\": true}", "only false is"},
      {"quantization_config", "{\"linear_class\": \"x\"}", "only bitlinear and autobitlinear"},
      {"quantization_config", "{\"quantization_mode\": \"x\"}", "only offline and online"},
  };
  for (const Refusal& refusal : kRefusals) {
    nlohmann::json json = published();
    json[refusal.field] = nlohmann::json::parse(refusal.value);
    const std::string error = error_of([&] { (void)read(json); });
    EXPECT_EQ(error.empty(), std::string_view(refusal.fix).empty()) << refusal.field;
    EXPECT_NE(error.find(refusal.fix), std::string::npos) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    EXPECT_TRUE(error.empty() || error.starts_with(file().string())) << error;
  }
}

TEST_F(Config, SaysWhereBrokenJsonBreaks) {
  EXPECT_NE(error_of([&] { (void)read_text("{\"hidden_size\": 12"); }).find("is not JSON"),
            std::string::npos);
  EXPECT_NE(error_of([&] { (void)read_text(""); }).find("is not JSON"), std::string::npos);
  EXPECT_NE(error_of([&] { (void)read_text("{\"a\": 1e999}"); }).find("is not JSON"),
            std::string::npos);
  EXPECT_NE(error_of([&] { (void)read_text("[1]"); }).find("JSON object"), std::string::npos);
  EXPECT_NE(error_of([&] { (void)read_config("/nowhere/config.json"); }).find("does not exist"),
            std::string::npos);
}

// Half a million objects in a list: seconds where their number counts once, hours where it counts twice.
TEST(Json, ReadsLongListsOfObjectsInLinearTime) {
  std::string text = "[{}";
  for (int i = 1; i < 500000; ++i) text += ",{}";
  EXPECT_EQ(parse_json(text + "]", "list").size(), 500000U);
}

TEST_F(Config, NeverCrashesOnChangedBytes) {
  const std::string good = published().dump();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char byte : {'\0', '9', '"', '}', '-', '\xFF'}) {
      std::string bad = good;
      bad[i] = byte;
      (void)error_of([&] { (void)read_text(bad); });
    }
  }
}

TEST(ModelConfig, CountsTheWeightsOf2B4T) {
  EXPECT_EQ(named_shape("2b4t").ternary_weights(), 2'084'044'800U);  // counted from its files
}

TEST(ModelConfig, EveryNamedShapeIsValid) {
  for (const NamedShape& named : named_shapes()) {
    EXPECT_NO_THROW(named.config.validate()) << named.name;
  }
  EXPECT_NE(error_of([] { (void)named_shape("5b"); }).find("synthetic:2b4t"), std::string::npos);
}

}  // namespace
}  // namespace sterna
