// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sterna::sim {

/// What must lie between the commands to one channel of a DRAM part.
///
/// Units  clocks of the part's command clock, from the start of a command to the start of the next
///        unless said otherwise; JEDEC names without the t
struct DramTiming {
  std::uint32_t cl;           // read to its first data
  std::uint32_t cwl;          // write to its first data
  std::uint32_t rcd_read;     // activate to read, same bank
  std::uint32_t rcd_write;    // activate to write, same bank
  std::uint32_t rp;           // precharge of a bank to activate or refresh, same bank
  std::uint32_t rp_all;       // precharge of all banks of a rank to activate or refresh
  std::uint32_t ras;          // activate to precharge, same bank
  std::uint32_t rc;           // activate to activate or refresh, same bank
  std::uint32_t rrd_s;        // activate to activate, other bank group of the rank
  std::uint32_t rrd_l;        // activate to activate, same bank group
  std::uint32_t faw;          // activate to the fourth activate after it, same rank
  std::uint32_t ccd_s;        // column to column of the same direction, other bank group
  std::uint32_t ccd_l;        // column to column of the same direction, same bank group
  std::uint32_t wr;           // end of write data to precharge, same bank
  std::uint32_t wtr_s;        // end of write data to read, other bank group of the rank
  std::uint32_t wtr_l;        // end of write data to read, same bank group
  std::uint32_t rtp;          // read to precharge, same bank
  std::uint32_t rtw;          // read to write, same rank
  std::uint32_t rank_switch;  // idle clocks of the data bus between two ranks (tCS, tRTRS)
  std::uint32_t ppd;          // precharge to precharge, same rank
  std::uint32_t refi;         // between two refresh commands to a rank
  std::uint32_t rfc;          // refresh to activate or refresh, same bank(s)
  std::uint32_t refresh_gap;  // refresh to refresh, same rank (tPBR2PBR)
  // Clocks that a command occupies the command bus.
  std::uint32_t activate_clocks;
  std::uint32_t column_clocks;
  std::uint32_t precharge_clocks;
  std::uint32_t refresh_clocks;

  friend bool operator==(const DramTiming&, const DramTiming&) = default;
};

/// One channel of a DRAM part: its shape and its timing.
///
/// Errors  counts that are no powers of two are refused by DramConfig::validate()
struct DramPart {
  std::string name;
  std::string source;           // where the figures were read
  std::uint32_t clock_khz;      // command clock
  std::uint32_t data_rate_mt;   // transfers a second a pin, in millions
  std::uint32_t bus_bits;       // data pins of the channel
  std::uint32_t burst_length;   // transfers of a column access
  std::uint32_t ranks;          // that share the channel's buses
  std::uint32_t bank_groups;    // in a rank; 1 where the part has none
  std::uint32_t banks;          // in a bank group
  std::uint32_t rows;           // in a bank
  std::uint32_t row_bytes;      // of a row across the channel
  std::uint32_t refresh_banks;  // banks of a rank that one refresh command takes; 0: all
  bool split_command_bus;       // row and column commands travel on buses of their own (HBM)
  DramTiming timing;

  /// What one column access moves: the granule of every answer.
  [[nodiscard]] std::uint32_t access_bytes() const { return bus_bits / 8 * burst_length; }
  /// Clocks the data bus is busy with one access.
  [[nodiscard]] std::uint32_t burst_clocks() const {
    return static_cast<std::uint32_t>(std::uint64_t{burst_length} * clock_khz /
                                      (std::uint64_t{data_rate_mt} * 1000));
  }
  [[nodiscard]] std::uint32_t columns() const { return row_bytes / access_bytes(); }  // in accesses
  [[nodiscard]] std::uint32_t rank_banks() const { return bank_groups * banks; }
  [[nodiscard]] std::uint32_t channel_banks() const { return ranks * rank_banks(); }
  [[nodiscard]] std::uint64_t channel_bytes() const {
    return std::uint64_t{channel_banks()} * rows * row_bytes;
  }
  [[nodiscard]] double peak_gb_s() const {
    return static_cast<double>(data_rate_mt) * bus_bits / 8 / 1000;
  }
  /// Refresh commands to a rank until all its banks have had one.
  [[nodiscard]] std::uint32_t refresh_sets() const {
    return refresh_banks == 0 ? 1 : rank_banks() / refresh_banks;
  }

  friend bool operator==(const DramPart&, const DramPart&) = default;
};

/// The parts that come with Sterna; docs/dram.md shows the same figures (a test compares).
const std::vector<DramPart>& dram_parts();

/// Errors  std::invalid_argument names the known parts
const DramPart& find_dram_part(const std::string& name);

}  // namespace sterna::sim
