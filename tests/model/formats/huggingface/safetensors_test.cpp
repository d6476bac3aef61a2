// SPDX-License-Identifier: Apache-2.0
#include "model/formats/huggingface/safetensors.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/model/formats/huggingface/safetensors_file.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Safetensors : public testing::Test {
 protected:
  SafetensorsFile read(const std::string& bytes) {
    write_file(file(), bytes);
    return SafetensorsFile(file());
  }
  std::string error(const std::string& bytes) {
    const std::string text = error_of([&] { (void)read(bytes); });
    EXPECT_TRUE(text.empty() || text.starts_with(file().string())) << text;
    return text;
  }
  std::filesystem::path file() const { return folder_.path() / "model.safetensors"; }
  const std::filesystem::path& folder() const { return folder_.path(); }

  // Two tensors: a (2, 3) U8 in bytes 0..6, b (2,) F32 in bytes 6..14.
  static WrittenFile good() {
    return written({{"a", "U8", {2, 3}, "\1\2\3\4\5\6"},
                    {"b", "F32", {2}, bytes_of(std::vector<float>{1.5F, -2.0F})}});
  }
  // The error after `field` of tensor b became `value`.
  std::string error_with(const char* field, const char* value) {
    WrittenFile bad = good();
    bad.header["b"][field] = nlohmann::json::parse(value);
    return error(bad.bytes());
  }

 private:
  ScratchFolder folder_;
};

TEST_F(Safetensors, ReadsTensorsWhereTheyLie) {
  const SafetensorsFile read_back = read(good().bytes());
  ASSERT_EQ(read_back.tensors().size(), 2U);
  const TensorView& a = read_back.tensors().find("a")->second;
  EXPECT_EQ(a.dtype, Dtype::U8);
  EXPECT_THAT(a.shape, ElementsAre(2, 3));
  EXPECT_EQ(std::to_integer<int>(a.bytes[5]), 6);
  EXPECT_THAT(to_floats(read_back.tensors().find("b")->second), ElementsAre(1.5F, -2.0F));
}

TEST_F(Safetensors, TakesEmptyTensorsAndScalars) {
  const auto file = read(written({{"none", "F32", {0, 5}, ""}, {"one", "U8", {}, "x"}}).bytes());
  EXPECT_EQ(file.tensors().find("none")->second.bytes.size(), 0U);
  EXPECT_EQ(file.tensors().find("one")->second.bytes.size(), 1U);
}

TEST_F(Safetensors, RefusesALengthBeyondTheFile) {
  std::string bytes = good().bytes();
  for (const std::uint64_t length :
       {std::uint64_t{bytes.size()}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    std::memcpy(bytes.data(), &length, sizeof length);
    EXPECT_THAT(error(bytes), HasSubstr("header has " + std::to_string(length) + " bytes"));
  }
  EXPECT_THAT(error("short"), HasSubstr("5 bytes"));
  EXPECT_THAT(error(""), HasSubstr("0 bytes"));
}

TEST_F(Safetensors, RefusesAHeaderThatIsNotAnObjectOfTensors) {
  EXPECT_THAT(error(safetensors_of("{\"a\": ", "")), HasSubstr("header is not JSON"));
  EXPECT_THAT(error(safetensors_of("[]", "")), HasSubstr("not a JSON object"));
  EXPECT_THAT(error(safetensors_of("{\"a\": 5}", "")), HasSubstr("tensor a is 5"));
  EXPECT_THAT(error(safetensors_of("{\"a\": {}}", "")), HasSubstr("tensor a has no dtype"));
  EXPECT_THAT(error(safetensors_of(std::string(1'000'000, '['), "")), HasSubstr("nested"));
}

TEST_F(Safetensors, RefusesATensorNamedTwice) {
  const std::string entry = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_THAT(error(safetensors_of("{" + entry + "," + entry + "}", "x")),
              HasSubstr("tensor a is in the header twice"));
}

TEST_F(Safetensors, RefusesOffsetsThatDoNotFit) {
  EXPECT_THAT(error_with("data_offsets", "[6, 15]"), HasSubstr("ends at byte 15 of 14"));
  EXPECT_THAT(error_with("data_offsets", "[14, 6]"), HasSubstr("[14, 6]"));
  EXPECT_THAT(error_with("data_offsets", "[6, 18446744073709551615]"), HasSubstr("truncated"));
  EXPECT_THAT(error_with("data_offsets", "[-1, 7]"), HasSubstr("whole numbers"));
  EXPECT_THAT(error_with("data_offsets", "[6]"), HasSubstr("[6]"));
  EXPECT_THAT(error_with("data_offsets", "null"), HasSubstr("null"));
  EXPECT_THAT(error_with("data_offsets", "[5, 13]"), HasSubstr("without overlap or gap"));
  EXPECT_THAT(error_with("data_offsets", "[0, 8]"), HasSubstr("without overlap or gap"));
}

TEST_F(Safetensors, RefusesAShapeThatDisagreesWithTheBytes) {
  EXPECT_THAT(error_with("shape", "[3]"), HasSubstr("has 8 bytes, but F32 of shape [3] needs 12"));
  EXPECT_THAT(error_with("shape", "[4294967296, 4294967296, 4294967296]"),
              HasSubstr("more bytes than 64 bits can count"));
  EXPECT_THAT(error_with("shape", "[4611686018427387904, 4]"), HasSubstr("64 bits"));
  EXPECT_THAT(error_with("shape", "[2.0]"), HasSubstr("whole numbers"));
  EXPECT_THAT(error_with("dtype", "\"BF16\""), HasSubstr("needs 4"));
  EXPECT_THAT(error_with("dtype", "\"F33\""), HasSubstr("unknown dtype F33"));
}

TEST_F(Safetensors, RefusesGapsAndBytesAtTheEnd) {
  WrittenFile trailing = good();
  trailing.data += "x";
  EXPECT_THAT(error(trailing.bytes()), HasSubstr("1 bytes after its last tensor"));
  WrittenFile gap = good();
  gap.data += "x";
  gap.header["b"]["data_offsets"] = {7, 15};
  EXPECT_THAT(error(gap.bytes()), HasSubstr("without overlap or gap"));
}

TEST_F(Safetensors, RefusesWhatIsNotAFile) {
  EXPECT_THAT(error_of([] { SafetensorsFile("/nowhere/model.safetensors"); }),
              HasSubstr("cannot be read"));
  EXPECT_THAT(error_of([&] { const SafetensorsFile refused(folder()); }), HasSubstr("regular"));
}

TEST_F(Safetensors, EndsInAnErrorWhereverItIsCut) {
  const std::string bytes = good().bytes();
  for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
    EXPECT_NE(error(bytes.substr(0, kept)), "") << kept;
  }
}

TEST_F(Safetensors, NeverCrashesOnChangedBytes) {
  const std::string good_bytes = good().bytes();
  for (std::size_t i = 0; i < good_bytes.size(); ++i) {
    for (int change = 1; change < 256; change += 37) {
      std::string bytes = good_bytes;
      bytes[i] = static_cast<char>(bytes[i] ^ change);
      (void)error(bytes);
    }
  }
}

TEST_F(Safetensors, WidensEveryHalfExactly) {
  std::vector<std::uint16_t> halves(1U << 16);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  const auto file = read(written({{"f16", "F16", {halves.size()}, bytes_of(halves)},
                                  {"bf16", "BF16", {halves.size()}, bytes_of(halves)}})
                             .bytes());
  const std::vector<float> f16 = to_floats(file.tensors().find("f16")->second);
  const std::vector<float> bf16 = to_floats(file.tensors().find("bf16")->second);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const int exponent = static_cast<int>(i >> 10) & 31;
    const auto fraction = static_cast<double>(i & 1023);
    const double magnitude =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    const double expected = (i & 0x8000) != 0 ? -magnitude : magnitude;
    if (exponent != 31) {
      EXPECT_EQ(f16[i], static_cast<float>(expected)) << i;
    } else {
      EXPECT_EQ(std::isnan(f16[i]), fraction != 0) << i;
    }
    std::uint32_t bits = 0;
    std::memcpy(&bits, &bf16[i], sizeof bits);
    EXPECT_EQ(bits, i << 16);
  }
  EXPECT_THAT(error_of([&] {
                const auto ints = read(written({{"i", "I32", {1}, "abcd"}}).bytes());
                (void)to_floats(ints.tensors().find("i")->second);
              }),
              HasSubstr("dtype is I32"));
}

class Store : public Safetensors {
 protected:
  void write(const char* name, const std::string& bytes) { write_file(folder() / name, bytes); }
  std::string store_error() {
    return error_of([&] { const TensorStore store(folder()); });
  }
};

TEST_F(Store, JoinsShards) {
  write("one.safetensors", written({{"a", "U8", {1}, "x"}}).bytes());
  write("two.safetensors", written({{"b", "U8", {1}, "y"}}).bytes());
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  const TensorStore store(folder());
  EXPECT_THAT(store.names(), ElementsAre("a", "b"));
  EXPECT_EQ(std::to_integer<char>(store.get("b", std::vector<std::uint64_t>{1}).bytes[0]), 'y');
}

TEST_F(Store, RefusesAnIndexThatDoesNotFit) {
  EXPECT_THAT(store_error(), HasSubstr("model.safetensors cannot be read"));
  write("one.safetensors", written({{"a", "U8", {1}, "x"}}).bytes());
  write("two.safetensors", written({{"a", "U8", {1}, "y"}}).bytes());
  const char* index = "model.safetensors.index.json";
  write(index, "{}");
  EXPECT_THAT(store_error(), HasSubstr("weight_map is null"));
  write(index, R"({"weight_map": {"a": "../one.safetensors"}})");
  EXPECT_THAT(store_error(),
              HasSubstr("\"../one.safetensors\" where a name in the same folder is expected"));
  write(index, R"({"weight_map": {"a": 3}})");
  EXPECT_THAT(store_error(), HasSubstr("the file name 3"));
  write(index, R"({"weight_map": {"b": "one.safetensors"}})");
  EXPECT_THAT(store_error(), HasSubstr("tensor b is not in one.safetensors"));
  write(index, R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  EXPECT_THAT(store_error(), HasSubstr("tensor a is also in two.safetensors"));
  write(index, R"({"weight_map": {"a": "three.safetensors"}})");
  EXPECT_THAT(store_error(), HasSubstr("three.safetensors cannot be read"));
}

TEST_F(Store, RefusesAnIndexThatPlacesTensorsInEachOthersShards) {
  write("one.safetensors", written({{"a", "U8", {1}, "x"}}).bytes());
  write("two.safetensors", written({{"b", "U8", {1}, "y"}}).bytes());
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "two.safetensors", "b": "one.safetensors"}})");
  EXPECT_THAT(store_error(), HasSubstr("tensor a is not in two.safetensors, where the index"));
}

TEST_F(Store, NamesTheTensorThatIsMissingOrOfAnotherShape) {
  write("model.safetensors", good().bytes());
  const TensorStore store(folder());
  const std::vector<std::uint64_t> shape{2, 4};
  EXPECT_THAT(error_of([&] { (void)store.get("a", shape); }),
              HasSubstr("tensor a has shape [2, 3] where config.json asks for [2, 4]"));
  EXPECT_THAT(error_of([&] { (void)store.get("c", shape); }), HasSubstr("tensor c is missing"));
}

}  // namespace
}  // namespace sterna
