// SPDX-License-Identifier: Apache-2.0
#include "model/formats/gguf/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/model/formats/gguf/gguf_bytes.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

std::string value_of(std::uint32_t kind, const std::string& payload) { return raw(kind) + payload; }
std::string list_of(std::uint32_t kind, std::uint64_t count, const std::string& payload) {
  return raw<std::uint32_t>(9) + raw(kind) + raw(count) + payload;
}

class Gguf : public testing::Test {
 protected:
  GgufFile read(const std::string& bytes) {
    write_file(file(), bytes);
    return GgufFile(file());
  }
  std::string error(const std::string& bytes) {
    const std::string text = error_of([&] { (void)read(bytes); });
    EXPECT_TRUE(text.empty() || text.starts_with(file().string())) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  }
  std::string error_with_value(const std::string& value) {
    WrittenGguf bad = good();
    bad.values.emplace_back("k", value);
    return error(bad.bytes());
  }
  std::string error_with_tensor(const WrittenGgufTensor& tensor) {
    WrittenGguf bad = good();
    bad.tensors[1] = tensor;
    return error(bad.bytes());
  }
  std::filesystem::path file() const { return folder_.path() / "m.gguf"; }

  // a: (2, 3) F32 rows, b: one row of 32 Q8_0.
  static WrittenGguf good() {
    WrittenGguf file;
    file.add_text("general.architecture", "bitnet");
    file.add_uint("n", 7);
    file.tensors = {{"a", 0, {3, 2}, std::string(24, 'x')}, {"b", 8, {32}, std::string(34, 'y')}};
    return file;
  }

 private:
  ScratchFolder folder_;
};

TEST_F(Gguf, ReadsValuesOfEveryKind) {
  WrittenGguf file = good();
  file.values = {{"u8", value_of(0, raw<std::uint8_t>(200))},
                 {"i8", value_of(1, raw<std::int8_t>(-3))},
                 {"u16", value_of(2, raw<std::uint16_t>(60000))},
                 {"i16", value_of(3, raw<std::int16_t>(5))},
                 {"u32", value_of(4, raw<std::uint32_t>(4000000000U))},
                 {"i32", value_of(5, raw<std::int32_t>(9))},
                 {"f32", value_of(6, raw(0.5F))},
                 {"bool", value_of(7, "\1")},
                 {"text", value_of(8, gguf_string("words"))},
                 {"u64", value_of(10, raw(~std::uint64_t{0}))},
                 {"i64", value_of(11, raw<std::int64_t>(-9))},
                 {"f64", value_of(12, raw(0.25))},
                 {"texts", list_of(8, 3, gguf_string("one") + gguf_string("") + gguf_string("3"))},
                 {"floats", list_of(6, 2, raw(1.5F) + raw(-2.0F))},
                 {"ints", list_of(5, 2, raw<std::int32_t>(-1) + raw<std::int32_t>(8))},
                 {"none", list_of(8, 0, "")}};
  const GgufFile read_back = read(file.bytes());
  EXPECT_EQ(read_back.values().size(), 16U);
  EXPECT_THAT(read_back.find("u8")->whole(), Optional(200U));
  EXPECT_EQ(read_back.find("i8")->whole(), std::nullopt);
  EXPECT_THAT(read_back.find("i8")->number(), Optional(-3.0));
  EXPECT_THAT(read_back.find("u16")->whole(), Optional(60000U));
  EXPECT_THAT(read_back.find("i16")->whole(), Optional(5U));
  EXPECT_THAT(read_back.find("u32")->whole(), Optional(4000000000U));
  EXPECT_THAT(read_back.find("u64")->whole(), Optional(~std::uint64_t{0}));
  EXPECT_EQ(read_back.find("f32")->whole(), std::nullopt);
  EXPECT_THAT(read_back.find("f64")->number(), Optional(0.25));
  EXPECT_THAT(read_back.find("bool")->boolean(), Optional(true));
  EXPECT_EQ(read_back.find("bool")->number(), std::nullopt);
  EXPECT_THAT(read_back.find("text")->text(), Optional(std::string_view("words")));
  EXPECT_THAT(read_back.texts("texts"), ElementsAre("one", "", "3"));
  EXPECT_THAT(read_back.numbers("floats"), ElementsAre(1.5F, -2.0F));
  EXPECT_THAT(read_back.wholes("ints"), ElementsAre(-1, 8));
  EXPECT_THAT(read_back.numbers("ints"), ElementsAre(-1.0F, 8.0F));
  EXPECT_TRUE(read_back.texts("none").empty());
  EXPECT_TRUE(read_back.texts("absent").empty());
}

TEST_F(Gguf, ReadsTensorsWhereTheyLie) {
  for (const std::uint32_t version : {2U, 3U}) {
    WrittenGguf file = good();
    file.version = version;
    const GgufFile read_back = read(file.bytes());
    EXPECT_EQ(read_back.version(), version);
    const GgufTensor& a = read_back.tensors().at("a");
    EXPECT_EQ(a.type, GgufType::F32);
    EXPECT_THAT(a.dims, ElementsAre(3, 2));
    EXPECT_EQ(a.bytes.size(), 24U);  // not the padding behind it
    EXPECT_EQ(read_back.tensors().at("b").bytes.size(), 34U);
    EXPECT_EQ(std::to_integer<char>(read_back.tensors().at("b").bytes[33]), 'y');
  }
}

TEST_F(Gguf, GivesATensorOfAnUnknownTypeAllItsRoom) {
  WrittenGguf file = good();
  file.tensors.insert(file.tensors.begin(), {"c", 142, {128}, std::string(40, 'z')});
  const GgufFile read_back = read(file.bytes());
  EXPECT_EQ(read_back.tensors().at("c").bytes.size(), 64U);
  EXPECT_EQ(gguf_type_name(read_back.tensors().at("c").type), "type 142");
}

TEST_F(Gguf, TakesAnotherAlignmentAndNoTensorsAtAll) {
  WrittenGguf file = good();
  file.add_uint("general.alignment", 64);
  file.alignment = 64;
  EXPECT_EQ(read(file.bytes()).tensors().at("b").bytes.size(), 34U);
  file.tensors.clear();
  EXPECT_TRUE(read(file.bytes()).tensors().empty());
}

TEST_F(Gguf, NamesTheKeyThatIsMissingOrOfAnotherSort) {
  const GgufFile read_back = read(good().bytes());
  EXPECT_EQ(read_back.whole("n", std::nullopt, 1, 7), 7U);
  EXPECT_EQ(read_back.whole("absent", 3, 1, 7), 3U);
  EXPECT_EQ(read_back.positive("n", std::nullopt, 7.0F), 7.0F);
  EXPECT_EQ(read_back.text("general.architecture", std::nullopt), "bitnet");
  EXPECT_THAT(error_of([&] { (void)read_back.whole("n", 3, 1, 6); }),
              HasSubstr("n is 7: a whole number from 1 to 6 is expected"));
  EXPECT_THAT(error_of([&] { (void)read_back.whole("m", std::nullopt, 1, 6); }),
              HasSubstr("m is missing: a whole number from 1 to 6"));
  EXPECT_THAT(error_of([&] { (void)read_back.whole("general.architecture", 3, 1, 6); }),
              HasSubstr("is \"bitnet\": a whole number"));
  EXPECT_THAT(error_of([&] { (void)read_back.positive("n", 1.0F, 6.5F); }), HasSubstr("up to 6.5"));
  EXPECT_THAT(error_of([&] { (void)read_back.boolean("n", true); }), HasSubstr("true or false"));
  EXPECT_THAT(error_of([&] { (void)read_back.text("n", ""); }), HasSubstr("a string"));
  EXPECT_THAT(error_of([&] { (void)read_back.texts("n"); }), HasSubstr("a list of strings"));
  EXPECT_THAT(error_of([&] { (void)read_back.numbers("n"); }), HasSubstr("a list of numbers"));
  EXPECT_THAT(error_of([&] { (void)read_back.wholes("n"); }), HasSubstr("list of whole numbers"));
}

TEST_F(Gguf, RefusesOtherFilesAndVersions) {
  EXPECT_THAT(error(""), HasSubstr("is not a GGUF file"));
  EXPECT_THAT(error("GGU"), HasSubstr("is not a GGUF file"));
  EXPECT_THAT(error("GGML1234"), HasSubstr("is not a GGUF file"));
  EXPECT_THAT(error("GGUF"), HasSubstr("the version needs 4 bytes at byte 4 of 4"));
  for (const std::uint32_t version : {0U, 1U, 4U, 70000U}) {
    WrittenGguf file = good();
    file.version = version;
    EXPECT_THAT(error(file.bytes()), HasSubstr("GGUF version " + std::to_string(version)));
  }
  WrittenGguf swapped = good();
  swapped.version = 3U << 24;
  EXPECT_THAT(error(swapped.bytes()), HasSubstr("big-endian"));
}

TEST_F(Gguf, RefusesCountsThatNoFileHolds) {
  for (const std::size_t at : {8U, 16U}) {
    for (const std::uint64_t count :
         {std::uint64_t{100}, std::uint64_t{1} << 60, ~std::uint64_t{0}}) {
      std::string bytes = good().bytes();
      std::memcpy(bytes.data() + at, &count, sizeof count);
      EXPECT_NE(error(bytes), "") << at << " " << count;
    }
  }
  std::string bytes = good().bytes();
  bytes[15] = '\x7F';
  EXPECT_THAT(error(bytes), HasSubstr("the number of tensors is 9151314442816847874, more than"));
}

TEST_F(Gguf, RefusesValuesThatDoNotFit) {
  const std::uint64_t huge = ~std::uint64_t{0};
  EXPECT_THAT(error_with_value(value_of(8, raw(huge))), HasSubstr("k needs 18446744073709551615"));
  EXPECT_THAT(error_with_value(value_of(13, "")), HasSubstr("key k has type 13"));
  EXPECT_THAT(error_with_value(list_of(5, huge, "")), HasSubstr("the length of key k is 1844"));
  EXPECT_THAT(error_with_value(list_of(8, huge / 8, "")), HasSubstr("the length of key k is 2305"));
  EXPECT_THAT(error_with_value(list_of(8, 1, raw(huge))), HasSubstr("k needs 1844"));
  EXPECT_THAT(error_with_value(list_of(9, 1, list_of(5, 0, ""))), HasSubstr("a list of lists"));
  EXPECT_THAT(error_with_value(list_of(99, 1, "")), HasSubstr("has type 99"));
  WrittenGguf twice = good();
  twice.add_uint("n", 8);
  EXPECT_THAT(error(twice.bytes()), HasSubstr("key n is in the file twice"));
  WrittenGguf named = good();
  named.add_uint(std::string(65536, 'k'), 1);
  EXPECT_THAT(error(named.bytes()), HasSubstr("at most 65535"));
}

TEST_F(Gguf, RefusesAnAlignmentThatIsNoPowerOfTwo) {
  for (const std::uint32_t alignment : {0U, 24U, 1U << 21}) {
    WrittenGguf file = good();
    file.add_uint("general.alignment", alignment);
    EXPECT_THAT(error(file.bytes()),
                HasSubstr("general.alignment is " + std::to_string(alignment)));
  }
  WrittenGguf text = good();
  text.add_text("general.alignment", "32");
  EXPECT_THAT(error(text.bytes()), HasSubstr("general.alignment is \"32\""));
}

TEST_F(Gguf, RefusesTensorsThatDoNotFit) {
  const std::string row(34, 'y');
  EXPECT_THAT(error_with_tensor({"a", 8, {32}, row}), HasSubstr("tensor a is in the file twice"));
  EXPECT_THAT(error_with_tensor({"b", 8, {32}, row, 16}),
              HasSubstr("no multiple of the alignment"));
  EXPECT_THAT(error_with_tensor({"b", 8, {32}, row, 0}), HasSubstr("has room for 0 bytes"));
  EXPECT_THAT(error_with_tensor({"b", 8, {32}, row, 1 << 20}), HasSubstr("the data, which has 66"));
  EXPECT_THAT(error_with_tensor({"b", 8, {32}, row, INT64_MAX - 31}), HasSubstr("truncated"));
  EXPECT_THAT(error_with_tensor({"b", 8, {32}, row.substr(1)}),
              HasSubstr("has room for 33 bytes, but Q8_0 of [32] needs 34"));
  EXPECT_THAT(error_with_tensor({"b", 8, {32}, row + std::string(32, 'y')}),
              HasSubstr("has room for 66 bytes"));
  EXPECT_THAT(error_with_tensor({"b", 8, {33}, row}), HasSubstr("holds blocks of 32"));
  EXPECT_THAT(error_with_tensor({"b", 36, {3}, row}), HasSubstr("I2_S holds four"));
  EXPECT_THAT(error_with_tensor({"b", 0, {1, 1, 1, 1, 1}, row}), HasSubstr("has 5 dimensions"));
  EXPECT_THAT(error_with_tensor({"b", 0, {1ULL << 62, 4}, row}), HasSubstr("an extent of 4611"));
  EXPECT_THAT(error_with_tensor({"b", 0, {1ULL << 30, 1ULL << 40}, row}), HasSubstr("extent"));
  EXPECT_THAT(error_with_tensor({std::string(65536, 'n'), 8, {32}, row}), HasSubstr("longer"));
}

TEST_F(Gguf, EndsInAnErrorWhereverItIsCut) {
  const std::string bytes = good().bytes();
  for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
    EXPECT_NE(error(bytes.substr(0, kept)), "") << kept;
  }
}

TEST_F(Gguf, NeverCrashesOnChangedBytes) {
  const std::string good_bytes = good().bytes();
  for (std::size_t i = 0; i < good_bytes.size(); ++i) {
    for (int change = 1; change < 256; change += 37) {
      std::string bytes = good_bytes;
      bytes[i] = static_cast<char>(bytes[i] ^ change);
      (void)error(bytes);
    }
  }
}

}  // namespace
}  // namespace sterna
