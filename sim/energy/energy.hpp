// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/energy/action_counts.hpp"

namespace sterna::sim {

/// One price of a table, with where it comes from.
struct EnergyRow {
  double pj;
  std::string per;       // what one pj buys, in words
  std::string evidence;  // measured, gate-level, synthesis, model, literature
  std::string source;
};

/// Named prices of one technology node. Data files: configs/energy/*.yaml.
struct EnergyTable {
  std::string name;
  std::uint32_t node_nm;
  std::string evidence;  // of figures priced by it, one line
  std::map<std::string, EnergyRow, std::less<>> rows;

  /// Joules of one action.
  ///
  /// Add       linear in the width of the result, through the rows for 8 and 32 bits
  /// Sram      capacity: a power law through the two rows around it (the first or last two outside);
  ///           width: sram_base + sram_per_64_bits * width / 64 of the 64-bit price
  /// Register  register_bit a bit; Dram: dram_64_bits by the bit; GatedLane: 0
  [[nodiscard]] double action_j(const ActionCount& action) const;

 private:
  [[nodiscard]] double pj(std::string_view row) const { return rows.find(row)->second.pj; }
  [[nodiscard]] double sram_pj(double capacity_bytes, double width_bits) const;
};

/// Errors  std::runtime_error when the file cannot be read; std::invalid_argument with file, line and key
///         for anything wrong in it, also a row that action_j() needs and does not find
[[nodiscard]] EnergyTable load_energy_table(const std::filesystem::path& file);

/// Every table (*.yaml) of a folder, by file name.
/// Errors  as load_energy_table(); std::runtime_error when there is none
[[nodiscard]] std::vector<EnergyTable> load_energy_tables(const std::filesystem::path& folder);

struct EnergyPart {
  std::string name;
  double joules;
};

/// A sum of energy with the parts it is the sum of, in their order.
struct EnergySum {
  double total_j = 0;
  std::vector<EnergyPart> parts;
};

/// Actions priced by one table.
struct EnergyReport {
  std::string table;
  std::string evidence;
  EnergySum arithmetic;  // tree, correction, accumulate (and multiply)
  EnergySum on_chip;     // arithmetic, registers, activation_sram, weight_fifo, result_fifo
  EnergySum system;      // on_chip, dram_weights, dram_activations, dram_results
};

[[nodiscard]] EnergyReport price(const EnergyTable& table, std::span<const ActionCount> actions);

}  // namespace sterna::sim
