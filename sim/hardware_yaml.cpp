// SPDX-License-Identifier: Apache-2.0
#include "sim/hardware_yaml.hpp"

#include "sim/yaml_map.hpp"

namespace sterna::sim {
namespace {

UnitConfig read_unit(const YamlMap& file) {
  const YamlMap unit = file.map("unit", {"lanes", "engines", "slices", "activation_words", "chunks",
                                         "weight_fifo_beats", "result_fifo_beats"});
  return {.lanes = unit.count("lanes"),
          .engines = unit.count("engines"),
          .slices = unit.count("slices"),
          .activation_words = unit.count("activation_words"),
          .chunks = unit.count("chunks"),
          .weight_fifo_beats = unit.count("weight_fifo_beats"),
          .result_fifo_beats = unit.count("result_fifo_beats")};
}

MemoryConfig read_memory(const YamlMap& file) {
  const YamlMap memory =
      file.map("memory", {"weight_gb_s", "activation_gb_s", "result_gb_s", "latency_ns",
                          "window_beats", "refresh_interval_ns", "refresh_ns"});
  return {.weight_gb_s = memory.number("weight_gb_s"),
          .activation_gb_s = memory.number("activation_gb_s"),
          .result_gb_s = memory.number("result_gb_s"),
          .latency_ns = memory.number("latency_ns"),
          .window_beats = memory.count("window_beats"),
          .refresh_interval_ns = memory.number("refresh_interval_ns"),
          .refresh_ns = memory.number("refresh_ns")};
}

}  // namespace

HardwareConfig load_hardware(const std::filesystem::path& file) {
  const YamlMap root =
      YamlMap::open(file, {"name", "clock_mhz", "weight_format", "unit", "memory"});
  HardwareConfig config = {.name = root.text("name"),
                           .clock_mhz = root.number("clock_mhz"),
                           .weight_format = root.choice("weight_format", {"t5", "t2"}) == 0
                                                ? WeightFormat::T5
                                                : WeightFormat::T2,
                           .unit = read_unit(root),
                           .memory = read_memory(root)};
  try {
    config.validate();
  } catch (const FieldError& error) {
    throw std::invalid_argument(root.where(error.field()) + ": " + error.what());
  }
  return config;
}

}  // namespace sterna::sim
