// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sterna::sim {

enum class DramCommandKind : std::uint8_t {
  Activate,
  Precharge,
  PrechargeAll,  // every bank of the rank
  Read,
  Write,
  Refresh,       // every bank of the rank
  RefreshBanks,  // of one bank of each refresh set: this bank and every refresh_sets()-th after it
};

/// One command on the bus of a channel. Fields that the kind has no use for are 0.
struct DramCommand {
  std::uint64_t clock;  // of the part, when the command begins
  DramCommandKind kind;
  std::uint32_t channel;
  std::uint32_t rank;
  std::uint32_t bank;  // in its rank: bank group * banks of a group + bank of the group
  std::uint32_t row;
  std::uint32_t column;  // in accesses

  friend bool operator==(const DramCommand&, const DramCommand&) = default;
};

/// What one channel did.
///
/// Range  hits + misses + conflicts == reads + writes
struct DramStatistics {
  std::uint64_t activates;
  std::uint64_t precharges;  // one for each bank that was closed, by whatever command
  std::uint64_t reads;       // column accesses
  std::uint64_t writes;
  std::uint64_t refreshes;      // commands
  std::uint64_t row_hits;       // accesses that found their row open
  std::uint64_t row_misses;     // that found the bank closed
  std::uint64_t row_conflicts;  // that had another row closed first
  std::uint64_t read_bytes;
  std::uint64_t write_bytes;
  std::uint64_t data_busy_clocks;  // of the part

  friend bool operator==(const DramStatistics&, const DramStatistics&) = default;
};

}  // namespace sterna::sim
