// SPDX-License-Identifier: Apache-2.0

// The golden tokenizers rewritten as GGUF metadata must give the ids that they give as tokenizer.json.

#include "model/text/readers/gguf_tokenizer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/text/readers/tokenizer_file.hpp"
#include "tests/model/formats/gguf/gguf_bytes.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kNormal = 1;
constexpr std::uint32_t kControl = 3;

std::string texts(const std::vector<std::string>& list) {
  std::string bytes =
      raw<std::uint32_t>(9) + raw<std::uint32_t>(8) + raw<std::uint64_t>(list.size());
  for (const std::string& text : list) bytes += gguf_string(text);
  return bytes;
}

std::string wholes(const std::vector<std::uint32_t>& list) {
  std::string bytes =
      raw<std::uint32_t>(9) + raw<std::uint32_t>(5) + raw<std::uint64_t>(list.size());
  for (const std::uint32_t value : list) bytes += raw(value);
  return bytes;
}

std::filesystem::path golden(const std::string& name) {
  return source_folder() / "tests/model/text/golden_tokenizer" / name;
}

// What a GGUF file says of a tokenizer; tests spoil one thing of it.
struct Metadata {
  std::string model = "gpt2";
  std::string pre;
  std::vector<std::string> tokens;
  std::vector<std::uint32_t> types;
  std::vector<std::string> merges;

  explicit Metadata(const std::string& name, std::string pre_name) : pre(std::move(pre_name)) {
    const nlohmann::json json = nlohmann::json::parse(read_file(golden(name) / "tokenizer.json"));
    const nlohmann::json& vocab = json.at("model").at("vocab");
    tokens.resize(vocab.size());
    for (const auto& [token, id] : vocab.items()) tokens.at(id.get<std::size_t>()) = token;
    for (const nlohmann::json& added : json.at("added_tokens")) {
      const auto id = added.at("id").get<std::size_t>();
      if (id >= tokens.size()) tokens.resize(id + 1);
      tokens[id] = added.at("content").get<std::string>();
    }
    types.assign(tokens.size(), kNormal);
    for (const nlohmann::json& added : json.at("added_tokens")) {
      types[added.at("id").get<std::size_t>()] = added.at("special") == true ? kControl : 4;
    }
    for (const nlohmann::json& merge : json.at("model").at("merges")) {
      merges.push_back(merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>());
    }
  }

  [[nodiscard]] std::string bytes() const {
    WrittenGguf file;
    file.add_text("general.architecture", "llama");
    file.add_text("tokenizer.ggml.model", model);
    if (!pre.empty()) file.add_text("tokenizer.ggml.pre", pre);
    file.values.emplace_back("tokenizer.ggml.tokens", texts(tokens));
    file.values.emplace_back("tokenizer.ggml.token_type", wholes(types));
    file.values.emplace_back("tokenizer.ggml.merges", texts(merges));
    file.add_uint("tokenizer.ggml.bos_token_id", 0);
    file.add_text("tokenizer.chat_template", "Human: BITNETAssistant: ");
    return file.bytes();
  }
};

class GgufTokenizerTest : public testing::Test {
 protected:
  Tokenizer load(const Metadata& metadata) const {
    write_file(file_, metadata.bytes());
    return load_tokenizer(file_);
  }
  std::string error(const Metadata& metadata) const {
    return error_of([&] { (void)load(metadata); });
  }

  ScratchFolder folder_;
  std::filesystem::path file_ = folder_.path() / "model.gguf";
};

TEST_F(GgufTokenizerTest, GivesTheIdsOfTheSameTokenizerAsJson) {
  const std::pair<const char*, const char*> kinds[] = {{"plain", "gpt-2"},
                                                       {"llama3_like", "llama-bpe"},
                                                       {"llama3_like", "falcon3"},
                                                       {"qwen2_like", "qwen2"}};
  for (const auto& [name, pre] : kinds) {
    const Tokenizer from_gguf = load(Metadata(name, pre));
    const Tokenizer from_json = load_tokenizer(golden(name));
    const nlohmann::json cases = nlohmann::json::parse(read_file(golden(name) / "cases.json"));
    for (const nlohmann::json& item : cases.at("cases")) {
      if (!item.contains("text")) continue;
      const auto text = item.at("text").get<std::string>();
      EXPECT_EQ(from_gguf.encode(text), from_json.encode(text)) << name << ": " << text;
    }
    EXPECT_EQ(from_gguf.vocab(), from_json.vocab());
  }
}

TEST_F(GgufTokenizerTest, PutsTheBosWhereTheKindOrTheFileSaysSo) {
  EXPECT_TRUE(load(Metadata("plain", "gpt-2")).prefix().empty());
  EXPECT_EQ(load(Metadata("llama3_like", "llama-bpe")).prefix().front(), 0U);
}

TEST_F(GgufTokenizerTest, KeepsTheChatTemplate) {
  EXPECT_EQ(load(Metadata("plain", "gpt-2")).chat_template(), "Human: BITNETAssistant: ");
}

// The published 2B4T names no pattern; its vocabulary tells it (facts/bitnet.md 0.6).
TEST_F(GgufTokenizerTest, TakesLlama3sPatternForLlama3sVocabularyWithoutAName) {
  Metadata metadata("plain", "");
  EXPECT_THAT(error(metadata), HasSubstr("has no tokenizer.ggml.pre"));
  for (std::size_t id = metadata.tokens.size(); id < 128256; ++id) {
    metadata.tokens.push_back(id == 128000 ? "<|begin_of_text|>"
                                           : "<|filler_" + std::to_string(id));
    metadata.types.push_back(kControl);
  }
  const Tokenizer tokenizer = load(metadata);
  // LLaMA-3's pattern keeps "\n\n" with the mark before it; GPT-2's does not.
  const Tokenizer named = load(Metadata("plain", "llama-bpe"));
  EXPECT_EQ(tokenizer.encode("DON'T!\n\n12345"), named.encode("DON'T!\n\n12345"));
}

TEST_F(GgufTokenizerTest, RefusesWhatIsBrokenOrUnknown) {
  const Metadata good("plain", "gpt-2");
  Metadata bad = good;
  bad.pre = "unheard-of";
  EXPECT_THAT(error(bad), HasSubstr("tokenizer.ggml.pre is \"unheard-of\": known are llama-bpe"));
  bad = good;
  bad.model = "rwkv";
  EXPECT_THAT(error(bad), HasSubstr("only gpt2 and llama are supported"));
  bad = good;
  bad.merges.front() = "ab";
  EXPECT_THAT(error(bad), HasSubstr("two tokens with a blank between"));
  bad = good;
  bad.merges.push_back("a qqqq");
  EXPECT_THAT(error(bad), HasSubstr("needs a token that tokenizer.ggml.tokens lacks"));
  bad = good;
  bad.tokens.back() = bad.tokens.front();
  EXPECT_THAT(error(bad), HasSubstr("another token has this text"));
  bad = good;
  bad.types.back() = 9;
  EXPECT_THAT(error(bad), HasSubstr("a token_type of 1 to 6"));
  bad = good;
  bad.types.pop_back();
  EXPECT_THAT(error(bad), HasSubstr("as many as tokenizer.ggml.tokens"));
  bad = good;
  bad.model = "llama";
  EXPECT_THAT(error(bad), HasSubstr("tokenizer.ggml.scores"));
}

// "a b" is possible until "b c" is made; then "a bc", in its turn, comes after "d e".
TEST_F(GgufTokenizerTest, ForgetsAMergeWhoseRightHalfWasTaken) {
  Metadata metadata("plain", "gpt-2");
  metadata.tokens = {"a", "b", "c", "d", "e", "bc", "ab", "abcd", "de", "abc"};
  metadata.types.assign(metadata.tokens.size(), kNormal);
  metadata.merges = {"b c", "a b", "abc d", "d e", "a bc"};
  EXPECT_EQ(load(metadata).encode("abcde"), (std::vector<TokenId>{9, 8}));
}

// Merges only ever make longer tokens, so a circle of them cannot go round: "a b" and "b a" both end.
TEST_F(GgufTokenizerTest, EndsWhateverTheMergesAre) {
  Metadata metadata("plain", "gpt-2");
  metadata.tokens = {"a", "b", "ab", "ba", "aba", "abab"};
  metadata.types.assign(metadata.tokens.size(), kNormal);
  metadata.merges = {"a b", "b a", "ab a", "a ba", "aba b", "ab ab"};
  const Tokenizer tokenizer = load(metadata);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("abababa")), "abababa");
}

}  // namespace
}  // namespace sterna
