// SPDX-License-Identifier: Apache-2.0

// What the metadata of a GGUF file mean by themselves. Its tensors are of a type that nobody knows, so
// that an embedding of any shape fits a file of a few bytes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/formats/gguf/checkpoint.hpp"
#include "tests/model/formats/gguf/gguf_bytes.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::ElementsAre;

class GgufConfigTest : public testing::Test {
 protected:
  // 2B4T as a program writes it that knows one architecture for all BitNets.
  GgufConfigTest() {
    file_.add_text("general.architecture", "bitnet");
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::uint32_t>>{{"embedding_length", 2560},
                                                            {"block_count", 30},
                                                            {"feed_forward_length", 6912},
                                                            {"context_length", 4096},
                                                            {"attention.head_count", 20},
                                                            {"attention.head_count_kv", 5}}) {
      file_.add_uint("bitnet." + key, value);
    }
    file_.add_float("bitnet.attention.layer_norm_rms_epsilon", 1e-5F);
    file_.add_uint("tokenizer.ggml.eos_token_id", 128001);
    file_.tensors.push_back({"token_embd.weight", kUnknown, {2560, 128256}, "x"});
  }
  GgufConfig read() const {
    write_file(path_, file_.bytes());
    return read_gguf_config(GgufFile(path_));
  }
  std::string& value(const std::string& key) {
    return std::find_if(file_.values.begin(), file_.values.end(),
                        [&](const auto& entry) { return entry.first == key; })
        ->second;
  }

  static constexpr std::uint32_t kUnknown = 99;
  WrittenGguf file_;

 private:
  ScratchFolder folder_;
  std::filesystem::path path_ = folder_.path() / "m.gguf";
};

TEST_F(GgufConfigTest, Takes2B4TForWhatItIsInTheArchitectureOfTheOthers) {
  EXPECT_EQ(read().model.activation, Activation::Relu2);
  value("bitnet.block_count") = raw<std::uint32_t>(4) + raw<std::uint32_t>(29);
  EXPECT_EQ(read().model.activation, Activation::Silu);
  file_.add_text("bitnet.hidden_activation", "relu2");
  EXPECT_EQ(read().model.activation, Activation::Relu2);
}

TEST_F(GgufConfigTest, EndsATextAtTheEndOfATurnOfLlama3) {
  EXPECT_THAT(read().special.end, ElementsAre(128001, kLlama3EndOfTurn));
  file_.tensors.front().dims = {2560, 128257};
  EXPECT_THAT(read().special.end, ElementsAre(128001));
}

TEST_F(GgufConfigTest, DropsEndTokensOutsideTheVocabulary) {
  file_.add_uint("tokenizer.ggml.eot_token_id", 128256);
  EXPECT_THAT(read().special.end, ElementsAre(128001, kLlama3EndOfTurn));
  file_.tensors.front().dims = {2560, 128257};
  EXPECT_THAT(read().special.end, ElementsAre(128001, 128256));
}

TEST_F(GgufConfigTest, HasAHeadOfItsOwnWhereTheFileHasOne) {
  EXPECT_TRUE(read().model.tied_head);
  file_.tensors.push_back({"output.weight", kUnknown, {2560, 128256}, "x"});
  EXPECT_FALSE(read().model.tied_head);
}

TEST_F(GgufConfigTest, RotatesWholeHeadsAtTheirOwnPositions) {
  const auto refused = [&](const std::string& key, std::uint32_t value) {
    const WrittenGguf good = file_;
    file_.add_uint("bitnet." + key, value);
    const std::string error = error_of([&] { (void)read(); });
    file_ = good;
    return error;
  };
  EXPECT_THAT(refused("rope.dimension_count", 64), testing::HasSubstr("the whole width of a head"));
  EXPECT_EQ(refused("rope.dimension_count", 128), "");
  EXPECT_THAT(refused("rope.scaling.factor", 2), testing::HasSubstr("positions are not scaled"));
  EXPECT_EQ(refused("rope.scaling.factor", 1), "");
  EXPECT_THAT(refused("attention.value_length", 64), testing::HasSubstr("the width of a key"));
}

}  // namespace
}  // namespace sterna
