// SPDX-License-Identifier: Apache-2.0
#include "model/text/eval_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/text/readers/tokenizer_file.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// llama3_like puts its token <|begin|>, 0, before a text; 1 is <|end|>.
class EvalProtocolTest : public testing::Test {
 protected:
  std::vector<EvalWindow> windows(EvalProtocol protocol, std::size_t window, std::string_view text,
                                  std::size_t most_tokens = 0) const {
    protocol.window_tokens = window;
    return make_windows(protocol, tokenizer_, special_, text, most_tokens);
  }
  std::vector<EvalWindow> windows(std::string_view name, std::size_t window, std::string_view text,
                                  std::size_t most_tokens = 0) const {
    return windows(eval_protocol(name), window, text, most_tokens);
  }

  Tokenizer tokenizer_ = load_tokenizer(
      source_folder() / "tests/model/text/golden_tokenizer/llama3_like/tokenizer.json");
  SpecialTokens special_{.begin = TokenId{0}, .end = {1}};
  // Digits and letters with blanks between: every character is one token.
  std::string text_ = "1 2 3 4 5 6";
  std::vector<TokenId> ids_ = tokenizer_.encode(text_);
};

TEST_F(EvalProtocolTest, HasTheNamesOfTheManual) {
  std::vector<std::string_view> names;
  for (const EvalProtocol& protocol : eval_protocols()) names.push_back(protocol.name);
  EXPECT_THAT(names, ElementsAre("sterna-256", "hf-2048", "paper-2048", "llamacpp-512",
                                 "bitnetcpp-512", "bitnetcpp-quick"));
  EXPECT_THAT(error_of([] { (void)eval_protocol("wiki"); }), HasSubstr("choose one of sterna-256"));
}

TEST_F(EvalProtocolTest, PlainWindowsKeepTheRestAndHaveNoBos) {
  ASSERT_EQ(ids_.size(), 11U);
  const auto parts = windows("sterna-256", 4, text_);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_THAT(parts[0].tokens, ElementsAre(ids_[0], ids_[1], ids_[2], ids_[3]));
  EXPECT_THAT(parts[2].tokens, ElementsAre(ids_[8], ids_[9], ids_[10]));
  EXPECT_EQ(parts[2].first_scored, 1U);
  EXPECT_EQ(windows("sterna-256", 4, text_, 5).size(), 1U);
}

TEST_F(EvalProtocolTest, FullWindowsBeginWithOneBosAndDropTheRest) {
  const auto parts = windows("hf-2048", 5, text_);
  ASSERT_EQ(parts.size(), 2U);  // of 1 + 11 tokens
  EXPECT_THAT(parts[0].tokens, ElementsAre(0U, ids_[0], ids_[1], ids_[2], ids_[3]));
  EXPECT_THAT(parts[1].tokens, ElementsAre(ids_[4], ids_[5], ids_[6], ids_[7], ids_[8]));
  EXPECT_EQ(parts[1].first_scored, 1U);
  EXPECT_EQ(windows("hf-2048", 12, text_).size(), 1U);
  EXPECT_THAT(error_of([&] { (void)windows("hf-2048", 13, text_); }),
              HasSubstr("a text of 12 tokens fills no window of 13"));
}

// llama-perplexity counts the logits of positions n/2 to n - 2: n - n/2 - 1 tokens a window.
TEST_F(EvalProtocolTest, SecondHalvesReplaceEachFirstTokenByTheBos) {
  for (const char* name : {"llamacpp-512", "bitnetcpp-512"}) {
    const auto parts = windows(name, 6, text_);
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_THAT(parts[0].tokens, ElementsAre(0U, ids_[0], ids_[1], ids_[2], ids_[3], ids_[4]));
    EXPECT_THAT(parts[1].tokens, ElementsAre(0U, ids_[6], ids_[7], ids_[8], ids_[9], ids_[10]));
    for (const EvalWindow& part : parts) EXPECT_EQ(part.first_scored, 4U);
  }
  EXPECT_EQ(eval_protocol("llamacpp-512").window_tokens / 2 + 1, 257U);
}

TEST_F(EvalProtocolTest, QuickModeTakesTheFirst4096Characters) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\xC3\xA9";
  EvalProtocol plain = eval_protocol("bitnetcpp-quick");
  EXPECT_EQ(plain.window_tokens, 128U);
  plain.rule = EvalProtocol::Rule::Plain;
  const auto parts = windows(plain, 100'000, text);
  EXPECT_EQ(tokenizer_.decode(parts.front().tokens).size(), 2U * 4096);
}

TEST_F(EvalProtocolTest, PacksWholeLinesBetweenBosAndEos) {
  // Lines of 2, 1, 4 and 1 tokens with their EOS 3, 2, 5 and 2; empty lines are none.
  const auto parts = windows("paper-2048", 6, "67\n\n6\n6789\n\n7");
  std::vector<std::vector<TokenId>> lines;
  for (const char* line : {"67", "6", "6789", "7"}) {
    lines.push_back(tokenizer_.encode(line));
    lines.back().push_back(1);
  }
  ASSERT_EQ(lines[2].size(), 5U) << "the fixture's digits are no longer one token each";
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_THAT(parts[0].tokens, ElementsAre(0U, lines[0][0], lines[0][1], 1U, lines[1][0], 1U));
  EXPECT_EQ(parts[1].tokens.size(), 6U);
  EXPECT_THAT(parts[2].tokens, ElementsAre(0U, lines[3][0], 1U));
}

TEST_F(EvalProtocolTest, LeavesOutLinesThatFitNoWindow) {
  const auto parts = windows("paper-2048", 5, "6789\n67\n678967896");
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].tokens.size(), 4U);
  EXPECT_THAT(error_of([&] { (void)windows("paper-2048", 5, "6789"); }),
              HasSubstr("no line that can be scored"));
  special_.end.clear();
  EXPECT_THAT(error_of([&] { (void)windows("paper-2048", 5, "6"); }), HasSubstr("BOS and an EOS"));
}

}  // namespace
}  // namespace sterna
