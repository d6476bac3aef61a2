// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware_yaml.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sterna::sim {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kEdge = R"(name: edge
clock_mhz: 250
weight_format: t5
unit:
  lanes: 80
  engines: 4
  slices: 2
  activation_words: 512
  chunks: 32
  weight_fifo_beats: 16
  result_fifo_beats: 16
memory:
  weight_gb_s: 16.0
  activation_gb_s: 4.0
  result_gb_s: 4.0
  latency_ns: 100
  window_beats: 64
  refresh_interval_ns: 3904
  refresh_ns: 180
)";

std::filesystem::path write(const std::string& text) {
  const auto path =
      std::filesystem::path(testing::TempDir()) /
      (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".yaml");
  std::ofstream(path) << text;
  return path;
}

// kEdge with every match of `line` replaced.
std::string edited(const std::string& line, const std::string& by) {
  const std::string text = std::regex_replace(kEdge, std::regex(line), by);
  EXPECT_NE(text, kEdge) << "nothing matched " << line;
  return text;
}

std::string refusal(const std::string& text) {
  const auto path = write(text);
  try {
    (void)load_hardware(path);
  } catch (const std::invalid_argument& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind(path.string(), 0), 0) << message;  // starts with the file
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message.substr(path.string().size());
  }
  return "accepted";
}

TEST(LoadHardware, ReadsEveryField) {
  const HardwareConfig config = load_hardware(write(kEdge));
  const HardwareConfig expected = {.name = "edge",
                                   .clock_mhz = 250,
                                   .weight_format = WeightFormat::T5,
                                   .unit = {.lanes = 80,
                                            .engines = 4,
                                            .slices = 2,
                                            .activation_words = 512,
                                            .chunks = 32,
                                            .weight_fifo_beats = 16,
                                            .result_fifo_beats = 16},
                                   .memory = {.weight_gb_s = 16,
                                              .activation_gb_s = 4,
                                              .result_gb_s = 4,
                                              .latency_ns = 100,
                                              .window_beats = 64,
                                              .refresh_interval_ns = 3904,
                                              .refresh_ns = 180}};
  EXPECT_EQ(config, expected);
  EXPECT_EQ(load_hardware(write(edited("t5", "t2"))).weight_format, WeightFormat::T2);
}

TEST(LoadHardware, SaysThatAFileIsMissing) {
  EXPECT_THAT([] { (void)load_hardware("no/such.yaml"); },
              testing::ThrowsMessage<std::runtime_error>(
                  AllOf(HasSubstr("no/such.yaml"), HasSubstr("cannot be read"))));
}

TEST(LoadHardware, PointsAtASyntaxError) {
  EXPECT_THAT(refusal(edited("unit:", "unit: [")), testing::StartsWith(":6: not valid YAML"));
}

TEST(LoadHardware, RefusesAFileThatIsNoMap) {
  EXPECT_THAT(refusal("just words\n"), HasSubstr("must be a map with the keys name, clock_mhz"));
}

TEST(LoadHardware, SuggestsTheKeyThatAMisspeltOneMeant) {
  EXPECT_EQ(refusal(edited("  engines", "  engnies")),
            ":6: unknown key unit.engnies; did you mean engines?");
  EXPECT_EQ(refusal(edited("clock_mhz", "clock_ghz")),
            ":2: unknown key clock_ghz; did you mean clock_mhz?");
}

TEST(LoadHardware, ListsTheKeysWhenNoneIsNear) {
  EXPECT_THAT(refusal(edited("name: edge", "name: edge\nvoltage: 3")),
              AllOf(HasSubstr(":2: unknown key voltage; known are name, clock_mhz")));
}

TEST(LoadHardware, NamesAMissingKey) {
  EXPECT_EQ(refusal(edited("  chunks: 32\n", "")), ":5: unit.chunks is missing; add it");
  EXPECT_EQ(refusal(edited("clock_mhz: 250\n", "")), ":1: clock_mhz is missing; add it");
}

TEST(LoadHardware, RefusesAKeyGivenTwice) {
  EXPECT_EQ(refusal(edited("  chunks: 32", "  chunks: 32\n  chunks: 16")),
            ":10: unit.chunks is given twice; remove one");
}

TEST(LoadHardware, NamesAValueOfTheWrongType) {
  EXPECT_THAT(refusal(edited("engines: 4", "engines: four")),
              testing::StartsWith(":6: unit.engines is 'four'; it must be a whole number"));
  EXPECT_THAT(refusal(edited("engines: 4", "engines: 4.5")), HasSubstr("'4.5'"));
  EXPECT_THAT(refusal(edited("engines: 4", "engines: -1")), HasSubstr("'-1'"));
  EXPECT_THAT(refusal(edited("engines: 4", "engines: 4294967296")), HasSubstr("'4294967296'"));
  EXPECT_THAT(refusal(edited("engines: 4", "engines: ''")), HasSubstr("''"));
  EXPECT_THAT(refusal(edited("engines: 4", "engines: [4]")), HasSubstr("unit.engines must be"));
  EXPECT_EQ(refusal(edited("clock_mhz: 250", "clock_mhz: fast")),
            ":2: clock_mhz is 'fast'; it must be a number");
  EXPECT_THAT(refusal(edited("clock_mhz: 250", "clock_mhz: .nan")), HasSubstr("'.nan'"));
  EXPECT_THAT(refusal(edited("clock_mhz: 250", "clock_mhz: {a: 1}")),
              HasSubstr("must be a number"));
  EXPECT_EQ(refusal(edited("t5", "t3")), ":3: weight_format is 't3'; it must be t5 or t2");
}

TEST(LoadHardware, NamesAValueOutsideItsRange) {
  EXPECT_EQ(refusal(edited("lanes: 80", "lanes: 0")),
            ":5: unit.lanes is 0; it must be a multiple of 80 from 80 to 640");
  EXPECT_THAT(refusal(edited("lanes: 80", "lanes: 81")), HasSubstr("unit.lanes is 81"));
  EXPECT_THAT(refusal(edited("lanes: 80", "lanes: 720")), HasSubstr("unit.lanes is 720"));
  EXPECT_EQ(refusal(edited("engines: 4", "engines: 17")),
            ":6: unit.engines is 17; it must be from 1 to 16");
  EXPECT_THAT(refusal(edited("slices: 2", "slices: 0")), HasSubstr("unit.slices is 0"));
  EXPECT_THAT(refusal(edited("words: 512", "words: 1")), HasSubstr("unit.activation_words is 1"));
  EXPECT_THAT(refusal(edited("chunks: 32", "chunks: 65")), HasSubstr("unit.chunks is 65"));
  EXPECT_THAT(refusal(edited("weight_fifo_beats: 16", "weight_fifo_beats: 1")),
              HasSubstr("unit.weight_fifo_beats is 1"));
  EXPECT_THAT(refusal(edited("result_fifo_beats: 16", "result_fifo_beats: 65")),
              HasSubstr("unit.result_fifo_beats is 65"));
  EXPECT_EQ(refusal(edited("clock_mhz: 250", "clock_mhz: 0")),
            ":2: clock_mhz is 0; it must be from 1 to 10000 MHz");
  EXPECT_THAT(refusal(edited("weight_gb_s: 16.0", "weight_gb_s: 0")),
              HasSubstr(":13: memory.weight_gb_s is 0"));
  EXPECT_THAT(refusal(edited("latency_ns: 100", "latency_ns: -1")), HasSubstr("latency_ns is -1"));
  EXPECT_THAT(refusal(edited("window_beats: 64", "window_beats: 0")),
              HasSubstr("window_beats is 0"));
  EXPECT_THAT(refusal(edited("refresh_ns: 180", "refresh_ns: 1953")),
              HasSubstr("memory.refresh_ns is 1953; it must be at most half"));
  EXPECT_THAT(refusal(edited("refresh_interval_ns: 3904", "refresh_interval_ns: 63")),
              HasSubstr("refresh_"));
}

TEST(LoadHardware, ReadsTheShippedDesigns) {
  int designs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(STERNA_CONFIGS)) {
    if (entry.path().extension() != ".yaml") continue;
    EXPECT_EQ(load_hardware(entry.path()).name, entry.path().stem());
    ++designs;
  }
  EXPECT_GE(designs, 1);
}

}  // namespace
}  // namespace sterna::sim
