// SPDX-License-Identifier: Apache-2.0
#include "sim/streams/rtl_job.hpp"

#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/job/random_job.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// 1000 MHz, so a nanosecond is a cycle.
HardwareConfig small_hardware() {
  return {.name = "small",
          .clock_mhz = 1000,
          .weight_format = WeightFormat::T5,
          .unit = {.lanes = 80,
                   .engines = 1,
                   .slices = 1,
                   .activation_words = 2,
                   .chunks = 1,
                   .weight_fifo_beats = 2,
                   .result_fifo_beats = 2},
          .memory = {.weight_gb_s = 16,
                     .activation_gb_s = 16,
                     .result_gb_s = 16,
                     .latency_ns = 0,
                     .window_beats = 4,
                     .refresh_interval_ns = 0,
                     .refresh_ns = 0}};
}

/// Stands in for a Verilated unit: takes the command and its activations, then answers or hangs.
class FakeUnit : public TmuUnit {
 public:
  bool answers = true;
  std::uint64_t failed_assertions = 0;

  [[nodiscard]] const TmuUnitParameters& parameters() const override { return parameters_; }
  void step() override {
    const bool accepted = in.cmd_valid && out.cmd_ready;
    activations_ += in.act_valid && out.act_ready ? 1 : 0;
    // A stream that was offered and not taken must be offered again.
    EXPECT_TRUE(!act_waits_ || in.act_valid);
    act_waits_ = in.act_valid && !out.act_ready;
    if (out.rsp_valid) activations_ = 0;
    out.cmd_ready = !accepted && !busy_;
    busy_ = busy_ || accepted;
    out.act_ready = busy_ && activations_ < 5;
    out.rsp_valid = answers && busy_ && activations_ == 5;
    ++cycles_;
  }
  void reset() override {
    out = {};
    out.cmd_ready = true;
  }
  [[nodiscard]] std::uint64_t cycles() const override { return cycles_; }
  [[nodiscard]] std::uint64_t counter(std::uint32_t selector) override { return 100 + selector; }
  [[nodiscard]] std::uint64_t errors() const override { return failed_assertions; }
  [[nodiscard]] const char* first_error() const override { return "SumNeverWraps"; }
  bool start_trace(const char* /*path*/, std::uint64_t /*cycle*/) override { return false; }
  void stop_trace() override {}

 private:
  TmuUnitParameters parameters_{};
  std::uint64_t cycles_ = 0;
  int activations_ = 0;
  bool busy_ = false;
  bool act_waits_ = false;
};

std::vector<CommandReport> run_on(FakeUnit& unit, const HardwareConfig& hardware) {
  StreamMemory memory(hardware);
  RandomJob job(hardware.unit, 1);
  job.add({.tokens = 1,
           .cols = 80,
           .rows = 1,
           .format = WeightFormat::T5,
           .keep_activations = false,
           .fill = Fill::Uniform});
  return RtlJob(unit, memory, hardware.unit, job.tasks()).run();
}

TEST(RtlJob, ReadsTheCountersBySelector) {
  FakeUnit unit;
  const auto reports = run_on(unit, small_hardware());
  EXPECT_EQ(reports.at(0).counters.load_cycles, 100);
  EXPECT_EQ(reports.at(0).counters.respond_cycles, 106);
  EXPECT_EQ(reports.at(0).counters.nonzero_lanes, 109);
  EXPECT_EQ(reports.at(0).counters.sums, 113);
}

TEST(RtlJob, EndsWhenTheUnitHangs) {
  FakeUnit unit;
  unit.answers = false;
  EXPECT_THAT([&] { (void)run_on(unit, small_hardware()); },
              ThrowsMessage<std::runtime_error>(HasSubstr("made no progress for 10000 cycles")));
}

TEST(RtlJob, WaitsAsLongAsTheMemoryDoes) {
  HardwareConfig hardware = small_hardware();
  hardware.memory.latency_ns = 50'000;  // five times the patience with a unit that hangs
  FakeUnit unit;
  EXPECT_GT(run_on(unit, hardware).at(0).respond_cycle, 50'000);
}

TEST(RtlJob, NamesAnAssertionThatFailed) {
  FakeUnit unit;
  unit.failed_assertions = 1;
  EXPECT_THAT([&] { (void)run_on(unit, small_hardware()); },
              ThrowsMessage<std::runtime_error>(HasSubstr("SumNeverWraps")));
  unit.answers = false;
  EXPECT_THAT([&] { (void)run_on(unit, small_hardware()); },
              ThrowsMessage<std::runtime_error>(HasSubstr("SumNeverWraps")));
}

TEST(BeatStream, GoesThroughRangesAndSkipsEmptyOnes) {
  const std::vector<std::uint8_t> one(8, 1);
  const std::vector<std::uint8_t> two(4, 2);
  BeatStream stream(4);
  EXPECT_EQ(stream.beat(), nullptr);
  stream.append({});
  stream.append(one);
  stream.append({});
  stream.append(two);
  EXPECT_EQ(stream.beat(), one.data());
  stream.next();
  EXPECT_EQ(stream.beat(), one.data() + 4);
  stream.next();
  EXPECT_EQ(stream.beat(), two.data());
  stream.next();
  EXPECT_EQ(stream.beat(), nullptr);
}

}  // namespace
}  // namespace sterna::sim
