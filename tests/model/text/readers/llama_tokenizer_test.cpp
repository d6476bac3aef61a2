// SPDX-License-Identifier: Apache-2.0

// LLaMA-3's and LLaMA-2's tokenizers on the cases that llama.cpp publishes for them, from every kind of
// file that holds them. The published 2B4T uses the first, the 1bitLLM models the second.

#include <functional>
#include <sstream>

#include <gtest/gtest.h>

#include "model/text/readers/tokenizer_file.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

std::filesystem::path tokenizers() { return data_folder() / "tokenizers"; }

std::vector<std::string> split_cases(const std::string& text) {
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::vector<std::string> cases;
  std::size_t begin = 0;
  for (std::size_t end = text.find(separator); end != std::string::npos;
       end = text.find(separator, begin)) {
    cases.push_back(text.substr(begin, end - begin));
    begin = end + separator.size();
  }
  return cases;
}

std::vector<TokenId> ids_of(const std::string& line) {
  std::istringstream numbers(line);
  std::vector<TokenId> ids;
  for (TokenId id = 0; numbers >> id;) ids.push_back(id);
  return ids;
}

void expect_published_ids(const Tokenizer& tokenizer, const std::string& name) {
  const std::vector<std::string> texts =
      split_cases(read_file(tokenizers() / (name + ".gguf.inp")));
  std::istringstream lines(read_file(tokenizers() / (name + ".gguf.out")));
  ASSERT_GE(texts.size(), 46U);
  for (const std::string& text : texts) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(tokenizer.encode(text), ids_of(line)) << text;
    EXPECT_EQ(tokenizer.decode(ids_of(line)), text);
  }
}

class LlamaTokenizer : public testing::Test {
 protected:
  // The file with that name; skips the test when the shared data is absent.
  void SetUp() override {
    if (!std::filesystem::exists(tokenizers())) {
      GTEST_SKIP() << "no " << tokenizers() << "; STERNA_DATA names the shared data";
    }
  }
};

TEST_F(LlamaTokenizer, Llama3GivesThePublishedIdsFromItsRankFile) {
  const Tokenizer tokenizer = load_tokenizer(tokenizers() / "llama3.tokenizer.model");
  EXPECT_EQ(tokenizer.vocab(), 128256U);
  expect_published_ids(tokenizer, "ggml-vocab-llama-bpe");
  EXPECT_EQ(tokenizer.id_of("<|eot_id|>"), TokenId{128009});
  EXPECT_EQ(tokenizer.id_of("<|reserved_special_token_250|>"), TokenId{128255});
  EXPECT_EQ(tokenizer.encode("a<|eot_id|>", AddSpecial::Yes),
            (std::vector<TokenId>{128000, 64, 128009}));
}

TEST_F(LlamaTokenizer, Llama2GivesThePublishedIdsFromSentencePiece) {
  const Tokenizer tokenizer = load_tokenizer(tokenizers() / "llama2.tokenizer.model");
  EXPECT_EQ(tokenizer.vocab(), 32000U);
  expect_published_ids(tokenizer, "ggml-vocab-llama-spm");
  EXPECT_EQ(tokenizer.encode("a", AddSpecial::Yes).front(), 1U);
}

TEST_F(LlamaTokenizer, Llama2GivesThePublishedIdsFromGguf) {
  const Tokenizer tokenizer = load_tokenizer(tokenizers() / "ggml-vocab-llama-spm.gguf");
  EXPECT_EQ(tokenizer.vocab(), 32000U);
  expect_published_ids(tokenizer, "ggml-vocab-llama-spm");
  EXPECT_EQ(tokenizer.encode("a", AddSpecial::Yes).front(), 1U);
}

// Both kinds of merging have to stay near linear where nothing cuts a text: one word, and blanks.
TEST_F(LlamaTokenizer, TakesTenMegabytesOfOneCharacter) {
  for (const char* file : {"llama3.tokenizer.model", "llama2.tokenizer.model"}) {
    const Tokenizer tokenizer = load_tokenizer(tokenizers() / file);
    for (const char c : {'a', ' '}) {
      const std::string text(10'000'000, c);
      EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text) << file << " " << c;
    }
  }
}

}  // namespace
}  // namespace sterna
