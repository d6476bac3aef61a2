// SPDX-License-Identifier: Apache-2.0
#include "sim/config/hardware_yaml.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/config/host_yaml.hpp"

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

constexpr const char* kOnBus = R"(name: on_bus
clock_mhz: 533.25
weight_format: t5
unit:
  lanes: 80
  engines: 4
  slices: 2
  activation_words: 512
  chunks: 32
  weight_fifo_beats: 16
  result_fifo_beats: 16
bus:
  burst_beats: 16
  dma_fifo_beats: 128
  outstanding: 15
  descriptors: 4
  result_bits: 128
  latency_ns: 30
dram:
  part: LPDDR4X-4266
  channels: 2
)";

constexpr const char* kFlat = "  part: flat\n  flat_gb_s: 12.5\n  flat_latency_ns: 80\n";

std::filesystem::path write(const std::string& text) {
  const auto path =
      std::filesystem::path(testing::TempDir()) /
      (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".yaml");
  std::ofstream(path) << text;
  return path;
}

std::string replaced(const std::string& in, const std::string& line, const std::string& by) {
  std::string text = std::regex_replace(in, std::regex(line), by);
  EXPECT_NE(text, in) << "nothing matched " << line;
  return text;
}

// kEdge with every match of `line` replaced.
std::string edited(const std::string& line, const std::string& by) {
  return replaced(kEdge, line, by);
}

// kOnBus likewise.
std::string on_bus(const std::string& line, const std::string& by) {
  return replaced(kOnBus, line, by);
}

// kOnBus on another memory.
std::string on_dram(const std::string& dram) {
  return on_bus("  part: LPDDR4X-4266\n  channels: 2\n", dram);
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

TEST(LoadHardware, ReadsABusAndItsDram) {
  const HardwareConfig config = load_hardware(write(kOnBus));
  DramConfig dram = default_dram(find_dram_part("LPDDR4X-4266"), 533'250);
  dram.channels = 2;
  const BusConfig expected = {.burst_beats = 16,
                              .dma_fifo_beats = 128,
                              .outstanding = 15,
                              .descriptors = 4,
                              .result_bits = 128,
                              .latency_ns = 30,
                              .dram = dram};
  EXPECT_EQ(config.bus, expected);
  EXPECT_EQ(config.unit, load_hardware(write(kEdge)).unit);
  EXPECT_FALSE(load_hardware(write(kEdge)).bus);
}

TEST(LoadHardware, ReadsAControllerThatIsNotTheDefault) {
  const std::string controller =
      "  part: HBM2E\n  channels: 4\n  mapping: row-channel-rank-bank-bankgroup-column\n"
      "  scheduler: in-order\n  page_policy: closed\n  queue_depth: 7\n  starvation_cap: 9\n";
  DramConfig expected = default_dram(find_dram_part("HBM2E"), 533'250);
  expected.channels = 4;
  expected.mapping = "row-channel-rank-bank-bankgroup-column";
  expected.scheduler = DramScheduler::InOrder;
  expected.page_policy = PagePolicy::Closed;
  expected.queue_depth = 7;
  expected.starvation_cap = 9;
  EXPECT_EQ(load_hardware(write(on_dram(controller))).bus->dram, expected);
}

TEST(LoadHardware, ReadsMemoriesWithoutBanks) {
  const DramConfig flat = load_hardware(write(on_dram(kFlat))).bus->dram;
  EXPECT_EQ(flat.kind, DramKind::Flat);
  EXPECT_EQ(flat.flat_gb_s, 12.5);
  EXPECT_EQ(flat.flat_latency_ns, 80);
  EXPECT_EQ(flat.asker_khz, 533'250);
  EXPECT_EQ(load_hardware(write(on_dram("  part: ideal\n"))).bus->dram.kind, DramKind::Ideal);
}

TEST(LoadHardware, WantsEitherAMemoryOrABus) {
  const std::string either = "either memory (the bare unit), or bus and dram (the unit on a bus)";
  const std::string bus = kOnBus;
  const std::string no_memory = bus.substr(0, bus.find("bus:\n"));
  EXPECT_EQ(refusal(no_memory), ":1: no memory is given; add " + either);
  EXPECT_EQ(refusal(bus.substr(0, bus.find("dram:"))),
            ":1: dram is missing; add it: a design has " + either);
  EXPECT_EQ(refusal(no_memory + bus.substr(bus.find("dram:"))),
            ":1: bus is missing; add it: a design has " + either);
  EXPECT_EQ(refusal(kEdge + bus.substr(bus.find("bus:\n"))),
            ":21: both memory and bus are given; a design has " + either + ": remove one");
  EXPECT_EQ(refusal(kEdge + bus.substr(bus.find("dram:"))),
            ":21: both memory and dram are given; a design has " + either + ": remove one");
}

TEST(LoadHardware, NamesWhatIsWrongWithABus) {
  EXPECT_EQ(refusal(on_bus("  outstanding", "  outstandig")),
            ":15: unknown key bus.outstandig; did you mean outstanding?");
  EXPECT_EQ(refusal(on_bus("  descriptors: 4\n", "")), ":13: bus.descriptors is missing; add it");
  EXPECT_EQ(refusal(on_bus("burst_beats: 16", "burst_beats: 12")),
            ":13: bus.burst_beats is 12; it must be a power of two from 2 to 256");
  EXPECT_EQ(refusal(on_bus("fifo_beats: 128", "fifo_beats: 15")),
            ":14: bus.dma_fifo_beats is 15; it must be from 16 to 16384");
  EXPECT_EQ(refusal(on_bus("result_bits: 128", "result_bits: 64")),
            ":17: bus.result_bits is 64; it must be 128, 256, 512 or 1024");
  EXPECT_EQ(refusal(replaced(on_bus("result_bits: 128", "result_bits: 1024"), "beats: 16\n",
                             "beats: 64\n")),
            ":13: bus.burst_beats is 64; times the widest data bus, 128 bytes, it must be at most "
            "4096");
  EXPECT_THAT(
      refusal(on_bus("lanes: 80", "lanes: 240")),
      testing::StartsWith(":5: unit.lanes is 240; on a bus it must be 80, 160, 320 or 640"));
  EXPECT_EQ(refusal(on_bus("533.25", "533.3333")),
            ":2: clock_mhz is 533.3333; on a bus it must be a whole number of kHz, the clock of "
            "its DRAM's asker: 533.333");
  EXPECT_EQ(refusal(on_bus("533.25", "1e300")),
            ":2: clock_mhz is 1e+300; it must be from 1 to 10000 MHz");
  EXPECT_EQ(load_hardware(write(on_bus("533.25", "533.333"))).bus->dram.asker_khz, 533'333);
}

TEST(LoadHardware, NamesWhatIsWrongWithADram) {
  EXPECT_EQ(refusal(on_bus("LPDDR4X-4266", "LPDDR4")),
            ":20: dram.part is 'LPDDR4'; known are DDR4-3200, LPDDR4X-4266, LPDDR5-6400, HBM2, "
            "HBM2E, flat, ideal");
  EXPECT_EQ(refusal(on_bus("channels: 2", "channels: 3")),
            ":21: dram.channels is 3; it must be a power of two from 1 to 64");
  EXPECT_EQ(refusal(on_bus("  channels: 2\n", "")), ":20: dram.channels is missing; add it");
  EXPECT_EQ(refusal(on_bus("channels: 2", "channels: 2\n  queue_depht: 4")),
            ":22: unknown key dram.queue_depht; did you mean queue_depth?");
  EXPECT_EQ(refusal(on_bus("channels: 2", "channels: 2\n  queue_depth: 0")),
            ":22: dram.queue_depth is 0; it must be from 1 to 1024");
  EXPECT_EQ(refusal(on_bus("channels: 2", "channels: 2\n  scheduler: fifo")),
            ":22: dram.scheduler is 'fifo'; it must be fr-fcfs or in-order");
  EXPECT_EQ(refusal(on_bus("channels: 2", "channels: 2\n  page_policy: shut")),
            ":22: dram.page_policy is 'shut'; it must be open or closed");
  EXPECT_THAT(refusal(on_bus("channels: 2", "channels: 2\n  mapping: row-column")),
              testing::StartsWith(":22: dram.mapping"));
  EXPECT_THAT(refusal(on_bus("channels: 2", "channels: 2\n  flat_gb_s: 4")),
              testing::StartsWith(":22: unknown key dram.flat_gb_s; "));
}

TEST(LoadHardware, WantsOfAMemoryWithoutBanksOnlyWhatItHas) {
  EXPECT_THAT(refusal(on_dram("  part: ideal\n  channels: 2\n")),
              testing::StartsWith(":21: unknown key dram.channels; known are part"));
  EXPECT_THAT(refusal(on_dram(std::string(kFlat) + "  channels: 2\n")),
              testing::StartsWith(":23: unknown key dram.channels; "));
  EXPECT_EQ(refusal(on_dram("  part: flat\n  flat_gb_s: 12.5\n")),
            ":20: dram.flat_latency_ns is missing; add it");
  EXPECT_EQ(refusal(on_dram(replaced(kFlat, "12.5", "0"))),
            ":21: dram.flat_gb_s is 0; it must be from 0.001 to 100000 GB/s");
}

constexpr const char* kHost = R"(host:
  attention_gmac_s: 20
  kv_gb_s: 9
  head_gb_s: 10.5
  head_gmac_s: 100
  elements_g_s: 1.5
  job_us: 4
  evidence: measured
  source: a stopwatch
)";

// kEdge and kHost with every match of `line` in the latter replaced.
std::string with_host(const std::string& line, const std::string& by) {
  return kEdge + std::regex_replace(kHost, std::regex(line), by);
}

TEST(LoadHardware, ReadsAHostWhereThereIsOne) {
  EXPECT_FALSE(load_hardware(write(kEdge)).host.has_value());
  const HostConfig expected = {.attention_gmac_s = 20,
                               .kv_gb_s = 9,
                               .head_gb_s = 10.5,
                               .head_gmac_s = 100,
                               .elements_g_s = 1.5,
                               .job_us = 4,
                               .evidence = "measured",
                               .source = "a stopwatch"};
  EXPECT_EQ(load_hardware(write(with_host("", ""))).host, expected);
  EXPECT_EQ(load_host(write(kHost)), expected);
}

TEST(LoadHardware, NamesWhatIsWrongWithAHost) {
  const auto line = [](int below) { return ":" + std::to_string(19 + below) + ": "; };
  EXPECT_EQ(refusal(with_host("head_gb_s: 10.5", "head_gb_s: 0")),
            line(4) + "host.head_gb_s is 0; it must be from 1e-06 to 1000000000 GB/s");
  EXPECT_THAT(refusal(with_host("attention_gmac_s: 20", "attention_gmac_s: -1")),
              testing::StartsWith(line(2) + "host.attention_gmac_s is -1; it must be"));
  EXPECT_THAT(refusal(with_host("kv_gb_s: 9", "kv_gb_s: 0")), HasSubstr("host.kv_gb_s is 0"));
  EXPECT_THAT(refusal(with_host("gmac_s: 100", "gmac_s: 2e9")), HasSubstr("host.head_gmac_s is"));
  EXPECT_THAT(refusal(with_host("elements_g_s: 1.5", "elements_g_s: 0")),
              HasSubstr("host.elements_g_s is 0"));
  EXPECT_EQ(refusal(with_host("job_us: 4", "job_us: -1")),
            line(7) + "host.job_us is -1; it must be from 0 to 1000000 us");
  EXPECT_EQ(refusal(with_host("job_us: 4", "job_us: soon")),
            line(7) + "host.job_us is 'soon'; it must be a number");
  EXPECT_EQ(refusal(with_host("head_gb_s", "head_gbs")),
            line(4) + "unknown key host.head_gbs; did you mean head_gb_s?");
  EXPECT_EQ(refusal(with_host("  job_us: 4\n", "")), line(2) + "host.job_us is missing; add it");
  EXPECT_EQ(refusal(with_host("evidence: measured", "evidence: ''")),
            line(8) + "host.evidence is empty; it must say measured, model or literature");
  EXPECT_EQ(refusal(with_host("source: a stopwatch", "source: ''")),
            line(9) + "host.source is empty; it must say where the figures come from");
}

TEST(LoadHost, NamesTheLineOfItsOwnFile) {
  const auto path = write(std::regex_replace(kHost, std::regex("job_us: 4"), "job_us: -4"));
  EXPECT_THAT([&] { (void)load_host(path); },
              testing::ThrowsMessage<std::invalid_argument>(
                  HasSubstr(path.string() + ":7: host.job_us is -4")));
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
