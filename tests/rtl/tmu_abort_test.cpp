// SPDX-License-Identifier: Apache-2.0

// Abort in every cycle of a command, and what the unit does after it.

#include <string>

#include <gtest/gtest.h>

#include "sim/rtl/rtl_unit.hpp"
#include "tests/rtl/command.hpp"
#include "tests/rtl/session.hpp"
#include "tests/sim/designs.hpp"

namespace sterna {
namespace {

constexpr std::uint8_t kDone = 0;
constexpr std::uint8_t kIllegal = 1;
constexpr std::uint8_t kAborted = 2;

class TmuAbort : public testing::TestWithParam<sim::UnitConfig> {
 protected:
  std::unique_ptr<TmuUnit> unit_ = sim::open_rtl_unit(GetParam());
  const TmuUnitParameters& sizes_ = unit_->parameters();
  const Command command_ = random_command(
      sizes_, {sizes_.slices + (sizes_.chunks > 1 ? 1 : 0), 3, 2 * sizes_.engines + 1}, 7);

  // Offers the streams of `command` for one cycle as if the beats that went before were `done`.
  struct Progress {
    std::size_t activation = 0;
    std::vector<std::size_t> weight;
    bool accepted = false;
    std::size_t results = 0;
  };

  void step_streams(const Command& command, Progress& done, bool sink_ready) {
    auto& in = unit_->in;
    const auto& out = unit_->out;
    in.cmd_valid = !done.accepted;
    in.cmd_tokens = static_cast<std::uint16_t>(command.tokens);
    in.cmd_beats = static_cast<std::uint16_t>(command.beats);
    in.cmd_rows = command.rows;
    in.act_valid = done.activation < command.activations.size();
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(command.activations.data());
    in.act_data = bytes + done.activation;
    in.weight_valid = 0;
    for (std::size_t e = 0; e < sizes_.engines; ++e) {
      if (done.weight[e] >= command.weights[e].size()) continue;
      in.weight_valid |= 1U << e;
      in.weight_data[e] = &command.weights[e][done.weight[e]];
    }
    in.result_ready = sink_ready;
    in.rsp_ready = false;
    if (!in.abort) {
      done.accepted = done.accepted || out.cmd_ready;
      if (in.act_valid && out.act_ready) done.activation += 16;
      for (std::size_t e = 0; e < sizes_.engines; ++e) {
        if ((in.weight_valid & out.weight_ready) >> e & 1U) done.weight[e] += sizes_.lanes / 5;
      }
      if (out.result_valid && sink_ready) ++done.results;
    }
    unit_->step();
  }

  [[nodiscard]] Progress nothing() const {
    return {0, std::vector<std::size_t>(sizes_.engines), false, 0};
  }

  // Ends whatever runs with one abort pulse.
  void abort() {
    unit_->in = {};
    unit_->in.abort = true;
    unit_->step();
    unit_->in.abort = false;
  }

  // Takes the response; the unit is idle after it.
  std::uint8_t take_response() {
    EXPECT_TRUE(unit_->out.rsp_valid);
    const std::uint8_t status = unit_->out.rsp_status;
    unit_->in = {};
    unit_->in.rsp_ready = true;
    unit_->step();
    unit_->in.rsp_ready = false;
    EXPECT_TRUE(unit_->out.cmd_ready);
    return status;
  }

  // The command gives its sums on the unit as it is, from empty FIFOs.
  void expect_clean_run() {
    Progress done = nothing();
    std::vector<std::int32_t> sums(command_.expected.size());
    const std::size_t chunks = (command_.tokens + sizes_.slices - 1) / sizes_.slices;
    for (int i = 0; i < 5000 && !unit_->out.rsp_valid; ++i) {
      if (unit_->out.result_valid) {
        for (std::size_t x = 0; x < std::size_t{sizes_.engines} * sizes_.slices; ++x) {
          const std::size_t row = done.results / chunks * sizes_.engines + x / sizes_.slices;
          const std::size_t token = done.results % chunks * sizes_.slices + x % sizes_.slices;
          if (row >= command_.rows || token >= command_.tokens) continue;
          sums[token * command_.rows + row] = unit_->out.result_data[x];
        }
      }
      step_streams(command_, done, true);
    }
    EXPECT_EQ(sums, command_.expected);
    EXPECT_EQ(take_response(), kDone);
  }
};

TEST_P(TmuAbort, StopsInEveryCycleAndRunsTheNextCommandAsIfNothingHadBeen) {
  for (const bool sink_ready : {true, false}) {
    for (int when = 1;; ++when) {
      SCOPED_TRACE("abort in cycle " + std::to_string(when));
      unit_->reset();
      Progress done = nothing();
      for (int i = 0; i < when && !unit_->out.rsp_valid; ++i) {
        step_streams(command_, done, sink_ready);
      }
      if (unit_->out.rsp_valid || when > 300) break;
      abort();
      EXPECT_FALSE(unit_->out.result_valid);
      EXPECT_FALSE(unit_->out.act_ready);
      EXPECT_EQ(unit_->out.weight_ready, (1U << sizes_.engines) - 1);
      for (int i = 0; i < 10; ++i) {
        unit_->step();
        EXPECT_FALSE(unit_->out.result_valid) << "a result of the dropped command";
      }
      EXPECT_EQ(take_response(), kAborted);
      expect_clean_run();
      ASSERT_EQ(unit_->errors(), 0U) << unit_->first_error();
      if (HasFailure()) return;
    }
  }
}

TEST_P(TmuAbort, EmptiesTheFifosOfAnIdleUnitWithoutAResponse) {
  unit_->reset();
  Progress done = nothing();
  done.accepted = true;  // weights only
  for (int i = 0; i < 4; ++i) step_streams(command_, done, true);
  abort();
  EXPECT_TRUE(unit_->out.cmd_ready);
  EXPECT_FALSE(unit_->out.rsp_valid);
  expect_clean_run();
}

TEST_P(TmuAbort, TakesNoHandshakeInItsCycle) {
  unit_->reset();
  Progress done = nothing();
  unit_->in.abort = true;
  step_streams(command_, done, true);  // command and weights are on offer
  unit_->in.abort = false;
  EXPECT_TRUE(unit_->out.cmd_ready);
  expect_clean_run();
  EXPECT_EQ(unit_->errors(), 0U) << unit_->first_error();
}

TEST_P(TmuAbort, LeavesAPendingResponse) {
  unit_->reset();
  unit_->in.cmd_valid = true;
  unit_->step();  // no tokens: illegal
  ASSERT_TRUE(unit_->out.rsp_valid);
  abort();
  EXPECT_EQ(take_response(), kIllegal);
}

TEST_P(TmuAbort, ForgetsTheActivations) {
  unit_->reset();
  expect_clean_run();
  abort();
  unit_->in.cmd_valid = unit_->in.cmd_keep = true;
  unit_->in.cmd_tokens = static_cast<std::uint16_t>(command_.tokens);
  unit_->in.cmd_beats = static_cast<std::uint16_t>(command_.beats);
  unit_->in.cmd_rows = command_.rows;
  unit_->step();
  EXPECT_EQ(take_response(), kIllegal);
}

TEST_P(TmuAbort, CountsNothingInItsCycle) {
  unit_->reset();
  Progress done = nothing();
  for (int i = 0; i < 6; ++i) step_streams(command_, done, true);
  abort();
  unit_->step();
  EXPECT_EQ(unit_->counter(0) + unit_->counter(1), 5U);  // Load, after the cycle of the command
  EXPECT_EQ(unit_->counter(6), 1U);                      // Respond
}

INSTANTIATE_TEST_SUITE_P(Designs, TmuAbort, testing::ValuesIn(sim::kDesigns),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace sterna
