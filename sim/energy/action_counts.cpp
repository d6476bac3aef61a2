// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/action_counts.hpp"

#include <bit>

#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {
namespace {

// rtl/tmu/tmu_pkg.sv
constexpr std::uint32_t kActivationBits = 8;
constexpr std::uint32_t kLeafLanes = 16;
constexpr std::uint32_t kMostColumns = 1U << 16;
constexpr std::uint32_t kLeafBits = kActivationBits + 4;  // 16 terms of 8 bits

constexpr std::uint32_t ceil_log2(std::uint32_t n) {
  return static_cast<std::uint32_t>(std::bit_width(n - 1));
}

// sum_width() of rtl/tmu/tmu_pkg.sv.
constexpr std::uint32_t sum_bits(std::uint32_t terms) {
  return kActivationBits + 1 + ceil_log2(terms);
}

/// Collects the rows of one account.
class Account {
 public:
  Account(const UnitConfig& unit, WeightFormat format, const TmuCounters& counters)
      : unit_(unit), counters_(counters), lanes_(unit.trits_per_beat(format)) {}

  void ternary_lanes();
  void int8_lanes();
  void array();
  void column_lanes();
  void activation_queue(std::uint64_t columns);
  void activation_sram();
  void fifos();
  void dram(std::uint64_t activation_beats);

  [[nodiscard]] std::vector<ActionCount> take() { return std::move(rows_); }

 private:
  void gated_lanes() {
    add("gated lanes", "", Action::GatedLane, kActivationBits,
        counters_.row_slots * lanes_ - counters_.nonzero_lanes);
  }
  void decoded_weights() {
    add("decoded weights", "registers", Action::RegisterWrite, 2 * lanes_, counters_.weight_beats);
  }

  void add(std::string_view name, std::string_view part, Action action, std::uint32_t width_bits,
           std::uint64_t count, std::uint32_t capacity_bytes = 0) {
    rows_.push_back({name, part, action, width_bits, capacity_bytes, count});
  }

  // Adders of a balanced tree over the lanes, `times` evaluations; a result of level 1 has `first_bits`.
  void tree(std::string_view name, std::string_view part, std::uint32_t first_bits,
            std::uint64_t times) {
    std::uint32_t bits = first_bits;
    for (std::uint32_t inputs = lanes_; inputs > 1; inputs = (inputs + 1) / 2, ++bits) {
      add(name, part, Action::Add, bits, times * (inputs / 2));
    }
  }

  UnitConfig unit_;
  TmuCounters counters_;
  std::uint32_t lanes_;  // that hold weights
  std::vector<ActionCount> rows_;
};

void Account::ternary_lanes() {
  // Once a beat: count its negatives and its nonzeros, and make one correction of the two counts. Once a
  // slot: add it at the root.
  tree("count negatives", "correction", 2, counters_.weight_beats);
  tree("count nonzeros", "correction", 2, counters_.weight_beats);
  add("make correction", "correction", Action::Add, sum_bits(lanes_), counters_.weight_beats);
  add("add correction", "correction", Action::Add, sum_bits(lanes_), counters_.row_slots);
  add("correction", "registers", Action::RegisterWrite, sum_bits(lanes_), counters_.weight_beats);
}

void Account::int8_lanes() {
  add("multiplier", "multiply", Action::Multiply, kActivationBits, counters_.row_slots * lanes_);
}

void Account::array() {
  // Zero weights keep their operand quiet, but the adders around it switch for their neighbours: measured
  // tree energy differs by less than 0.5 %, so a gated lane is counted and not discounted.
  gated_lanes();
  tree("tree", "tree", kActivationBits + 1, counters_.row_slots);
  add("accumulator", "accumulate", Action::Add, sum_bits(unit_.activation_words * unit_.lanes),
      counters_.row_slots);

  decoded_weights();
  add("leaf sums", "registers", Action::RegisterWrite, lanes_ / kLeafLanes * kLeafBits,
      counters_.row_slots);
  add("root sum", "registers", Action::RegisterWrite, sum_bits(lanes_), counters_.row_slots);
  add("accumulator", "registers", Action::RegisterWrite,
      sum_bits(unit_.activation_words * unit_.lanes), counters_.row_slots);
}

void Account::column_lanes() {
  gated_lanes();
  const std::uint32_t bits = sum_bits(kMostColumns);
  add("column sums", "accumulate", Action::Add, bits, counters_.row_slots * lanes_);
  decoded_weights();
  add("column sums", "registers", Action::RegisterWrite, bits, counters_.row_slots * lanes_);
}

void Account::activation_queue(std::uint64_t columns) {
  add("activation queue", "registers", Action::RegisterWrite, kActivationBits, 2 * columns);
}

void Account::activation_sram() {
  // Each slice has a bank of its own, a word of all lanes a read, a beat a write.
  const std::uint32_t bank_bytes = unit_.activation_words * unit_.lanes;
  const std::uint32_t beat_bits = 8 * kActivationBeatBytes;
  add("activation SRAM", "activation_sram", Action::SramRead, 8 * unit_.lanes,
      counters_.activation_reads, bank_bytes);
  add("activation SRAM", "activation_sram", Action::SramWrite, beat_bits,
      counters_.activation_writes, bank_bytes);
}

void Account::fifos() {
  // FIFOs are registers: an entry is written once and read once.
  add("weight FIFO", "weight_fifo", Action::RegisterWrite, 8 * unit_.beat_bytes(),
      2 * counters_.weight_beats);
  add("result FIFO", "result_fifo", Action::RegisterWrite, 8 * StreamMemory::kSumBytes,
      2 * counters_.sums);
}

void Account::dram(std::uint64_t activation_beats) {
  add("weights", "dram_weights", Action::DramRead, 8 * unit_.beat_bytes(), counters_.weight_beats);
  add("activations", "dram_activations", Action::DramRead, 8 * kActivationBeatBytes,
      activation_beats);
  add("results", "dram_results", Action::DramWrite, 8 * StreamMemory::kSumBytes, counters_.sums);
}

}  // namespace

ColumnWork& ColumnWork::operator+=(const ColumnWork& other) {
  columns += other.columns;
  nonzero_columns += other.nonzero_columns;
  activation_beats += other.activation_beats;
  counters += other.counters;
  return *this;
}

std::vector<ActionCount> count_actions(const UnitConfig& unit, WeightFormat format,
                                       const TmuCounters& counters, Lane lane) {
  Account account(unit, format, counters);
  if (lane == Lane::Ternary) {
    account.ternary_lanes();
  } else {
    account.int8_lanes();
  }
  account.array();
  account.activation_sram();
  account.fifos();
  account.dram(counters.activation_writes);
  return account.take();
}

std::vector<ActionCount> count_column_actions(const UnitConfig& unit, WeightFormat format,
                                              const ColumnWork& work, Lane lane) {
  Account account(unit, format, work.counters);
  if (lane == Lane::Int8) account.int8_lanes();
  account.column_lanes();
  account.activation_queue(work.nonzero_columns);
  account.fifos();
  account.dram(work.activation_beats);
  return account.take();
}

}  // namespace sterna::sim
