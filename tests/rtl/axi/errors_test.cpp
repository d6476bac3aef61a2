// SPDX-License-Identifier: Apache-2.0

// Everything that can go wrong ends in a status that the host sees, and the unit works again.

#include <gtest/gtest.h>

#include "tests/rtl/axi/axi_rig.hpp"

namespace sterna {
namespace {

using axi::Code;
using axi::Reg;

constexpr std::uint64_t kHang = 60000;

class AxiErrors : public testing::TestWithParam<AxiDesign> {
 protected:
  AxiErrors() { rig_.clear_completions(); }
  ~AxiErrors() override { EXPECT_EQ(rig_.unit().errors(), 0U) << rig_.unit().first_error(); }

  const TmuUnitParameters inner_ = inner_unit(GetParam().sizes);
  AxiRig rig_{GetParam(), {.seed = 3, .latency = 5, .extra_latency = 10, .gap_percent = 20}};
  const std::uint32_t engines_ = inner_.engines;

  [[nodiscard]] Command command(std::uint32_t seed) const {
    return random_command(inner_, {2, 3, 4 * engines_ + 1}, seed);
  }

  // Lays out and posts `count` commands; the bell is not rung.
  std::vector<Posted> post(std::uint32_t count) {
    std::vector<Posted> all;
    for (std::uint32_t i = 0; i < count; ++i) {
      all.push_back(rig_.lay_out(command(i + 1)));
      rig_.post(all.back());
    }
    return all;
  }

  // Rings and waits for the halt.
  void expect_halt(Code code, std::uint32_t sequence) {
    rig_.ring_bell();
    ASSERT_TRUE(
        rig_.run_until([&] { return rig_.unit().cycles() % 32 == 0 && rig_.halted(); }, kHang))
        << "no halt";
    EXPECT_EQ(rig_.error_code(), code);
    EXPECT_EQ(rig_.get(Reg::ErrorSequence), sequence);
    EXPECT_TRUE(rig_.get(Reg::IrqStatus) & axi::irq_status::kHalted);
    EXPECT_TRUE(rig_.unit().out.irq);
    EXPECT_FALSE(rig_.get(Reg::Status) & axi::status::kBusy);
  }

  std::uint32_t status_of(const Posted& posted) { return rig_.completion(posted.sequence).status; }
  static constexpr std::uint32_t kNoRecord = 0xFFFFFFFF;

  // After a halt: clear, and two more commands give their sums.
  void expect_recovery() {
    rig_.memory.faults = {};
    rig_.skip_to(rig_.get(Reg::Head));  // the commands behind the error are dropped
    rig_.ring_bell();
    rig_.write(Reg::Command, axi::command::kClear);
    rig_.write(Reg::IrqStatus, 7);
    EXPECT_EQ(rig_.error_code(), Code::Done);
    rig_.clear_completions();
    const std::vector<Posted> more = post(2);
    rig_.ring_bell();
    ASSERT_TRUE(rig_.run_until(
        [&] { return rig_.unit().cycles() % 32 == 0 && rig_.get(Reg::Head) == rig_.next(); },
        kHang));
    for (const Posted& posted : more) rig_.expect_done(posted);
    EXPECT_FALSE(rig_.halted());
    rig_.clear_completions();
  }

  // The second of three descriptors is spoilt by `spoil`, which returns the address of the error: the first
  // is done, the third never starts.
  void expect_refused(Code code, const std::function<std::uint64_t(axi::Descriptor&)>& spoil) {
    std::vector<Posted> all;
    std::uint64_t address = 0;
    for (std::uint32_t i = 0; i < 3; ++i) {
      all.push_back(rig_.lay_out(command(i + 1)));
      if (i == 1) address = spoil(all.back().descriptor);
      rig_.post(all.back());
    }
    expect_halt(code, all[1].sequence);
    rig_.expect_done(all[0]);
    EXPECT_EQ(status_of(all[1]), static_cast<std::uint32_t>(code));
    EXPECT_EQ(status_of(all[2]), kNoRecord);
    EXPECT_EQ(rig_.get(Reg::Head), all[2].sequence);
    EXPECT_EQ(rig_.get64(Reg::ErrorAddressLo), address);
    expect_recovery();
  }

  // As expect_refused, for errors without an address.
  void expect_illegal(const std::function<void(axi::Descriptor&)>& spoil) {
    expect_refused(Code::Illegal, [&](axi::Descriptor& d) {
      spoil(d);
      return 0;
    });
  }

  // A response of `address` and its posting: it ends the second of three commands.
  void expect_bus_error(Code code, std::uint8_t response,
                        const std::function<std::uint64_t(const Posted&)>& spoil) {
    const std::vector<Posted> all = post(3);
    const std::uint64_t address = spoil(all[1]);
    if (response == 2) rig_.memory.faults.slverr = {address};
    expect_halt(code, all[1].sequence);
    rig_.expect_done(all[0]);
    EXPECT_EQ(status_of(all[1]), static_cast<std::uint32_t>(code));
    EXPECT_EQ(status_of(all[2]), kNoRecord);
    EXPECT_EQ(rig_.get(Reg::Head), all[2].sequence);
    EXPECT_EQ((rig_.get(Reg::Status) & axi::status::kResponse) >> axi::status::kResponseShift,
              response);
    // The register names the burst that holds the address.
    const std::uint64_t burst = rig_.get64(Reg::ErrorAddressLo);
    EXPECT_LE(burst, address);
    EXPECT_LT(address - burst, 4096U);
    expect_recovery();
  }
};

////////////////////////
// Illegal commands   //
////////////////////////

TEST_P(AxiErrors, RefusesWhatIsNoCommand) {
  expect_illegal([](axi::Descriptor& d) { d.tokens = 0; });
  expect_illegal([](axi::Descriptor& d) { d.beats = 0; });
  expect_illegal([](axi::Descriptor& d) { d.rows = 0; });
}

TEST_P(AxiErrors, RefusesReservedBits) {
  expect_illegal([](axi::Descriptor& d) { d.flags |= 0x10; });
  expect_illegal([](axi::Descriptor& d) { d.reserved0[2] = 0x80; });
  expect_illegal([](axi::Descriptor& d) { d.reserved1[1] = 1; });
  expect_illegal([](axi::Descriptor& d) { d.reserved2[15] = 0x80; });
}

TEST_P(AxiErrors, RefusesWhatTheUnitRefuses) {
  // Another format than that of the activations held.
  expect_illegal([](axi::Descriptor& d) { d.flags |= axi::kFlagKeep | axi::kFlagT2; });
  expect_illegal([this](axi::Descriptor& d) {
    d.tokens = static_cast<std::uint16_t>(inner_.slices * inner_.chunks + 1);
  });
}

TEST_P(AxiErrors, RefusesColumnsOfMoreThanOneTokenOrKept) {
  expect_illegal([](axi::Descriptor& d) {
    d.columns = 5;
    d.beats = 1;
  });
  expect_illegal([](axi::Descriptor& d) {
    d.tokens = d.beats = 1;
    d.columns = 5;
    d.flags |= axi::kFlagKeep;
  });
}

TEST_P(AxiErrors, RefusesColumnsOfOtherBeatsThanItsRowsNeed) {
  expect_illegal([](axi::Descriptor& d) {
    d.tokens = 1;
    d.columns = 5;
    d.beats = 2;
  });
}

TEST_P(AxiErrors, RefusesColumnsWhereItCannotSkipThem) {
  if (GetParam().sizes.column_words != 0) GTEST_SKIP() << "this design can";
  expect_illegal([](axi::Descriptor& d) {
    d.tokens = d.beats = 1;
    d.columns = 5;
  });
}

///////////////
// Addresses //
///////////////

TEST_P(AxiErrors, RefusesMisalignedAddresses) {
  expect_refused(Code::Address, [&](axi::Descriptor& d) {
    return d.weight_base += inner_.lanes / 10;  // half a beat
  });
  expect_refused(Code::Address, [](axi::Descriptor& d) { return d.activation_base += 8; });
  expect_refused(Code::Address, [this](axi::Descriptor& d) {
    return d.result_base += GetParam().sizes.result_bits / 16;  // half a word
  });
  if (engines_ == 1) return;
  expect_refused(Code::Address, [](axi::Descriptor& d) {
    d.weight_pitch += 1;
    return d.weight_base + d.weight_pitch;
  });
}

TEST_P(AxiErrors, RefusesAddressesOutsideTheWindow) {
  constexpr std::uint64_t kBelow = AxiRig::kWindow - 512;
  expect_refused(Code::Address, [](axi::Descriptor& d) { return d.weight_base = kBelow; });
  expect_refused(Code::Address, [](axi::Descriptor& d) { return d.activation_base = kBelow; });
  expect_refused(Code::Address, [](axi::Descriptor& d) { return d.result_base = kBelow; });
  if (engines_ == 1) return;
  // The sum of base and pitch wraps, and what is left of it lies in the window.
  expect_refused(Code::Address, [](axi::Descriptor& d) {
    d.weight_base = AxiRig::kLimit - 4096;
    d.weight_pitch = 0 - std::uint64_t{8192};
    return AxiRig::kLimit - 4096 - 8192;
  });
}

TEST_P(AxiErrors, TheWindowEndsAfterTheLastByte) {
  Posted first = rig_.lay_out(command(1));
  const std::size_t bytes = rig_.expected(first).size() * 4;
  const std::size_t word = GetParam().sizes.result_bits / 8;
  if (bytes % word == 0) {
    first.descriptor.result_base = AxiRig::kLimit - bytes;
    rig_.post(first);
    rig_.ring_bell();
    ASSERT_TRUE(rig_.run_until(
        [&] { return rig_.unit().out.irq || rig_.completion(0).status == 0; }, kHang));
    EXPECT_EQ(rig_.completion(0).status, 0U);
    EXPECT_EQ(rig_.results(first), rig_.expected(first));
    ASSERT_TRUE(rig_.run_until([&] { return rig_.get(Reg::Head) == 1; }, kHang));
  }
  expect_refused(Code::Address, [&](axi::Descriptor& d) {
    return d.result_base = AxiRig::kLimit - (bytes + word - 1) / word * word + word;
  });
}

////////////////
// Bus errors //
////////////////

TEST_P(AxiErrors, AReadErrorOfAnyMasterEndsItsCommand) {
  for (std::uint32_t e = 0; e < engines_; ++e) {
    expect_bus_error(Code::ReadError, 2, [e](const Posted& posted) {
      return posted.descriptor.weight_base + e * posted.descriptor.weight_pitch +
             posted.command.weights[e].size() - 1;
    });
  }
  expect_bus_error(Code::ReadError, 2, [](const Posted& posted) {
    return posted.descriptor.activation_base + posted.command.activations.size() / 2;
  });
  expect_bus_error(Code::ReadError, 2, [](const Posted& posted) {
    return AxiRig::kRing + 64 * (posted.sequence % (1U << AxiRig::kRingLog2)) + 40;
  });
}

TEST_P(AxiErrors, AWriteErrorEndsItsCommand) {
  expect_bus_error(Code::WriteError, 2,
                   [](const Posted& posted) { return posted.descriptor.result_base; });
  expect_bus_error(Code::WriteError, 2, [this](const Posted& posted) {
    return posted.descriptor.result_base + rig_.expected(posted).size() * 4 - 1;
  });
}

// While the counters of a command are copied the unit is not stopped; the record before it may fail then.
TEST_P(AxiErrors, AWriteErrorNamesItsCommandWheneverItsAnswerComes) {
  for (std::uint32_t latency = 1; latency < 60; ++latency) {
    SCOPED_TRACE("latency " + std::to_string(latency));
    rig_.reset();
    rig_.memory.traffic = {.seed = 1, .latency = latency};
    rig_.configure();
    rig_.memory.faults.slverr = {AxiRig::kCompletions};
    for (std::uint32_t i = 0; i < 3; ++i) {
      Posted posted = rig_.lay_out(random_command(inner_, {1, 1, engines_}, i), axi::kFlagCounters);
      rig_.post(posted);
    }
    ASSERT_NO_FATAL_FAILURE(expect_halt(Code::WriteError, 0));
  }
}

// The window is the host's word; behind it there may be no memory.
TEST_P(AxiErrors, AnAddressWithoutMemoryIsABusError) {
  ASSERT_EQ(rig_.write(Reg::Control, 0), 0);
  rig_.set64(Reg::WindowLimitLo, AxiRig::kLimit + 0x100000);
  rig_.write(Reg::Control, axi::control::kEnable);
  Posted posted = rig_.lay_out(command(1));
  posted.descriptor.activation_base = AxiRig::kLimit;
  rig_.post(posted);
  expect_halt(Code::ReadError, posted.sequence);
  EXPECT_EQ(rig_.get64(Reg::ErrorAddressLo), AxiRig::kLimit);
  EXPECT_EQ((rig_.get(Reg::Status) & axi::status::kResponse) >> axi::status::kResponseShift, 3U);
  expect_recovery();
}

TEST_P(AxiErrors, ARecordThatCannotBeWrittenHalts) {
  const std::vector<Posted> all = post(2);
  rig_.memory.faults.slverr = {AxiRig::kCompletions};
  expect_halt(Code::WriteError, 0);
  EXPECT_EQ(status_of(all[0]), kNoRecord);
  EXPECT_EQ(status_of(all[1]), kNoRecord);
  EXPECT_EQ(rig_.get(Reg::Head), 1U);
  expect_recovery();
}

TEST_P(AxiErrors, AnOverrunRingHalts) {
  post(3);
  rig_.write(Reg::Tail, (1U << AxiRig::kRingLog2) + rig_.get(Reg::Head) + 1);
  ASSERT_TRUE(
      rig_.run_until([&] { return rig_.unit().cycles() % 32 == 0 && rig_.halted(); }, kHang));
  EXPECT_EQ(rig_.error_code(), Code::Overrun);
  expect_recovery();
}

INSTANTIATE_TEST_SUITE_P(Designs, AxiErrors, testing::ValuesIn(kAxiDesigns),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace sterna
