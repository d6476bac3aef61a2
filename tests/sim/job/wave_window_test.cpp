// SPDX-License-Identifier: Apache-2.0
#include "sim/job/wave_window.hpp"

#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sterna::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// Writes down what a recorder asks of it.
struct FakeUnit {
  bool has_waves = true;
  std::vector<std::string> asked;

  bool start_trace(const char* path, std::uint64_t cycle) {
    asked.push_back(path + std::string(" ") + std::to_string(cycle));
    return has_waves;
  }
  void stop_trace() { asked.emplace_back("stop"); }
};

std::vector<std::string> asked_in(std::uint64_t cycles, const std::optional<WaveWindow>& window) {
  FakeUnit unit;
  {
    WaveRecorder recorder(unit, window);
    for (std::uint64_t cycle = 0; cycle < cycles; ++cycle) {
      recorder.before(cycle);
      unit.asked.push_back(std::to_string(cycle));
    }
  }
  return unit.asked;
}

TEST(WaveRecorder, DrawsTheCyclesOfTheWindow) {
  EXPECT_THAT(asked_in(4, WaveWindow{"f", 1, 3}),
              ElementsAre("0", "f 1", "1", "2", "stop", "3", "stop"));
}

TEST(WaveRecorder, DrawsTheWholeJobUntilItEnds) {
  EXPECT_THAT(asked_in(2, WaveWindow{.file = "f"}), ElementsAre("f 0", "0", "1", "stop"));
}

TEST(WaveRecorder, AsksNothingWithoutAWindow) {
  EXPECT_THAT(asked_in(2, std::nullopt), ElementsAre("0", "1"));
}

TEST(WaveRecorder, ClosesTheFileWhenTheJobFails) {
  FakeUnit unit;
  const std::optional<WaveWindow> window = WaveWindow{.file = "f"};
  try {
    WaveRecorder recorder(unit, window);
    recorder.before(0);
    throw std::runtime_error("the job fails");
  } catch (const std::runtime_error&) {
  }
  EXPECT_THAT(unit.asked, ElementsAre("f 0", "stop"));
}

TEST(WaveRecorder, SaysThatThereAreNoWaves) {
  FakeUnit unit{.has_waves = false, .asked = {}};
  const std::optional<WaveWindow> window = WaveWindow{.file = "out/waves.fst"};
  WaveRecorder recorder(unit, window);
  EXPECT_THAT([&] { recorder.before(0); },
              ThrowsMessage<std::runtime_error>(HasSubstr("cannot write waves to out/waves.fst")));
}

}  // namespace
}  // namespace sterna::sim
