// SPDX-License-Identifier: Apache-2.0
#include "model/formats/gguf/blocks.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/model/formats/gguf/gguf_bytes.hpp"
#include "tests/model/test_data.hpp"

namespace sterna {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Known answers for the codes (i * i + i / 7) mod 3 of 256 weights, as other programs write them.
constexpr const char* kTq1 =
    "4782901198581cf8b76bc2d685b033c80953e723414782901198581cf8b76bc2e429ee3d35f70d501567a805705c22"
    "e38fc1e756";
constexpr const char* kTq2 =
    "589509901901a02a122162562542640680a84a8488589509901901a02a12216209901901a02a122162562542640680"
    "a84a8488589509901901a02a1221625625";
constexpr const char* kI2s =
    "2556600664400aa88448899558811990022aa112222556600664400aa8844889600664400aa8844889955881199002"
    "2aa112222556600664400aa88448899558";

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::vector<int> known_trits() {
  std::vector<int> trits(256);
  for (int i = 0; i < 256; ++i) trits[static_cast<std::size_t>(i)] = (i * i + i / 7) % 3 - 1;
  return trits;
}

constexpr std::uint16_t kHalf = 0x3800;  // 0.5 as a half float
std::string tail(float scale) { return raw(scale) + std::string(28, '\0'); }

// A tensor over bytes that the caller keeps.
GgufTensor tensor_of(GgufType type, std::vector<std::uint64_t> dims, const std::string& bytes) {
  return {.type = type, .dims = std::move(dims), .bytes = std::as_bytes(std::span(bytes))};
}

struct ReadBack {
  std::vector<int> trits;
  float scale;
};
ReadBack read(GgufType type, std::vector<std::uint64_t> dims, const std::string& bytes,
              I2sLayout layout = I2sLayout::X86) {
  ThreadPool pool(2);
  const TernaryLinear linear = read_ternary(
      tensor_of(type, std::move(dims), bytes), layout, [](std::size_t r) { return r; },
      std::pmr::get_default_resource(), pool);
  ReadBack back{{}, linear.scale};
  std::vector<Trit> row(linear.trits.cols());
  for (std::size_t r = 0; r < linear.trits.rows(); ++r) {
    linear.trits.unpack_row(r, row);
    back.trits.insert(back.trits.end(), row.begin(), row.end());
  }
  return back;
}
std::string error(GgufType type, std::vector<std::uint64_t> dims, const std::string& bytes,
                  I2sLayout layout = I2sLayout::X86) {
  return error_of([&] { (void)read(type, std::move(dims), bytes, layout); });
}

TEST(GgufTernary, GivesTheKnownAnswers) {
  for (const std::vector<std::uint64_t>& dims :
       {std::vector<std::uint64_t>{256, 1}, {128, 2}, {64, 4}, {32, 8}, {2, 128}}) {
    const ReadBack i2s = read(GgufType::I2S, dims, from_hex(kI2s) + tail(0.25F));
    EXPECT_EQ(i2s.trits, known_trits()) << dims[0];
    EXPECT_EQ(i2s.scale, 0.25F);
  }
  const ReadBack tq1 = read(GgufType::Tq1_0, {256, 1}, from_hex(kTq1) + raw(kHalf));
  EXPECT_EQ(tq1.trits, known_trits());
  EXPECT_EQ(tq1.scale, 0.5F);
  const ReadBack tq2 = read(GgufType::Tq2_0, {256, 1}, from_hex(kTq2) + raw(kHalf));
  EXPECT_EQ(tq2.trits, known_trits());
  EXPECT_EQ(tq2.scale, 0.5F);
}

TEST(GgufTernary, ReadsTheOtherLayoutsOfI2s) {
  // Codes of byte 0 are 0 1 2 0: the first in the upper bits.
  std::string bytes(32, '\x55');
  bytes[0] = 0b00'01'10'00;
  std::vector<int> arm(128, 0);
  arm[0] = -1, arm[32] = 1, arm[48] = -1;
  EXPECT_EQ(read(GgufType::I2S, {64, 2}, bytes + tail(1), I2sLayout::Arm).trits, arm);
  std::vector<int> rows(128, 0);
  rows[0] = -1, rows[32] = 0, rows[64] = 1, rows[96] = -1;
  EXPECT_EQ(read(GgufType::I2S, {32, 4}, bytes + tail(1), I2sLayout::Rows).trits, rows);
  EXPECT_THAT(error(GgufType::I2S, {64, 2}, bytes + tail(1), I2sLayout::Rows),
              HasSubstr("has 2 rows, but this layout"));
  EXPECT_THAT(error(GgufType::I2S, {64, 1}, std::string(16, '\x55') + tail(1)),
              HasSubstr("has 64 weights, but I2_S has blocks of 128"));
  EXPECT_EQ(parse_i2s_layout("arm"), I2sLayout::Arm);
  EXPECT_THAT(error_of([] { (void)parse_i2s_layout("x"); }), HasSubstr("x86, arm or rows"));
}

TEST(GgufTernary, NamesTheRowWithCode3) {
  std::string i2s(64, '\x55');
  i2s[63] = '\x57';  // value 31 of the last quarter: row 3 of 64 columns
  EXPECT_THAT(error(GgufType::I2S, {64, 4}, i2s + tail(1)),
              HasSubstr("holds code 3, which is no trit, in row 3"));
  std::string tq2 = std::string(64, '\x55') + raw(kHalf);
  tq2 += tq2;
  tq2[66] = '\xD5';
  EXPECT_THAT(error(GgufType::Tq2_0, {256, 2}, tq2), HasSubstr("holds code 3"));
  EXPECT_THAT(error(GgufType::Tq2_0, {256, 2}, tq2), HasSubstr("in row 1"));
}

TEST(GgufTernary, RefusesAScaleThatIsNoneAndASecondOne) {
  const std::string codes(64, '\x55');
  for (const float bad : {0.0F, -1.0F, std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_THAT(error(GgufType::I2S, {256, 1}, codes + tail(bad)), HasSubstr("has scale "));
  }
  const std::string ones(64, '\xAA');  // codes 2: every weight is 1
  const auto block = [](const std::string& qs, std::uint16_t d) { return qs + raw(d); };
  EXPECT_THAT(error(GgufType::Tq2_0, {512, 1}, block(ones, 0x3800) + block(ones, 0x3C00)),
              HasSubstr("a block with scale 1 in row 0 and another with 0.5"));
  EXPECT_THAT(error(GgufType::Tq2_0, {256, 1}, block(ones, 0x7E00)), HasSubstr("has scale nan"));
  // Blocks of zeros have a scale of their own in files of llama.cpp.
  const ReadBack zeros = read(GgufType::Tq2_0, {512, 1}, block(codes, 0) + block(ones, 0x3800));
  EXPECT_EQ(zeros.scale, 0.5F);
  EXPECT_EQ(read(GgufType::Tq2_0, {256, 1}, block(codes, 0)).scale, 1.0F);
}

TEST(GgufTernary, TakesFloatsOfOneMagnitude) {
  const auto floats = [](std::initializer_list<float> values) {
    std::string bytes;
    for (const float value : values) bytes += raw(value);
    return bytes;
  };
  const ReadBack back = read(GgufType::F32, {3, 2}, floats({0, -0.0F, 0.3F, -0.3F, 0, 0.3F}));
  EXPECT_THAT(back.trits, ElementsAre(0, 0, 1, -1, 0, 1));
  EXPECT_EQ(back.scale, 0.3F);
  EXPECT_EQ(read(GgufType::F32, {2, 1}, floats({0, 0})).scale, 1.0F);
  EXPECT_THAT(error(GgufType::F32, {3, 2}, floats({0, 0, 0.25F, 0, -0.5F, 0.25F})),
              HasSubstr("weights of two magnitudes, 0.25 and 0.5 in row 1"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(error(GgufType::F32, {2, 1}, floats({0.5F, nan})), HasSubstr("0.5 and nan"));
  EXPECT_THAT(error(GgufType::F32, {2, 1}, floats({nan, 1.0F})), HasSubstr("has scale nan"));
  EXPECT_THAT(error(GgufType::Q4_K, {256, 1}, std::string(144, 'x')),
              HasSubstr("has type Q4_K where a ternary one"));
}

// What ggml computes for one block, from the definition of each type.
TEST(GgufFloats, ReadsABlockOfEachType) {
  std::string q8 = raw(kHalf) + std::string(32, '\0');
  q8[2] = 4, q8[33] = '\xFE';
  std::vector<float> row(32);
  const GgufTensor q8_tensor = tensor_of(GgufType::Q8_0, {32, 1}, q8);
  read_float_matrix(q8_tensor).read_row(0, row);
  EXPECT_EQ(row[0], 2.0F);
  EXPECT_EQ(row[31], -1.0F);

  // Q6_K: value 255 has its low bits in the last byte's upper nibble, its high ones in qh[63].
  std::string q6(210, '\0');
  q6[127] = '\x70', q6[191] = '\x40', q6[207] = 3, q6[208] = '\0', q6[209] = '\x38';
  std::vector<float> block(256);
  const GgufTensor q6_tensor = tensor_of(GgufType::Q6_K, {256, 1}, q6);
  read_float_matrix(q6_tensor).read_row(0, block);
  EXPECT_EQ(block[255], 0.5F * 3 * (0x17 - 32));
  EXPECT_EQ(block[254], 0.5F * 3 * -32);
  EXPECT_EQ(block[0], 0.0F);

  // Q4_K: run 7 has scale 0b10'0001 and minimum 0b01'0010 in bytes 11, 3 and 7 of the scales.
  std::string q4(144, '\0');
  q4[1] = '\x38', q4[3] = '\x3C';
  q4[4 + 11] = 0x21, q4[4 + 3] = '\x80', q4[4 + 7] = '\x40', q4[143] = '\x50';
  const GgufTensor q4_tensor = tensor_of(GgufType::Q4_K, {256, 1}, q4);
  read_float_matrix(q4_tensor).read_row(0, block);
  EXPECT_EQ(block[255], 0.5F * 0x21 * 5 - 0x12);
  EXPECT_EQ(block[0], 0.0F);
  EXPECT_THAT(error_of([&] {
                (void)read_float_matrix(tensor_of(GgufType::I2S, {4, 1}, q8));
              }),
              HasSubstr("has type I2_S where F32"));
}

// Half floats that came from bfloat16 become that; others must not lose a bit, nor grow.
TEST(KeepMatrix, NarrowsOnlyWhatBfloat16Holds) {
  ThreadPool pool(2);
  for (const std::uint16_t odd : {std::uint16_t{0x3C08}, std::uint16_t{0x3C01}}) {
    std::string bytes;
    for (const std::uint16_t half : {std::uint16_t{0x3C00}, odd, std::uint16_t{0xC4F8}}) {
      bytes += raw(half);
    }
    const GgufTensor tensor = tensor_of(GgufType::F16, {1, 3}, bytes);
    const VocabMatrix kept = keep_matrix(read_float_matrix(tensor), HeadForm::Stored,
                                         std::pmr::get_default_resource(), pool);
    EXPECT_EQ(std::holds_alternative<RowsInPlace>(kept.values), odd != 0x3C08);
    EXPECT_EQ(kept.bytes(), 6U);
    float value = 0;
    kept.read_row(1, {&value, 1});
    EXPECT_EQ(value, 1.0F + static_cast<float>(odd - 0x3C00) / 1024.0F);
    kept.read_row(2, {&value, 1});
    EXPECT_EQ(value, -4.96875F);
  }
}

}  // namespace
}  // namespace sterna
