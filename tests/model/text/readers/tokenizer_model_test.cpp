// SPDX-License-Identifier: Apache-2.0

// Files called tokenizer.model, of both kinds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/text/readers/tokenizer_file.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TokenizerModel : public testing::Test {
 protected:
  Tokenizer load(const std::string& bytes) const {
    write_file(file_, bytes);
    return load_tokenizer(file_);
  }
  std::string error(const std::string& bytes) const {
    return error_of([&] { (void)load(bytes); });
  }

 private:
  ScratchFolder folder_;
  std::filesystem::path file_ = folder_.path() / "tokenizer.model";
};

// Fields of protobuf that follow others of the same message are part of it, and the last one counts.
TEST_F(TokenizerModel, RefusesWhatWouldChangeTheIdsOfSentencePiece) {
  using namespace std::string_literals;
  const std::string good = read_file(
      source_folder() / "tests/model/text/golden_tokenizer/sentencepiece/tokenizer.model");
  EXPECT_EQ(error(good), "");
  const std::pair<std::string, const char*> kRefusals[] = {
      {"\x12\x02\x18\x01"s, "model_type is 1: only 2"},
      {"\x12\x03\xC0\x01\x01"s, "treat_whitespace_as_suffix is true"},
      {"\x12\x05\xC0\x02\xFF\xFF\x03"s, "unk_id is not one of its pieces"},
      {"\x12\x05\xC8\x02\xFF\xFF\x03"s, "bos_id is not one of its pieces"},
      {"\x1A\x03\x12\x01x"s, "a table that normalizes characters"},
      {"\x1A\x02\x20\x01"s, "remove_extra_whitespaces is true"},
      {"\x1A\x02\x28\x00"s, "escape_whitespaces is false"},
      {"\x0A\x03\x0A\x01\xFF"s, "is not UTF-8"},
      {"\x0A\x05\x0A\x01x\x18\x05"s, "is unused"},
      {"\x0A\x05\x0A\x01x\x18\x07"s, "has type 7"},
      {"\x0A\x7Fx"s, "truncated"},
      {"\x0A"s, "truncated"},
      {"\x1F"s, "truncated"},
  };
  for (const auto& [appended, words] : kRefusals) {
    EXPECT_THAT(error(good + appended), HasSubstr(words));
  }
  EXPECT_EQ(error(good + "\x12\x02\x18\x02"s), "");
}

TEST_F(TokenizerModel, PutsTheSpecialTokensOfLlama3BehindTheRanks) {
  const Tokenizer tokenizer = load("YQ== 0\nYg== 1\nYWI= 2\n");
  EXPECT_EQ(tokenizer.vocab(), 3U + 256);
  EXPECT_EQ(tokenizer.id_of("<|begin_of_text|>"), 3U);
  EXPECT_EQ(tokenizer.id_of("<|end_of_text|>"), 4U);
  EXPECT_EQ(tokenizer.id_of("<|start_header_id|>"), 9U);
  EXPECT_EQ(tokenizer.id_of("<|eot_id|>"), 12U);
  EXPECT_EQ(tokenizer.id_of("<|reserved_special_token_250|>"), 258U);
  EXPECT_THAT(tokenizer.encode("baab"), ElementsAre(1, 0, 2));
  EXPECT_THAT(tokenizer.encode("ab<|eot_id|>", AddSpecial::Yes), ElementsAre(3, 2, 12));
}

}  // namespace
}  // namespace sterna
