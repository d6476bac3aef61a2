// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/energy.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/config/yaml_map.hpp"

namespace sterna::sim {
namespace {

constexpr double kJoulesPerPj = 1e-12;

struct SramRow {
  std::string_view name;
  double bytes;
};
constexpr std::array kSramRows = {SramRow{"sram_8_kib", 8.0 * 1024},
                                  SramRow{"sram_32_kib", 32.0 * 1024},
                                  SramRow{"sram_1_mib", 1024.0 * 1024}};

constexpr std::array<std::string_view, 10> kRowNames = {
    "add_8",       "add_32",     "multiply_8", "register_bit",     "sram_8_kib",
    "sram_32_kib", "sram_1_mib", "sram_base",  "sram_per_64_bits", "dram_64_bits"};

constexpr std::array<std::string_view, 4> kArithmeticParts = {"tree", "correction", "multiply",
                                                              "accumulate"};
constexpr std::array<std::string_view, 4> kOnChipParts = {"registers", "activation_sram",
                                                          "weight_fifo", "result_fifo"};
constexpr std::array<std::string_view, 3> kDramParts = {"dram_weights", "dram_activations",
                                                        "dram_results"};

void add_part(EnergySum& sum, std::string_view name, double joules) {
  sum.total_j += joules;
  sum.parts.push_back({std::string(name), joules});
}

void check_table(const EnergyTable& table, const YamlMap& file) {
  for (const std::string_view name : kRowNames) {
    if (!table.rows.contains(name)) {
      throw std::invalid_argument(
          fmt::format("{}: the row {} is missing; add it", file.where("rows"), name));
    }
  }
  for (const auto& [name, row] : table.rows) {
    if (std::find(kRowNames.begin(), kRowNames.end(), name) == kRowNames.end()) {
      throw std::invalid_argument(fmt::format("{}: unknown row {}; known are {}",
                                              file.where("rows"), name,
                                              fmt::join(kRowNames, ", ")));
    }
    if (!(row.pj > 0)) {
      throw std::invalid_argument(
          fmt::format("{}: {} is {} pJ; it must be above 0", file.where("rows"), name, row.pj));
    }
  }
}

}  // namespace

double EnergyTable::action_j(const ActionCount& action) const {
  const double bits = action.width_bits;
  switch (action.action) {
    case Action::Add:
      return kJoulesPerPj * (pj("add_8") + (pj("add_32") - pj("add_8")) * (bits - 8) / (32 - 8));
    case Action::Multiply:
      return kJoulesPerPj * pj("multiply_8");  // the one width that is counted
    case Action::RegisterWrite:
      return kJoulesPerPj * pj("register_bit") * bits;
    case Action::SramRead:
    case Action::SramWrite:
      return kJoulesPerPj * sram_pj(action.capacity_bytes, bits);
    case Action::DramRead:
    case Action::DramWrite:
      return kJoulesPerPj * pj("dram_64_bits") * bits / 64;
    case Action::GatedLane:
      return 0;
  }
  return 0;
}

double EnergyTable::sram_pj(double capacity_bytes, double width_bits) const {
  const std::size_t low = capacity_bytes <= kSramRows[1].bytes ? 0 : 1;
  const SramRow& small = kSramRows[low];
  const SramRow& large = kSramRows[low + 1];
  const double power =
      std::log(pj(large.name) / pj(small.name)) / std::log(large.bytes / small.bytes);
  const double access_64 = pj(small.name) * std::pow(capacity_bytes / small.bytes, power);
  return access_64 * (pj("sram_base") + pj("sram_per_64_bits") * width_bits / 64);
}

EnergyTable load_energy_table(const std::filesystem::path& path) {
  const YamlMap file = YamlMap::open(path, {"name", "node_nm", "evidence", "rows"});
  EnergyTable table = {.name = file.text("name"),
                       .node_nm = file.count("node_nm"),
                       .evidence = file.text("evidence"),
                       .rows = {}};
  for (const YamlMap& row : file.maps("rows", {"row", "pj", "per", "evidence", "source"})) {
    const auto [place, fresh] =
        table.rows.emplace(row.text("row"), EnergyRow{.pj = row.number("pj"),
                                                      .per = row.text("per"),
                                                      .evidence = row.text("evidence"),
                                                      .source = row.text("source")});
    if (!fresh) {
      throw std::invalid_argument(
          fmt::format("{}: the row {} is given twice; remove one", row.where("row"), place->first));
    }
  }
  check_table(table, file);
  return table;
}

std::vector<EnergyTable> load_energy_tables(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  if (files.empty()) {
    throw std::runtime_error(folder.string() + ": holds no energy tables (*.yaml)");
  }
  std::sort(files.begin(), files.end());
  std::vector<EnergyTable> tables;
  tables.reserve(files.size());
  for (const std::filesystem::path& file : files) tables.push_back(load_energy_table(file));
  return tables;
}

EnergyReport price(const EnergyTable& table, std::span<const ActionCount> actions) {
  const auto part_j = [&](std::string_view part) {
    double joules = 0;
    for (const ActionCount& action : actions) {
      if (action.part == part) {
        joules += table.action_j(action) * static_cast<double>(action.count);
      }
    }
    return joules;
  };
  EnergyReport report = {.table = table.name,
                         .evidence = table.evidence,
                         .arithmetic = {},
                         .on_chip = {},
                         .system = {}};
  for (const std::string_view part : kArithmeticParts) {
    const double joules = part_j(part);
    // Each kind of lane has one of these two.
    const bool absent = joules == 0 && (part == "multiply" || part == "correction");
    if (!absent) add_part(report.arithmetic, part, joules);
  }
  add_part(report.on_chip, "arithmetic", report.arithmetic.total_j);
  for (const std::string_view part : kOnChipParts) add_part(report.on_chip, part, part_j(part));
  add_part(report.system, "on_chip", report.on_chip.total_j);
  for (const std::string_view part : kDramParts) add_part(report.system, part, part_j(part));
  return report;
}

}  // namespace sterna::sim
