// SPDX-License-Identifier: Apache-2.0

// What a job says when the unit does not do what it should: a stand-in for the Verilated one misbehaves.

#include "sim/bus/rtl_bus_job.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/job/random_job.hpp"
#include "tests/sim/bus/bus_designs.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// Answers writes of registers; asks for one read after the bell; never finishes a command.
class FakeUnit : public TmuAxiUnit {
 public:
  std::uint64_t failed_assertions = 0;
  bool answers_registers = true;
  std::uint8_t register_response = 0;
  bool reads = false;
  std::uint64_t issues_until = 0;  // slots, one a cycle
  std::uint64_t read_address = 0;
  std::uint32_t reader = 0;

  std::uint32_t beats_seen = 0;
  bool last_seen = false;

  [[nodiscard]] const TmuAxiParameters& parameters() const override { return parameters_; }
  void step() override {
    const bool written = in.lite_aw_valid && in.lite_w_valid;
    rung_ |= written && in.lite_aw_addr == static_cast<std::uint16_t>(axi::Reg::Tail);
    out.lite_b_valid = written && answers_registers;
    out.lite_b_resp = register_response;
    ReadOutputs& pins = out.readers[reader];
    asked_ |= pins.ar_valid && in.readers[reader].ar_ready;
    pins.ar_valid = reads && rung_ && !asked_;
    pins.ar_addr = read_address;
    pins.ar_len = 3;
    beats_seen += in.readers[reader].r_valid ? 1 : 0;
    last_seen |= in.readers[reader].r_valid && in.readers[reader].r_last;
    ++cycles_;
  }
  void reset() override {
    in = {};
    out = {};
    out.lite_aw_ready = out.lite_w_ready = true;
  }
  [[nodiscard]] std::uint64_t counter(std::uint32_t selector) const override {
    return selector == 2 ? std::min(cycles_, issues_until) : 0;
  }
  bool start_trace(const char* /*path*/, std::uint64_t /*cycle*/) override { return false; }
  void stop_trace() override {}
  [[nodiscard]] std::uint64_t cycles() const override { return cycles_; }
  [[nodiscard]] std::uint64_t errors() const override { return failed_assertions; }
  [[nodiscard]] const char* first_error() const override { return "BurstHeld"; }

 private:
  TmuAxiParameters parameters_{};
  std::uint64_t cycles_ = 0;
  bool rung_ = false;
  bool asked_ = false;
};

struct Bench {
  explicit Bench(const HardwareConfig& with) : hardware(with), memory(with), job(with.unit, 1) {
    job.add({.tokens = 1,
             .cols = 80,
             .rows = 1,
             .format = WeightFormat::T5,
             .keep_activations = false,
             .fill = Fill::Uniform});
    layout = lay_out_job(hardware, job.tasks());
  }

  void run() { RtlBusJob(unit, memory, hardware, layout, job.tasks()).run(); }

  HardwareConfig hardware;
  BusMemory memory;
  RandomJob job;
  BusLayout layout;
  FakeUnit unit;
};

TEST(RtlBusJob, NamesAUnitThatHangs) {
  Bench bench(on_ideal_memory(kBusDesigns[0]));
  EXPECT_THAT([&] { bench.run(); },
              ThrowsMessage<std::runtime_error>(HasSubstr("made no progress for 10000 cycles")));
}

// An idle DRAM goes on with its refreshes: they are no reason to wait for it.
TEST(RtlBusJob, NamesAUnitThatHangsBeforeARealMemory) {
  HardwareConfig hardware = on_ideal_memory(kBusDesigns[0]);
  hardware.bus->dram = default_dram(find_dram_part("LPDDR4X-4266"), 1'000'000);
  Bench bench(hardware);
  bench.unit.reads = true;
  bench.unit.reader = hardware.unit.engines + 1;
  bench.unit.read_address = bench.layout.ring_base;
  EXPECT_THAT([&] { bench.run(); },
              ThrowsMessage<std::runtime_error>(HasSubstr("made no progress for 10000 cycles")));
  EXPECT_EQ(bench.unit.beats_seen, 4);
}

TEST(RtlBusJob, WaitsAsLongAsTheMemoryDoes) {
  HardwareConfig hardware = on_ideal_memory(kBusDesigns[0]);
  hardware.bus->latency_ns = 50'000;  // five times the patience with a unit that hangs
  Bench bench(hardware);
  bench.unit.reads = true;
  bench.unit.reader = hardware.unit.engines + 1;
  bench.unit.read_address = bench.layout.ring_base;
  EXPECT_THAT([&] { bench.run(); },
              ThrowsMessage<std::runtime_error>(HasSubstr("made no progress")));
  EXPECT_EQ(bench.unit.beats_seen, 4);
  EXPECT_TRUE(bench.unit.last_seen);
}

TEST(RtlBusJob, WaitsAsLongAsSlotsAreIssued) {
  Bench bench(on_ideal_memory(kBusDesigns[0]));
  bench.unit.issues_until = 45'000;
  EXPECT_THAT([&] { bench.run(); },
              ThrowsMessage<std::runtime_error>(HasSubstr("made no progress")));
  EXPECT_GT(bench.unit.cycles(), 50'000);
}

TEST(RtlBusJob, NamesAReadBeyondTheMemory) {
  HardwareConfig hardware = on_ideal_memory(kBusDesigns[0]);
  hardware.bus->dram = default_dram(find_dram_part("LPDDR4X-4266"), 1'000'000);
  Bench bench(hardware);
  bench.unit.reads = true;
  bench.unit.read_address = hardware.bus->dram.bytes();
  EXPECT_THAT([&] { bench.run(); },
              ThrowsMessage<std::runtime_error>(HasSubstr("where nothing lies")));
}

TEST(RtlBusJob, NamesAReadOfWhatTheJobDoesNotHave) {
  Bench bench(on_ideal_memory(kBusDesigns[0]));
  bench.unit.reads = true;
  bench.unit.read_address = 0xABC0000;
  EXPECT_THAT([&] { bench.run(); }, ThrowsMessage<std::runtime_error>(
                                        HasSubstr("reads 64 bytes at 0xabc0000, where nothing")));
}

TEST(RtlBusJob, NamesARegisterThatIsNotWritten) {
  Bench bench(on_ideal_memory(kBusDesigns[0]));
  bench.unit.register_response = 2;
  EXPECT_THAT([&] { bench.run(); },
              ThrowsMessage<std::runtime_error>(HasSubstr("refuses a write to its register 0x40")));
  bench.unit.answers_registers = false;
  EXPECT_THAT([&] { bench.run(); }, ThrowsMessage<std::runtime_error>(
                                        HasSubstr("does not answer a write to its register 0x40")));
}

TEST(RtlBusJob, NamesAnAssertionThatFailed) {
  Bench bench(on_ideal_memory(kBusDesigns[0]));
  bench.unit.failed_assertions = 1;
  EXPECT_THAT([&] { bench.run(); }, ThrowsMessage<std::runtime_error>(HasSubstr("BurstHeld")));
}

}  // namespace
}  // namespace sterna::sim
