// SPDX-License-Identifier: Apache-2.0

// Values: every code of both formats in every byte of a beat, and the extremes of the sums.

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "sim/rtl/rtl_unit.hpp"
#include "tests/rtl/command.hpp"
#include "tests/rtl/session.hpp"
#include "tests/sim/designs.hpp"

namespace sterna {
namespace {

class TmuValues : public testing::TestWithParam<sim::UnitConfig> {
 protected:
  std::unique_ptr<TmuUnit> unit_ = sim::open_rtl_unit(GetParam());
  const TmuUnitParameters& sizes_ = unit_->parameters();
  const std::uint32_t most_tokens_ = sizes_.slices * sizes_.chunks;

  void check(const Command& command) {
    Session session(*unit_, {});
    const std::vector<Observed> seen = session.run(std::span(&command, 1));
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].status, 0);
    EXPECT_EQ(seen[0].sums, command.expected);
  }

  // One row for each of the 256 codes at each byte of a beat, zero trits around it. The activations of
  // a byte are 1, 3, 9, 27, 81, so that a sum names its trits, and rotate with the byte and the token,
  // so that a trit in a wrong lane shows.
  Command every_code(bool t2) const {
    const std::size_t bytes = sizes_.lanes / 5;
    const std::size_t in_byte = t2 ? 4 : 5;
    const std::uint8_t zero = t2 ? 0x55 : 121;
    constexpr std::array<std::int8_t, 5> kPower = {1, 3, 9, 27, 81};
    return make_command(
        sizes_, {most_tokens_, 1, static_cast<std::uint32_t>(256 * bytes), t2},
        [&](std::size_t row, std::size_t i) {
          return row / 256 == i ? static_cast<std::uint8_t>(row % 256) : zero;
        },
        [&](std::size_t t, std::size_t k) {
          return t == 0 ? kPower[k % in_byte]
                        : static_cast<std::int8_t>((k / in_byte * 7 + t * 31 + k % in_byte) % 127);
        });
  }

  // Rows whose weights are all -1, all +1 and all 0, the longest that the unit takes.
  Command longest(std::int8_t activation, bool t2 = false) const {
    constexpr std::array<std::uint8_t, 3> kT5 = {0, 242, 121};
    constexpr std::array<std::uint8_t, 3> kT2 = {0x00, 0xAA, 0x55};
    return make_command(
        sizes_, {1, sizes_.activation_words, 3, t2},
        [&](std::size_t row, std::size_t) { return t2 ? kT2[row] : kT5[row]; },
        [&](std::size_t, std::size_t) { return activation; });
  }
};

TEST_P(TmuValues, DecodesEveryT5CodeInEveryByte) { check(every_code(false)); }

TEST_P(TmuValues, DecodesEveryT2CodeInEveryByte) { check(every_code(true)); }

TEST_P(TmuValues, DoesNotOverflowAtTheExtreme) {
  const Command command = longest(-128);
  const auto terms = static_cast<std::int32_t>(sizes_.activation_words * sizes_.lanes);
  ASSERT_EQ(command.expected, (std::vector<std::int32_t>{128 * terms, -128 * terms, 0}));
  check(command);
}

TEST_P(TmuValues, AddsTheLargestAndSmallestActivations) {
  for (const int activation : {127, 0, -1, 1}) check(longest(static_cast<std::int8_t>(activation)));
  check(longest(-128, true));
  check(longest(127, true));
}

// Alternating extremes: each lane pair cancels, which a lane on the wrong side would not.
TEST_P(TmuValues, CancelsAlternatingExtremes) {
  check(make_command(
      sizes_, {most_tokens_, 1, sizes_.engines + 1},
      [](std::size_t row, std::size_t i) { return (row + i) % 2 == 0 ? 0 : 242; },
      [](std::size_t t, std::size_t k) { return (k / 5 + t) % 2 == 0 ? -128 : 127; }));
}

INSTANTIATE_TEST_SUITE_P(Designs, TmuValues, testing::ValuesIn(sim::kDesigns),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace sterna
