// SPDX-License-Identifier: Apache-2.0
#include "model/formats/gguf/checkpoint.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/model/formats/gguf/gguf_bytes.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string floats(std::size_t count, float value) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += raw(value);
  return bytes;
}

// A file small enough to break it in every way: one layer of width 32.
class GgufCheckpoint : public testing::Test {
 protected:
  GgufCheckpoint() {
    file_.add_text("general.architecture", "bitnet-b1.58");
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::uint32_t>>{{"embedding_length", 32},
                                                            {"block_count", 1},
                                                            {"feed_forward_length", 64},
                                                            {"context_length", 16},
                                                            {"attention.head_count", 2},
                                                            {"attention.head_count_kv", 1}}) {
      file_.add_uint("bitnet-b1.58." + key, value);
    }
    file_.add_float("bitnet-b1.58.attention.layer_norm_rms_epsilon", 1e-5F);
    file_.add_uint("tokenizer.ggml.bos_token_id", 1);
    file_.add_uint("tokenizer.ggml.eos_token_id", 2);
    add_floats("token_embd.weight", {32, 5});
    add_floats("output_norm.weight", {32});
    add_floats("blk.0.attn_norm.weight", {32});
    add_floats("blk.0.ffn_norm.weight", {32});
    for (const char* name : {"attn_q", "attn_output"}) add_ternary(name, {32, 32});
    for (const char* name : {"attn_k", "attn_v"}) add_ternary(name, {32, 16});
    for (const char* name : {"ffn_gate", "ffn_up"}) add_ternary(name, {32, 64});
    add_ternary("ffn_down", {64, 32});
  }

  void add_floats(const std::string& name, const std::vector<std::uint64_t>& dims) {
    std::size_t count = 1;
    for (const std::uint64_t extent : dims) count *= extent;
    file_.tensors.push_back({name, 0, dims, floats(count, 0.5F)});
  }
  void add_ternary(const std::string& name, const std::vector<std::uint64_t>& dims) {
    // 0x24: codes 0, 2, 1, 0.
    file_.tensors.push_back({"blk.0." + name + ".weight", 36, dims,
                             std::string(dims[0] * dims[1] / 4, '\x24') + floats(8, 0.25F)});
  }
  std::string source() const { return (folder_.path() / "m.gguf").string(); }
  ModelWeights load() {
    write_file(source(), file_.bytes());
    return load_model(source(), 1);
  }
  std::string load_error() {
    return error_of([&] { (void)load(); });
  }

  WrittenGguf file_;

 private:
  ScratchFolder folder_;
};

TEST_F(GgufCheckpoint, LoadsWithTheDefaultsOfItsArchitecture) {
  const ModelWeights weights = load();
  const ModelConfig expected{.hidden = 32,
                             .layers = 1,
                             .heads = 2,
                             .kv_heads = 1,
                             .head_dim = 16,
                             .ffn = 64,
                             .vocab = 5,
                             .max_tokens = 16,
                             .rope_theta = 10000.0F,
                             .norm_eps = 1e-5F,
                             .activation = Activation::Relu2,
                             .tied_head = true};
  EXPECT_EQ(weights.config, expected);
  EXPECT_EQ(weights.special, (SpecialTokens{.begin = 1, .end = {2}}));
  EXPECT_EQ(weights.layers[0].down.scale, 0.25F);
  EXPECT_TRUE(weights.layers[0].ffn_sub_norm.empty());
}

TEST_F(GgufCheckpoint, AddsTheEndOfATurn) {
  file_.add_uint("tokenizer.ggml.eot_token_id", 4);
  EXPECT_THAT(load().special.end, ElementsAre(2, 4));
  EXPECT_TRUE(is_llama3({.begin = {}, .end = {128001}}, 128256));
  EXPECT_FALSE(is_llama3({.begin = {}, .end = {128001}}, 128257));
  EXPECT_FALSE(is_llama3({.begin = {}, .end = {2}}, 128256));
}

TEST_F(GgufCheckpoint, RefusesEveryMissingTensorAndKey) {
  const WrittenGguf good = file_;
  for (const WrittenGgufTensor& missing : good.tensors) {
    file_ = good;
    std::erase_if(file_.tensors, [&](const auto& tensor) { return tensor.name == missing.name; });
    EXPECT_THAT(load_error(), HasSubstr("tensor " + missing.name + " is missing"));
  }
  for (const auto& [key, value] : good.values) {
    file_ = good;
    std::erase_if(file_.values, [&, k = key](const auto& other) { return other.first == k; });
    const bool optional = key.starts_with("tokenizer.") || key.ends_with("head_count_kv");
    if (optional) continue;
    EXPECT_THAT(load_error(), HasSubstr(key + " is missing"));
  }
}

TEST_F(GgufCheckpoint, RefusesTensorsOfAnotherModel) {
  add_floats("rope_freqs.weight", {8});
  EXPECT_THAT(load_error(), HasSubstr("tensor rope_freqs.weight is not part of the model"));
}

TEST_F(GgufCheckpoint, NamesTheFileByItsLayout) {
  EXPECT_TRUE(is_gguf("a/m.gguf"));
  EXPECT_TRUE(is_gguf("a/m.gguf#i2s=arm"));
  EXPECT_FALSE(is_gguf("a/m.gguf/x"));
  EXPECT_FALSE(is_gguf("a/m#i2s=arm"));
  EXPECT_EQ(gguf_location("m.gguf").layout, I2sLayout::X86);
  EXPECT_EQ(gguf_location("m.gguf#i2s=rows").layout, I2sLayout::Rows);
  EXPECT_EQ(gguf_location("m.gguf#i2s=rows").file, "m.gguf");
  EXPECT_THAT(error_of([] { (void)gguf_location("m.gguf#i2s="); }), HasSubstr("choose x86"));
}

TEST_F(GgufCheckpoint, NeverCrashesOnAChangedOrCutFile) {
  (void)load();
  const std::string good = read_file(source());
  for (std::size_t i = 0; i < good.size(); i += 7) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
    write_file(source(), bad);
    (void)error_of([&] { (void)load_model(source(), 1); });
  }
  for (std::size_t kept = 0; kept < good.size(); kept += 97) {
    write_file(source(), good.substr(0, kept));
    EXPECT_NE(error_of([&] { (void)load_model(source(), 1); }), "") << kept;
  }
}

}  // namespace
}  // namespace sterna
