// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// What a piece of the unit does in one clock, as far as energy tables price it.
enum class Action : std::uint8_t {
  Add,
  Multiply,       // baseline only
  RegisterWrite,  // also a FIFO entry written or read
  SramRead,
  SramWrite,
  DramRead,
  DramWrite,
  GatedLane,  // a lane slot whose weight is zero; shown, not priced
};

/// One row of an account: `count` actions of `width_bits` bits each.
struct ActionCount {
  std::string_view name;  // of the place, the same for all widths of it
  std::string_view part;  // of the energy report that it belongs to
  Action action;
  std::uint32_t width_bits;      // result of an adder, operand of a multiplier, word of a memory
  std::uint32_t capacity_bytes;  // of the SRAM; 0 for the rest
  std::uint64_t count;

  friend bool operator==(const ActionCount&, const ActionCount&) = default;
};

/// What stands in each lane.
enum class Lane : std::uint8_t {
  Ternary,  // the unit: select by XOR and AND, one correction a beat
  Int8,     // the same array with an 8 x 8 bit multiplier a lane and no correction
};

/// What commands by columns did, summed.
struct ColumnWork {
  std::uint64_t columns = 0;           // asked for
  std::uint64_t nonzero_columns = 0;   // of them not left out
  std::uint64_t activation_beats = 0;  // read from memory
  TmuCounters counters;

  ColumnWork& operator+=(const ColumnWork& other);
};

/// Every priced action of commands by rows with the summed `counters`, exact. One function for all levels: SystemC
/// and RTL have equal counters, so they have equal accounts.
///
/// A tree over n lanes is n - 1 adders: pairs of lanes (9-bit results), pairs of pairs (10 bits), ...; as
/// t2 a fifth of the lanes always holds zero and its adders never switch, so they do not count.
/// Omits  select gates, decoder, control, multiplexers, clock tree, wires and leakage: the tables have no
///        row for them
[[nodiscard]] std::vector<ActionCount> count_actions(const UnitConfig& unit, WeightFormat format,
                                                     const TmuCounters& counters,
                                                     Lane lane = Lane::Ternary);

/// The same of commands by columns: in place of the tree each lane that holds a weight adds x, -x or 0 to a sum
/// of its own, a zero like any other; no activation SRAM. Gathering is multiplexers.
[[nodiscard]] std::vector<ActionCount> count_column_actions(const UnitConfig& unit,
                                                            WeightFormat format,
                                                            const ColumnWork& work,
                                                            Lane lane = Lane::Ternary);

}  // namespace sterna::sim
