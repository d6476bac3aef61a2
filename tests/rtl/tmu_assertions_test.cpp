// SPDX-License-Identifier: Apache-2.0

// The assertions are part of the contract: a source that breaks the protocol makes one fail, by name.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/rtl/rtl_unit.hpp"
#include "tests/sim/designs.hpp"

namespace sterna {
namespace {

using testing::HasSubstr;

class TmuAssertions : public testing::Test {
 protected:
  std::unique_ptr<TmuUnit> unit_ = sim::open_rtl_unit(sim::kDesigns[0]);
  TmuUnitInputs& in_ = unit_->in;
  std::vector<std::uint8_t> beat_ = std::vector<std::uint8_t>(unit_->parameters().lanes / 5, 121);
  std::vector<std::uint8_t> other_ = std::vector<std::uint8_t>(unit_->parameters().lanes / 5, 7);

  void SetUp() override {
    ASSERT_TRUE(unit_->parameters().assertions);
    ASSERT_EQ(unit_->errors(), 0U);
    in_.act_data = beat_.data();
    in_.weight_data[0] = beat_.data();
  }

  void steps(int count) {
    for (int i = 0; i < count; ++i) unit_->step();
  }

  // The unit waits for activations: it has taken a command and takes no other.
  void start() {
    in_.cmd_tokens = in_.cmd_beats = 1;
    in_.cmd_rows = 1;
    in_.cmd_valid = true;
    unit_->step();
    in_.cmd_valid = false;
  }

  void expect_failed(const std::string& name) {
    unit_->step();
    unit_->step();
    EXPECT_GT(unit_->errors(), 0U);
    EXPECT_THAT(unit_->first_error(), HasSubstr(name));
  }
};

TEST_F(TmuAssertions, FailWhenACommandIsWithdrawn) {
  start();
  in_.cmd_valid = true;
  steps(2);
  in_.cmd_valid = false;
  expect_failed("CmdHeld");
}

TEST_F(TmuAssertions, FailWhenACommandChangesWhileItWaits) {
  start();
  in_.cmd_valid = true;
  steps(2);
  in_.cmd_rows = 9;
  expect_failed("CmdHeld");
}

TEST_F(TmuAssertions, FailWhenAnActivationIsWithdrawn) {
  in_.act_valid = true;
  steps(2);
  in_.act_valid = false;
  expect_failed("ActHeld");
}

TEST_F(TmuAssertions, FailWhenAnActivationChangesWhileItWaits) {
  in_.act_valid = true;
  steps(2);
  in_.act_data = other_.data();
  expect_failed("ActHeld");
}

TEST_F(TmuAssertions, FailWhenAWeightIsWithdrawn) {
  in_.weight_valid = 1;
  steps(4);  // two fill the FIFO
  in_.weight_valid = 0;
  expect_failed("WeightHeld");
}

TEST_F(TmuAssertions, FailWhenAWeightChangesWhileItWaits) {
  in_.weight_valid = 1;
  steps(4);
  in_.weight_data[0] = other_.data();
  expect_failed("WeightHeld");
}

TEST_F(TmuAssertions, HoldWhenSourcesStopAtAnAbort) {
  start();
  in_.cmd_valid = true;
  in_.weight_valid = 1;
  steps(4);
  in_.cmd_valid = false;
  in_.weight_valid = 0;
  in_.abort = true;
  unit_->step();
  in_.abort = false;
  steps(3);
  EXPECT_EQ(unit_->errors(), 0U) << unit_->first_error();
}

TEST_F(TmuAssertions, AreForgottenAtAReset) {
  in_.act_valid = true;
  steps(2);
  in_.act_valid = false;
  expect_failed("ActHeld");
  unit_->reset();
  EXPECT_EQ(unit_->errors(), 0U);
  EXPECT_STREQ(unit_->first_error(), "");
}

}  // namespace
}  // namespace sterna
