// SPDX-License-Identifier: Apache-2.0
#include "sim/config/hardware_yaml.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/config/host_yaml.hpp"
#include "sim/config/yaml_map.hpp"

namespace sterna::sim {
namespace {

UnitConfig read_unit(const YamlMap& file) {
  const YamlMap unit = file.map("unit",
                                {"lanes", "engines", "slices", "activation_words", "chunks",
                                 "weight_fifo_beats", "result_fifo_beats"},
                                {"column_words"});
  return {.lanes = unit.count("lanes"),
          .engines = unit.count("engines"),
          .slices = unit.count("slices"),
          .activation_words = unit.count("activation_words"),
          .chunks = unit.count("chunks"),
          .weight_fifo_beats = unit.count("weight_fifo_beats"),
          .result_fifo_beats = unit.count("result_fifo_beats"),
          .column_words = unit.has("column_words") ? unit.count("column_words") : 0};
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

[[noreturn]] void refuse(const YamlMap& map, std::string_view field, const std::string& sentence) {
  throw std::invalid_argument(map.where(field) + ": " + sentence);
}

const DramPart& read_part(const YamlMap& dram) {
  const std::string name = dram.text("part");
  std::string known;
  for (const DramPart& part : dram_parts()) {
    if (part.name == name) return part;
    known += part.name + ", ";
  }
  refuse(dram, "part", fmt::format("dram.part is '{}'; known are {}flat, ideal", name, known));
}

/// The first or the second value of an enumeration, by its name.
template <typename T>
T pick(const YamlMap& map, std::string_view key) {
  return static_cast<T>(map.choice(key, {name_of(T{0}), name_of(T{1})}));
}

DramConfig read_banks(const YamlMap& file, std::uint32_t asker_khz) {
  const YamlMap dram =
      file.map("dram", {"part", "channels"},
               {"mapping", "scheduler", "page_policy", "queue_depth", "starvation_cap"});
  DramConfig config = default_dram(read_part(dram), asker_khz);
  config.channels = dram.count("channels");
  if (dram.has("mapping")) config.mapping = dram.text("mapping");
  if (dram.has("scheduler")) config.scheduler = pick<DramScheduler>(dram, "scheduler");
  if (dram.has("page_policy")) config.page_policy = pick<PagePolicy>(dram, "page_policy");
  if (dram.has("queue_depth")) config.queue_depth = dram.count("queue_depth");
  if (dram.has("starvation_cap")) config.starvation_cap = dram.count("starvation_cap");
  return config;
}

/// The part decides which other keys there are.
DramConfig read_dram(const YamlMap& file, std::uint32_t asker_khz) {
  const std::string part =
      file.map("dram", {"part"},
               {"channels", "mapping", "scheduler", "page_policy", "queue_depth", "starvation_cap",
                "flat_gb_s", "flat_latency_ns"})
          .text("part");
  if (part != "flat" && part != "ideal") return read_banks(file, asker_khz);
  DramConfig config = default_dram(dram_parts().front(), asker_khz);
  if (part == "ideal") {
    (void)file.map("dram", {"part"});
    config.kind = DramKind::Ideal;
    return config;
  }
  const YamlMap dram = file.map("dram", {"part", "flat_gb_s", "flat_latency_ns"});
  config.kind = DramKind::Flat;
  config.flat_gb_s = dram.number("flat_gb_s");
  config.flat_latency_ns = dram.number("flat_latency_ns");
  return config;
}

/// The nearest whole number of kHz; HardwareConfig::validate() refuses any other clock, and all beyond
/// what these bounds cut off.
std::uint32_t nearest_khz(double clock_mhz) {
  return static_cast<std::uint32_t>(std::clamp(std::round(clock_mhz * 1000), 1.0, 1e9));
}

BusConfig read_bus(const YamlMap& file, double clock_mhz) {
  const YamlMap bus = file.map("bus", {"burst_beats", "dma_fifo_beats", "outstanding",
                                       "descriptors", "result_bits", "latency_ns"});
  return {.burst_beats = bus.count("burst_beats"),
          .dma_fifo_beats = bus.count("dma_fifo_beats"),
          .outstanding = bus.count("outstanding"),
          .descriptors = bus.count("descriptors"),
          .result_bits = bus.count("result_bits"),
          .latency_ns = bus.number("latency_ns"),
          .dram = read_dram(file, nearest_khz(clock_mhz))};
}

/// Either the memory behind the streams, or a bus and its DRAM.
void read_memory_or_bus(const YamlMap& file, HardwareConfig& config) {
  const char* const either = "either memory (the bare unit), or bus and dram (the unit on a bus)";
  const bool on_bus = file.has("bus") || file.has("dram");
  if (!file.has("memory") && !on_bus) {
    refuse(file, "", fmt::format("no memory is given; add {}", either));
  }
  if (file.has("memory") && on_bus) {
    const char* const other = file.has("bus") ? "bus" : "dram";
    refuse(file, other,
           fmt::format("both memory and {} are given; a design has {}: remove one", other, either));
  }
  if (!on_bus) {
    config.memory = read_memory(file);
    return;
  }
  for (const char* const needed : {"bus", "dram"}) {
    if (!file.has(needed)) {
      refuse(file, "", fmt::format("{} is missing; add it: a design has {}", needed, either));
    }
  }
  config.bus = read_bus(file, config.clock_mhz);
}

}  // namespace

HardwareConfig load_hardware(const std::filesystem::path& file) {
  const YamlMap root = YamlMap::open(file, {"name", "clock_mhz", "weight_format", "unit"},
                                     {"memory", "bus", "dram", "host"});
  HardwareConfig config = {.name = root.text("name"),
                           .clock_mhz = root.number("clock_mhz"),
                           .weight_format = root.choice("weight_format", {"t5", "t2"}) == 0
                                                ? WeightFormat::T5
                                                : WeightFormat::T2,
                           .unit = read_unit(root),
                           .memory = {}};
  read_memory_or_bus(root, config);
  if (root.has("host")) config.host = read_host(root);
  try {
    config.validate();
  } catch (const FieldError& error) {
    throw std::invalid_argument(root.where(error.field()) + ": " + error.what());
  }
  return config;
}

}  // namespace sterna::sim
