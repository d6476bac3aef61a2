// SPDX-License-Identifier: Apache-2.0
#include "host/stream_layout.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/host/fake_tmu.hpp"

namespace sterna::host {
namespace {

using sim::WeightFormat;

const sim::UnitConfig kUnit = fake_hardware(80, 3, 2, 4, 8).unit;

std::vector<Trit> random_trits(std::size_t count, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<Trit> trits(count);
  for (Trit& trit : trits) trit = static_cast<Trit>(static_cast<int>(rng() % 3) - 1);
  return trits;
}

/// Trit `index` of a row of wire bytes, by division: shares nothing with the packing.
int wire_trit(std::span<const std::uint8_t> bytes, std::size_t index, WeightFormat format) {
  const std::size_t per_byte = format == WeightFormat::T5 ? 5 : 4;
  const int base = format == WeightFormat::T5 ? 3 : 4;
  int code = bytes[index / per_byte];
  for (std::size_t j = 0; j < index % per_byte; ++j) code /= base;
  return code % base - 1;
}

class Streams : public testing::TestWithParam<WeightFormat> {};

// Rows around the engine count, columns around a byte, a beat and the end of the SRAM.
TEST_P(Streams, HoldEveryRowOfItsEngineAndZerosBehind) {
  const WeightFormat format = GetParam();
  for (std::size_t rows : {1, 2, 3, 4, 7}) {
    for (std::size_t cols : {1, 3, 4, 5, 6, 63, 64, 65, 79, 80, 81, 255, 256, 257, 320}) {
      const auto trits = random_trits(rows * cols, static_cast<unsigned>(rows * 1000 + cols));
      const PackedTernary packed(trits, rows, cols);
      for (const ColumnPiece& piece : split_columns(cols, kUnit, format)) {
        const auto streams = pack_streams(packed, piece, kUnit, format);
        const std::size_t row_bytes = piece.beats * kUnit.beat_bytes();
        ASSERT_EQ(streams.engine_offset.size(), 4U);
        ASSERT_EQ(streams.engine_offset[3], rows * row_bytes);
        ASSERT_EQ(streams.bytes.size(), rows * row_bytes);
        for (std::size_t r = 0; r < rows; ++r) {
          const auto bytes =
              std::span(streams.bytes)
                  .subspan(streams.engine_offset[r % 3] + r / 3 * row_bytes, row_bytes);
          for (std::size_t c = 0; c < piece.beats * kUnit.trits_per_beat(format); ++c) {
            const int expected = c < piece.cols ? trits[r * cols + piece.first_col + c] : 0;
            ASSERT_EQ(wire_trit(bytes, c, format), expected)
                << rows << " x " << cols << ", row " << r << ", column " << c;
          }
        }
      }
    }
  }
}

// Rows around the engine count and a beat, columns from one; every engine's stream has all columns.
TEST_P(Streams, HoldEveryColumnAndZerosBehind) {
  const WeightFormat format = GetParam();
  const std::size_t trits_a_beat = kUnit.trits_per_beat(format);
  for (std::size_t rows : {1, 2, 3, 4, 191, 192, 193, 239, 240, 241, 400}) {
    for (std::size_t cols : {1, 2, 17}) {
      const auto trits = random_trits(rows * cols, static_cast<unsigned>(rows * 1000 + cols));
      const auto streams = pack_columns(PackedTernary(trits, rows, cols), kUnit, format);
      const std::size_t beats = (rows + 3 * trits_a_beat - 1) / (3 * trits_a_beat);
      const std::size_t column_bytes = beats * kUnit.beat_bytes();
      ASSERT_EQ(streams.engine_offset.size(), 4U);
      ASSERT_EQ(streams.bytes.size(), 3 * cols * column_bytes);
      for (std::size_t e = 0; e < 3; ++e) {
        ASSERT_EQ(streams.engine_offset[e], e * cols * column_bytes);
        for (std::size_t c = 0; c < cols; ++c) {
          const auto bytes =
              std::span(streams.bytes)
                  .subspan(streams.engine_offset[e] + c * column_bytes, column_bytes);
          for (std::size_t i = 0; i < beats * trits_a_beat; ++i) {
            const std::size_t row = i * 3 + e;
            const int expected = row < rows ? trits[row * cols + c] : 0;
            const auto beat = bytes.subspan(i / trits_a_beat * kUnit.beat_bytes());
            ASSERT_EQ(wire_trit(beat, i % trits_a_beat, format), expected)
                << rows << " x " << cols << ", row " << row << ", column " << c;
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BothFormats, Streams, testing::Values(WeightFormat::T5, WeightFormat::T2),
                         [](const auto& variant) {
                           return variant.param == WeightFormat::T5 ? "t5" : "t2";
                         });

TEST(SplitColumns, CutsOnlyWhereTheSramEnds) {
  const auto t5 = WeightFormat::T5;
  EXPECT_EQ(split_columns(1, kUnit, t5), (std::vector<ColumnPiece>{{0, 1, 1}}));
  EXPECT_EQ(split_columns(320, kUnit, t5), (std::vector<ColumnPiece>{{0, 320, 4}}));
  EXPECT_EQ(split_columns(321, kUnit, t5), (std::vector<ColumnPiece>{{0, 320, 4}, {320, 1, 1}}));
  EXPECT_EQ(split_columns(721, kUnit, t5),
            (std::vector<ColumnPiece>{{0, 320, 4}, {320, 320, 4}, {640, 81, 2}}));
  EXPECT_EQ(split_columns(257, kUnit, WeightFormat::T2),
            (std::vector<ColumnPiece>{{0, 256, 4}, {256, 1, 1}}));
  EXPECT_THROW((void)split_columns(0, kUnit, t5), std::invalid_argument);
}

TEST(TokensPerCommand, IsBoundByChunksAndByWords) {
  EXPECT_EQ(tokens_per_command(4, kUnit), 2U);  // 4 words: one chunk of 2 slices
  EXPECT_EQ(tokens_per_command(3, kUnit), 2U);
  EXPECT_EQ(tokens_per_command(2, kUnit), 4U);
  EXPECT_EQ(tokens_per_command(1, kUnit), 8U);
  EXPECT_EQ(tokens_per_command(1, fake_hardware(80, 3, 2, 100, 8).unit), 16U);
}

TEST(CanSkipColumns, IsBoundByTheWordsAndByTheCommand) {
  sim::UnitConfig unit = kUnit;
  const auto t5 = WeightFormat::T5;
  EXPECT_FALSE(can_skip_columns(1, 1, unit, t5));
  unit.column_words = 2;
  EXPECT_TRUE(can_skip_columns(480, 65535, unit, t5));
  EXPECT_FALSE(can_skip_columns(481, 65535, unit, t5));
  EXPECT_FALSE(can_skip_columns(480, 65536, unit, t5));
  EXPECT_TRUE(can_skip_columns(384, 1, unit, WeightFormat::T2));
  EXPECT_FALSE(can_skip_columns(385, 1, unit, WeightFormat::T2));
}

TEST(ColumnCommand, HasTheBeatsOfItsRowsAndWholeBeatsOfActivations) {
  const sim::TmuCommand command = column_command(241, 33, kUnit, WeightFormat::T5);
  EXPECT_EQ(command, (sim::TmuCommand{1, 2, 241, WeightFormat::T5, false, 33}));
  EXPECT_EQ(column_activations(std::vector<std::int8_t>(16, 7)).size(), 16U);
  const auto padded = column_activations(std::vector<std::int8_t>(17, 7));
  ASSERT_EQ(padded.size(), 32U);
  EXPECT_EQ(padded[16], 7);
  EXPECT_EQ(padded[17], 0);
}

TEST(PadActivations, CopiesThePieceOfEveryTokenAndClearsTheRest) {
  const std::vector<std::int8_t> x = {1, 2, 3, 4, 5, -128, 127, 8};  // (2, 4)
  std::vector<std::int8_t> words(2 * 6, 99);
  pad_activations(x, 4, {1, 2, 1}, words);
  EXPECT_EQ(words, (std::vector<std::int8_t>{2, 3, 0, 0, 0, 0, -128, 127, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace sterna::host
