// SPDX-License-Identifier: Apache-2.0

// Ids and texts against those of the `tokenizers` library (golden_tokenizer/make_golden.py), and
// what must hold for any text.

#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/text/readers/tokenizer_file.hpp"
#include "model/text/tokenizer/utf8.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

std::filesystem::path golden_folder() {
  return source_folder() / "tests/model/text/golden_tokenizer";
}

// The tokenizer of a golden folder; that of the shipped model lies with the model.
std::filesystem::path tokenizer_file(const std::filesystem::path& folder) {
  const std::filesystem::path shipped = source_folder() / "model/checkpoints" / folder.filename();
  return find_tokenizer_file(folder).value_or(shipped);
}

void expect_cases(const std::filesystem::path& folder) {
  const Tokenizer tokenizer = load_tokenizer(tokenizer_file(folder));
  const nlohmann::json golden = nlohmann::json::parse(read_file(folder / "cases.json"));
  for (const nlohmann::json& item : golden.at("cases")) {
    std::vector<TokenId> ids;
    if (item.contains("text")) {
      const auto text = item.at("text").get<std::string>();
      ids = item.at("ids").get<std::vector<TokenId>>();
      EXPECT_EQ(tokenizer.encode(text), ids) << item.at("text");
      EXPECT_EQ(tokenizer.encode(text, AddSpecial::Yes),
                item.at("ids_with_special").get<std::vector<TokenId>>())
          << item.at("text");
    } else {
      ids = item.at("ids_only").get<std::vector<TokenId>>();
    }
    EXPECT_EQ(tokenizer.decode(ids), item.at("decoded").get<std::string>()) << item;
    EXPECT_EQ(tokenizer.decode(ids, false), item.at("decoded_with_special").get<std::string>())
        << item;
  }
}

TEST(Tokenizer, GivesTheIdsAndTextsOfTheLibrary) {
  std::size_t found = 0;
  for (const auto& folder : std::filesystem::directory_iterator(golden_folder())) {
    if (!folder.is_directory() || !std::filesystem::exists(folder.path() / "cases.json")) continue;
    SCOPED_TRACE(folder.path().filename().string());
    expect_cases(folder.path());
    ++found;
  }
  EXPECT_GE(found, 13U);
}

Tokenizer plain() { return load_tokenizer(golden_folder() / "plain/tokenizer.json"); }

std::string random_text(std::mt19937& random, std::size_t characters) {
  std::uniform_int_distribution<unsigned> kind(0, 5);
  std::uniform_int_distribution<char32_t> any(0, 0x10FFFF);
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) {
    const unsigned k = kind(random);
    text += k == 0 ? " " : k < 4 ? utf8_of(U'a' + any(random) % 26) : utf8_of(any(random));
  }
  return text;
}

TEST(Tokenizer, DecodingGivesBackAnyText) {
  const Tokenizer tokenizer = plain();
  std::mt19937 random(5);
  for (std::size_t characters = 0; characters < 200; ++characters) {
    const std::string text = random_text(random, characters);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

TEST(Tokenizer, ReplacesInvalidUtf8ByAnErrorThatNamesTheByte) {
  const Tokenizer tokenizer = plain();
  EXPECT_EQ(error_of([&] { (void)tokenizer.encode("ab\xFFz"); }),
            "the text is not UTF-8 at byte 2: give text in UTF-8");
  for (const char* bad : {"\x80", "\xC0\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "\xE2\x82", "\xF0\x9F\x98"}) {
    EXPECT_THROW((void)tokenizer.encode(bad), std::invalid_argument) << bad;
  }
}

// A quadratic merge would take hours for this piece; a linear search for the best pair, minutes.
TEST(Tokenizer, EncodesAPieceOfAMillionBytes) {
  const Tokenizer tokenizer = plain();
  const std::string text(1'000'000, 'a');
  const std::vector<TokenId> ids = tokenizer.encode(text);
  EXPECT_LT(ids.size(), text.size());
  EXPECT_EQ(tokenizer.decode(ids), text);
  const std::string blanks(1'000'000, ' ');
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(blanks + "x")), blanks + "x");
}

TEST(Tokenizer, EncodesNothingAsNothing) {
  for (const char* name : {"plain", "string_merges", "llama2_like", "metaspace_always"}) {
    const Tokenizer tokenizer =
        load_tokenizer(source_folder() / "tests/model/text/golden_tokenizer" / name);
    EXPECT_EQ(tokenizer.encode_plain(""), std::vector<TokenId>()) << name;
    EXPECT_EQ(tokenizer.encode(""), std::vector<TokenId>()) << name;
  }
}

TEST(Tokenizer, KnowsTokensByTheirText) {
  const Tokenizer tokenizer = plain();
  EXPECT_EQ(tokenizer.id_of("<|begin|>"), TokenId{0});
  EXPECT_EQ(tokenizer.id_of("<|nothing|>"), std::nullopt);
  EXPECT_EQ(tokenizer.token_bytes(0, false), "<|begin|>");
  EXPECT_EQ(tokenizer.token_bytes(0), "");
  EXPECT_EQ(
      error_of([&] { (void)tokenizer.token_bytes(99999); }),
      "token 99999 is not in the tokenizer's vocabulary of " + std::to_string(tokenizer.vocab()));
}

TEST(Tokenizer, StreamsWholeCharactersOnly) {
  const Tokenizer tokenizer = plain();
  const std::string text = "x\xF0\x9F\x98\x80y\xE4\xB8\xADz";
  Utf8Stream stream;
  std::string streamed;
  for (const TokenId id : tokenizer.encode(text)) {
    const std::string part = stream.push(tokenizer.token_bytes(id));
    EXPECT_EQ(find_invalid_utf8(part), std::nullopt);
    streamed += part;
  }
  EXPECT_EQ(streamed + stream.finish(), text);
}

// Each change of a good file that asks for something else, and what the error must name.
struct Refusal {
  const char* pointer;
  const char* value;
  const char* names;
};

TEST(Tokenizer, RefusesWhatWouldChangeTheIds) {
  constexpr Refusal kRefusals[] = {
      {"/normalizer", R"({"type":"Lowercase"})", "normalizer"},
      {"/model/type", R"("WordPiece")", "model.type"},
      {"/model/byte_fallback", "true", "model.byte_fallback"},
      {"/model/dropout", "0.1", "model.dropout"},
      {"/model/end_of_word_suffix", R"("</w>")", "model.end_of_word_suffix"},
      {"/model/vocab", "{}", "model.vocab"},
      {"/model/vocab/a", "-1", "model.vocab.a"},
      {"/model/vocab/a", "null", "model.vocab.a"},
      {"/model/vocab/a", "4294967296", "model.vocab.a"},
      {"/model/merges", "null", "model.merges"},
      {"/model/merges/0", R"(["a"])", "model.merges"},
      {"/model/merges/0", R"("ab")", "model.merges"},
      {"/model/merges/0", R"(["a","qqqq"])", "qqqq"},
      {"/pre_tokenizer/type", R"("Whitespace")", "pre_tokenizer.type"},
      {"/pre_tokenizer", R"({"type":"Digits","individual_digits":true})", "pre_tokenizer"},
      {"/pre_tokenizer", R"({"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated"})",
       "regular expression"},
      {"/pre_tokenizer", R"({"type":"Split","pattern":{"Regex":"a"},"behavior":"Contiguous"})",
       "behavior"},
      {"/pre_tokenizer", R"({"type":"Sequence","pretokenizers":[1]})", "pretokenizers"},
      {"/decoder", R"({"type":"WordPiece"})", "decoder.type"},
      {"/post_processor", R"({"type":"BertProcessing"})", "post_processor.type"},
      {"/added_tokens/0/lstrip", "true", "lstrip"},
      {"/added_tokens/0/content", R"("")", "content"},
      {"/added_tokens/0/id", "null", "id"},
      {"/added_tokens", "7", "added_tokens"},
  };
  const ScratchFolder folder;
  const nlohmann::json good =
      nlohmann::json::parse(read_file(golden_folder() / "plain/tokenizer.json"));
  for (const Refusal& refusal : kRefusals) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(refusal.pointer)] = nlohmann::json::parse(refusal.value);
    const std::filesystem::path file = folder.path() / "tokenizer.json";
    write_file(file, bad.dump());
    const std::string error = error_of([&] { (void)load_tokenizer(file); });
    EXPECT_NE(error.find(refusal.names), std::string::npos)
        << refusal.pointer << " = " << refusal.value << " gave: " << error;
    EXPECT_TRUE(error.starts_with(file.string())) << error;
  }
}

TEST(Tokenizer, RefusesAFileThatIsMissingOrNotJson) {
  const ScratchFolder folder;
  const std::filesystem::path file = folder.path() / "tokenizer.json";
  EXPECT_NE(error_of([&] { (void)load_tokenizer(file); }).find("does not exist"),
            std::string::npos);
  const std::string good = read_file(golden_folder() / "plain/tokenizer.json");
  for (std::size_t bytes = 0; bytes + 2 < good.size(); bytes += 97) {
    write_file(file, good.substr(0, bytes));
    EXPECT_NE(error_of([&] { (void)load_tokenizer(file); }), "") << bytes;
  }
  write_file(file, std::string(100'000, '['));
  EXPECT_NE(error_of([&] { (void)load_tokenizer(file); }).find("nested"), std::string::npos);
}

TEST(Utf8, ReplacesEachLongestIllFormedPartOnce) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(replace_invalid_utf8("a\xF0\x9F\x98"
                                 "b"),
            "a" + bad + "b");
  EXPECT_EQ(replace_invalid_utf8("\xF0\x80\x80"), bad + bad + bad);
  EXPECT_EQ(replace_invalid_utf8("\xE2\x82"), bad);
  EXPECT_EQ(replace_invalid_utf8("\xC3\xA9"), "\xC3\xA9");
}

TEST(Utf8, KeepsCutCharactersForLater) {
  Utf8Stream stream;
  EXPECT_EQ(stream.push("\xF0\x9F"), "");
  EXPECT_EQ(stream.push("\x98"), "");
  EXPECT_EQ(stream.push("\x80!"), "\xF0\x9F\x98\x80!");
  EXPECT_EQ(stream.push("\xE2"), "");
  EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.finish(), "");
}

TEST(Utf8, EncodesTheEdgesOfEachLength) {
  for (const char32_t c : {0x0U, 0x7FU, 0x80U, 0x7FFU, 0x800U, 0xFFFFU, 0x10000U, 0x10FFFFU}) {
    EXPECT_EQ(find_invalid_utf8(utf8_of(c)), std::nullopt) << std::hex << std::uint32_t{c};
  }
  EXPECT_EQ(utf8_of(0xD800), "\xEF\xBF\xBD");
  EXPECT_EQ(utf8_of(0x110000), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace sterna
