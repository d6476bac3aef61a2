// SPDX-License-Identifier: Apache-2.0

// A tokenizer said in GGUF's words, and said in a tokenizer.json again, gives the ids that it gave.

#include "model/convert/tokenizer_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/text/readers/gguf_pre.hpp"
#include "model/text/readers/tokenizer_file.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::filesystem::path golden(const std::string& name) {
  return source_folder() / "tests/model/text/golden_tokenizer" / name;
}

nlohmann::json golden_json(const std::string& name) {
  return nlohmann::json::parse(read_file(golden(name) / "tokenizer.json"));
}

std::vector<std::string> golden_texts() {
  std::vector<std::string> texts;
  const nlohmann::json cases = nlohmann::json::parse(read_file(golden("plain") / "cases.json"));
  for (const nlohmann::json& item : cases.at("cases")) {
    if (item.contains("text")) texts.push_back(item.at("text").get<std::string>());
  }
  return texts;
}

class TokenizerWords : public testing::Test {
 protected:
  GgufFile said(const std::string& json, std::uint32_t vocab, const SpecialTokens& special = {}) {
    metadata_ = {};
    notes_.clear();
    add_json_tokenizer(json, {vocab, special}, metadata_, notes_);
    return written();
  }
  GgufFile written() const {
    std::string bytes;
    write_gguf(metadata_, {}, [&](std::span<const std::byte> part) {
      bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
    });
    write_file(file_, bytes);
    return GgufFile(file_);
  }
  Tokenizer of_json(const std::string& json) const {
    write_file(folder_.path() / "tokenizer.json", json);
    return load_tokenizer(folder_.path() / "tokenizer.json");
  }
  Tokenizer of_gguf() const { return load_tokenizer(file_); }

  void say_all_but_the_way_to_cut() {
    const GgufFile source = said(read_file(golden("plain") / "tokenizer.json"), 400);
    metadata_ = {};
    for (const auto& [key, value] : source.values()) {
      if (key != "tokenizer.ggml.pre") metadata_.add_copy(key, value);
    }
  }

  // A tokenizer.json, its words, and the tokenizer.json that those words give.
  void expect_same(const std::string& json, std::uint32_t vocab, const std::string& what) {
    const GgufFile file = said(json, vocab);
    EXPECT_THAT(notes_, IsEmpty()) << what;
    const auto back = json_of_gguf(file);
    ASSERT_TRUE(back) << what;
    const Tokenizer want = of_json(json);
    const Tokenizer words = of_gguf();
    const Tokenizer again = of_json(*back);
    for (const std::string& text : golden_texts()) {
      const std::vector<TokenId> ids = want.encode(text, AddSpecial::Yes);
      EXPECT_EQ(words.encode(text, AddSpecial::Yes), ids) << what << ": " << text;
      EXPECT_EQ(again.encode(text, AddSpecial::Yes), ids) << what << ": " << text;
    }
  }

  GgufMetadata metadata_;
  std::vector<std::string> notes_;
  ScratchFolder folder_;
  std::filesystem::path file_ = folder_.path() / "model.gguf";
};

TEST_F(TokenizerWords, GiveTheSameIds) {
  for (const char* name : {"plain", "llama3_like", "qwen2_like"}) {
    const std::string json = read_file(golden(name) / "tokenizer.json");
    expect_same(json, static_cast<std::uint32_t>(load_tokenizer(golden(name)).vocab()), name);
  }
  nlohmann::json starcoder = golden_json("falcon_like");
  starcoder["pre_tokenizer"]["pretokenizers"].erase(0);
  expect_same(starcoder.dump(), 360, "starcoder");
}

TEST_F(TokenizerWords, GiveTheSameIdsUnderEveryNameOfGguf) {
  for (const GgufPre& pre : gguf_pres()) {
    say_all_but_the_way_to_cut();
    metadata_.add_text("tokenizer.ggml.pre", pre.names.back());
    const auto json = json_of_gguf(written());
    ASSERT_TRUE(json) << pre.names.back();
    const Tokenizer words = of_gguf();
    const Tokenizer again = of_json(*json);
    for (const std::string& text : golden_texts()) {
      EXPECT_EQ(again.encode(text), words.encode(text)) << pre.names.back() << ": " << text;
    }
  }
}

// A template of a tokenizer.json: the tokens before and behind a text.
nlohmann::json around(const std::vector<TokenId>& before, const std::vector<TokenId>& behind) {
  nlohmann::json single = nlohmann::json::array();
  nlohmann::json special = nlohmann::json::object();
  const auto add = [&](TokenId id) {
    const std::string name = std::to_string(id);
    single.push_back({{"SpecialToken", {{"id", name}, {"type_id", 0}}}});
    special[name] = {{"id", name}, {"ids", {id}}, {"tokens", {name}}};
  };
  for (const TokenId id : before) add(id);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  for (const TokenId id : behind) add(id);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", nlohmann::json::array()},
          {"special_tokens", special}};
}

TEST_F(TokenizerWords, KeepTheTokensAroundAText) {
  nlohmann::json json = golden_json("plain");
  json["post_processor"] = around({1}, {});
  expect_same(json.dump(), 400, "before");
  json["post_processor"] = around({}, {1});
  expect_same(json.dump(), 400, "behind");
  json["post_processor"] = around({5}, {6});
  expect_same(json.dump(), 400, "both");
}

TEST_F(TokenizerWords, SayWhatTheyCannotKeep) {
  nlohmann::json json = golden_json("plain");
  json["post_processor"] = around({1, 2}, {});
  (void)said(json.dump(), 400);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("2 tokens at one end of a text")));
  json["post_processor"] = around({1}, {});
  (void)said(json.dump(), 400, {.begin = 7, .end = {}});
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("token 1 and that of the model 7")));
  (void)said(json.dump(), 400, {.begin = 1, .end = {3}});
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(TokenizerWords, AreNotGivenForWhatTheyWouldChange) {
  for (const char* name : {"string_merges", "gpt_neox_like", "falcon_like", "grouped_digits",
                           "digits_and_removal", "llama2_like", "metaspace_first"}) {
    const GgufFile file = said(read_file(golden(name) / "tokenizer.json"), 500);
    EXPECT_THAT(notes_, ElementsAre(HasSubstr("GGUF has no words"))) << name;
    EXPECT_FALSE(file.has("tokenizer.ggml.model")) << name;
  }
  nlohmann::json json = golden_json("llama3_like");
  json["model"]["ignore_merges"] = false;
  (void)said(json.dump(), 500);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("GGUF has no words")));
}

TEST_F(TokenizerWords, LeaveOutWhatTheModelHasNoRowsFor) {
  (void)said(read_file(golden("plain") / "tokenizer.json"), 390);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("10 tokens of the tokenizer are outside")));
  const Tokenizer words = of_gguf();
  EXPECT_EQ(words.vocab(), 390U);
  EXPECT_EQ(words.decode(words.encode("the hills were rising again")),
            "the hills were rising again");
  (void)said(read_file(golden("plain") / "tokenizer.json"), 410);
  EXPECT_EQ(of_gguf().vocab(), 410U);
}

TEST_F(TokenizerWords, AreNotGuessedWhereAFileNamesNoWayToCutTexts) {
  say_all_but_the_way_to_cut();
  EXPECT_FALSE(json_of_gguf(written()));
}

}  // namespace
}  // namespace sterna
