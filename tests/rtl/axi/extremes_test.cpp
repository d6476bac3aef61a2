// SPDX-License-Identifier: Apache-2.0

// Every bit of addresses, sizes and registers: values that no ordinary job has.

#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/rtl/axi/axi_rig.hpp"

namespace sterna {
namespace {

using axi::Code;
using axi::Reg;

constexpr std::uint64_t kHang = 60000;
constexpr std::uint64_t kOdd = 0xAAAAAAAAAAAAAAAA;

class AxiExtremes : public testing::TestWithParam<AxiDesign> {
 protected:
  ~AxiExtremes() override { EXPECT_EQ(rig_.unit().errors(), 0U) << rig_.unit().first_error(); }

  const TmuUnitParameters inner_ = inner_unit(GetParam().sizes);
  const std::uint32_t engines_ = inner_.engines;
  const std::uint64_t addresses_ = GetParam().sizes.address_bits == 64
                                       ? ~std::uint64_t{0}
                                       : (std::uint64_t{1} << GetParam().sizes.address_bits) - 1;
  AxiRig rig_{GetParam(), {.seed = 7, .latency = 3}};

  // Patterns whose neighbours differ in every bit, and others.
  static std::vector<std::uint64_t> patterns() {
    std::vector<std::uint64_t> all = {kOdd, ~kOdd, 0, ~std::uint64_t{0}};
    std::mt19937_64 random(3);
    for (int i = 0; i < 4; ++i) all.push_back(random());
    return all;
  }

  [[nodiscard]] std::uint64_t high(std::uint64_t pattern) const {
    return pattern & addresses_ & ~std::uint64_t{AxiRig::kBytes - 1};
  }

  // Rings and data at places chosen by the pattern in a memory that is everywhere.
  void configure(std::uint64_t pattern) {
    rig_.reset();
    rig_.memory.mirrored = true;
    rig_.memory.faults = {};
    rig_.map = {.ring = high(pattern) | 0x200000 | (pattern & 0xFFF00),
                .completions = high(~pattern) | 0x300000 | (~pattern & 0xFFFC0),
                .window = 0,
                .limit = addresses_,
                .commands = high(pattern >> 1) | (pattern & 0x1FF000)};
    rig_.reset();
    rig_.configure();
    rig_.clear_completions();
  }

  // Commands whose streams lie in different mirrors.
  std::vector<Posted> post(std::uint32_t count, std::uint64_t pattern) {
    std::vector<Posted> all;
    for (std::uint32_t i = 0; i < count; ++i) {
      all.push_back(
          rig_.lay_out(random_command(inner_, {inner_.slices, 2, 2 * engines_ + 1}, i + 1)));
      axi::Descriptor& d = all.back().descriptor;
      d.activation_base ^= high(~pattern >> 3) & high(addresses_ >> 1);
      d.result_base ^= high(pattern >> 5) & high(addresses_ >> 1);
      rig_.post(all.back());
    }
    rig_.ring_bell();
    return all;
  }

  void expect_halt(Code code) {
    ASSERT_TRUE(
        rig_.run_until([&] { return rig_.unit().cycles() % 32 == 0 && rig_.halted(); }, kHang));
    EXPECT_EQ(rig_.error_code(), code);
  }

  void clear() {
    rig_.memory.faults = {};
    rig_.skip_to(rig_.get(Reg::Head));
    rig_.ring_bell();
    rig_.write(Reg::Command, axi::command::kClear);
    rig_.write(Reg::IrqStatus, 7);
    rig_.clear_completions();
  }

  // A descriptor that must not run.
  void expect_refused(Code code, const axi::Descriptor& descriptor) {
    Posted posted{.command = {}, .descriptor = descriptor, .sequence = 0};
    rig_.post(posted);
    rig_.ring_bell();
    ASSERT_NO_FATAL_FAILURE(expect_halt(code));
    EXPECT_EQ(rig_.completion(posted.sequence).status, static_cast<std::uint32_t>(code));
    clear();
  }
};

TEST_P(AxiExtremes, UsesEveryBitOfAnAddress) {
  for (const std::uint64_t pattern : patterns()) {
    SCOPED_TRACE("pattern " + std::to_string(pattern));
    configure(pattern);
    for (const Posted& posted : post(3, pattern)) {
      ASSERT_TRUE(rig_.run_until([&] { return rig_.get(Reg::Head) > posted.sequence; }, kHang));
      rig_.expect_done(posted);
    }
  }
}

TEST_P(AxiExtremes, ReportsEveryBitOfTheAddressOfAnError) {
  for (const std::uint64_t pattern : patterns()) {
    SCOPED_TRACE("pattern " + std::to_string(pattern));
    configure(pattern);
    rig_.memory.faults.response = pattern % 2 == 0 ? 2 : 3;
    const auto expect_error = [&](Code code, auto address_of) {
      Posted posted = rig_.lay_out(random_command(inner_, {inner_.slices, 2, 2 * engines_}, 1));
      rig_.post(posted);
      const std::uint8_t response = pattern % 2 == 0 ? 2 : 3;
      const std::uint64_t address = address_of(posted);
      rig_.memory.faults.slverr = {address};
      rig_.memory.faults.response = response;
      rig_.ring_bell();
      ASSERT_NO_FATAL_FAILURE(expect_halt(code));
      EXPECT_EQ((rig_.get(Reg::Status) & axi::status::kResponse) >> axi::status::kResponseShift,
                response);
      EXPECT_LT(address - rig_.get64(Reg::ErrorAddressLo), 4096U);
      clear();
    };
    for (std::uint32_t e = 0; e < engines_; ++e) {
      expect_error(Code::ReadError, [e](const Posted& posted) {
        return posted.descriptor.weight_base + e * posted.descriptor.weight_pitch;
      });
    }
    expect_error(Code::ReadError, [](const Posted& p) { return p.descriptor.activation_base; });
    expect_error(Code::WriteError, [](const Posted& p) { return p.descriptor.result_base; });
    expect_error(Code::ReadError, [&](const Posted& p) {
      return rig_.map.ring + 64 * (p.sequence % (1U << AxiRig::kRingLog2));
    });
  }
}

// The counts of a descriptor have room for every size; no memory has.
TEST_P(AxiExtremes, SizesThatNoMemoryHoldsAreOutsideTheWindow) {
  configure(0);
  ASSERT_EQ(rig_.write(Reg::Control, 0), 0);
  rig_.set64(Reg::WindowLimitLo, AxiRig::kLimit);
  rig_.write(Reg::Control, axi::control::kEnable);
  for (const std::uint64_t pattern : patterns()) {
    axi::Descriptor d;
    d.tokens = static_cast<std::uint16_t>(pattern | 1);
    d.beats = static_cast<std::uint16_t>(pattern >> 16 | 1);
    d.rows = static_cast<std::uint32_t>(pattern >> 32) | 1U << 31;
    expect_refused(Code::Address, d);
    d.weight_base = ~std::uint64_t{0} & ~std::uint64_t{1023};
    d.weight_pitch = high(pattern);
    d.activation_base = pattern & ~std::uint64_t{15};
    d.result_base = ~pattern & ~std::uint64_t{1023};
    expect_refused(Code::Address, d);
    EXPECT_FALSE(HasFailure()) << "pattern " << pattern;
  }
}

// Its reads are asked for ahead of its turn, and dropped.
TEST_P(AxiExtremes, SizesThatOnlyTheUnitKnowsToBeTooLargeAreRefused) {
  for (const std::uint64_t pattern : patterns()) {
    for (const bool many_tokens : {false, true}) {
      configure(0);
      axi::Descriptor d;
      const auto size = static_cast<std::uint16_t>(pattern | 0x8000);
      d.tokens = many_tokens ? size : 1;
      d.beats = many_tokens ? 1 : size;
      d.rows = 1;
      expect_refused(Code::Illegal, d);
    }
  }
}

// Rows for which no test has the time: the command starts, and a cancel ends it.
TEST_P(AxiExtremes, ACommandOfAnySizeStartsAndEnds) {
  const std::uint64_t row_bytes = inner_.lanes / 5;
  for (const std::uint64_t pattern : patterns()) {
    configure(0);
    axi::Descriptor d;
    d.tokens = 1;
    d.beats = 1;
    const std::uint64_t most = std::min<std::uint64_t>(addresses_ / row_bytes, 0xFFFFFFFF);
    d.rows = static_cast<std::uint32_t>(std::max(pattern % most, most / 2));
    Posted posted{.command = {}, .descriptor = d, .sequence = 0};
    rig_.post(posted);
    rig_.ring_bell();
    for (int i = 0; i < 400; ++i) rig_.step();
    rig_.write(Reg::Command, axi::command::kCancel);
    ASSERT_NO_FATAL_FAILURE(expect_halt(Code::Aborted));
    EXPECT_EQ(rig_.completion(0).status, static_cast<std::uint32_t>(Code::Aborted));
    clear();
    for (const Posted& next : post(1, 0)) {
      ASSERT_TRUE(rig_.run_until([&] { return rig_.get(Reg::Head) > next.sequence; }, kHang));
      rig_.expect_done(next);
    }
  }
}

TEST_P(AxiExtremes, EveryRegisterIsReadAndEveryAddressThatIsNoneRefused) {
  constexpr std::uint32_t kBytes = 4096;
  constexpr std::uint8_t kSlverr = 2;
  const auto mapped = [](std::uint32_t a) {
    return a <= 0x014 || (a >= 0x020 && a <= 0x034) || (a >= 0x040 && a <= 0x050) ||
           (a >= 0x058 && a <= 0x0EC) || (a >= 0x100 && a <= 0x13C);
  };
  const auto unmapped_between = [](std::uint32_t a) { return a == 0x054; };
  for (std::uint32_t address = 0; address < kBytes; ++address) {
    std::uint32_t value = 0;
    const bool legal = address % 4 == 0 && mapped(address) && !unmapped_between(address);
    ASSERT_EQ(rig_.read_at(address, value), legal ? 0 : kSlverr) << address;
    if (address % 4 != 0) {
      ASSERT_EQ(rig_.write_at(address, 0, 0xF), kSlverr) << address;
    }
  }
  for (const std::uint64_t pattern : patterns()) {
    const auto value = static_cast<std::uint32_t>(pattern);
    rig_.write(Reg::Control, 0);
    EXPECT_EQ(rig_.write(Reg::Watchdog, value), 0);
    EXPECT_EQ(rig_.get(Reg::Watchdog), value);
    EXPECT_EQ(rig_.write(Reg::Tail, value), 0);
    EXPECT_EQ(rig_.get(Reg::Tail), value);
  }
}

INSTANTIATE_TEST_SUITE_P(Designs, AxiExtremes, testing::ValuesIn(kAxiDesigns),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace sterna
