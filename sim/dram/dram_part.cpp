// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_part.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sterna::sim {
namespace {

/// Clocks that last at least `ps` picoseconds.
constexpr std::uint32_t clocks(std::uint64_t ps, std::uint64_t clock_khz) {
  return static_cast<std::uint32_t>((ps * clock_khz + 999'999'999) / 1'000'000'000);
}

constexpr std::uint32_t kKi = 1024;

/// Eight x8 devices of 8 Gb side by side.
DramPart ddr4_3200() {
  return {.name = "DDR4-3200",
          .source =
              "JESD79-4C speed bin 3200AA, 8 Gb x8; the same clocks stand in ramulator2 "
              "(DDR4_3200AA, DDR4_8Gb_x8) and in DRAMsim3 (DDR4_8Gb_x8_3200.ini)",
          .clock_khz = 1'600'000,
          .data_rate_mt = 3200,
          .bus_bits = 64,
          .burst_length = 8,
          .ranks = 1,
          .bank_groups = 4,
          .banks = 4,
          .rows = 64 * kKi,
          .row_bytes = 8 * kKi,  // 1024 columns of 64 bits
          .refresh_banks = 0,
          .split_command_bus = false,
          .timing = {.cl = 22,
                     .cwl = 16,
                     .rcd_read = 22,
                     .rcd_write = 22,
                     .rp = 22,
                     .rp_all = 22,
                     .ras = 52,
                     .rc = 74,
                     .rrd_s = 4,
                     .rrd_l = 8,
                     .faw = 34,
                     .ccd_s = 4,
                     .ccd_l = 8,
                     .wr = 24,
                     .wtr_s = 4,
                     .wtr_l = 12,
                     .rtp = 12,
                     .rtw = 22 + 4 + 2 - 16,  // CL + burst + 2 (preamble, turn-around) - CWL
                     .rank_switch = 2,        // ramulator2 nCS
                     .ppd = 1,
                     .refi = 12'480,  // 7.8 us
                     .rfc = 560,      // 350 ns, 8 Gb, JESD79-4C tRFC1
                     .refresh_gap = 560,
                     .activate_clocks = 1,
                     .column_clocks = 1,
                     .precharge_clocks = 1,
                     .refresh_clocks = 1}};
}

/// One x16 channel of 8 Gb; commands are sent on one edge, six bits at a time.
DramPart lpddr4x_4266() {
  constexpr std::uint32_t kKhz = 2'133'000;
  return {
      .name = "LPDDR4X-4266",
      .source =
          "JESD209-4C, 8 Gb a channel: ns and command lengths as in ramulator's LPDDR4.h "
          "(LPDDR4_3200); RL 36 at 468 ps from a data sheet (Rayson RS1G32LF4D2BDS); WL, "
          "tRRD, tFAW of 4266 and tRFC of 8 Gb quoted without the standard at hand",
      .clock_khz = kKhz,
      .data_rate_mt = 4266,
      .bus_bits = 16,
      .burst_length = 16,
      .ranks = 1,
      .bank_groups = 1,
      .banks = 8,
      .rows = 64 * kKi,
      .row_bytes = 2 * kKi,  // 1024 columns of 16 bits
      .refresh_banks = 1,
      .split_command_bus = false,
      .timing = {.cl = 36,   // RL at 4266
                 .cwl = 18,  // WL at 4266, set A
                 .rcd_read = clocks(18'000, kKhz),
                 .rcd_write = clocks(18'000, kKhz),
                 .rp = clocks(18'000, kKhz),
                 .rp_all = clocks(21'000, kKhz),
                 .ras = clocks(42'000, kKhz),
                 .rc = clocks(42'000, kKhz) + clocks(18'000, kKhz),  // tRAS + tRPpb
                 .rrd_s = clocks(7'500, kKhz),
                 .rrd_l = clocks(7'500, kKhz),
                 .faw = clocks(30'000, kKhz),
                 .ccd_s = 8,
                 .ccd_l = 8,
                 .wr = 1 + clocks(18'000, kKhz),     // the standard counts WL + 1 + BL/2 + tWR
                 .wtr_s = 1 + clocks(10'000, kKhz),  // likewise
                 .wtr_l = 1 + clocks(10'000, kKhz),
                 .rtp = clocks(7'500, kKhz),
                 .rtw = 36 + clocks(3'500, kKhz) + 8 + 3 - 18,  // RL + tDQSCKmax + BL/2 + 3 - WL
                 .rank_switch = 4,  // preamble 2, postamble 0.5, rounded up to command slots
                 .ppd = 4,
                 .refi = clocks(488'000, kKhz),  // tREFIpb = 3.904 us / 8
                 .rfc = clocks(140'000, kKhz),   // tRFCpb
                 .refresh_gap = clocks(140'000, kKhz),
                 .activate_clocks = 4,  // ACT-1 and ACT-2, two clocks each
                 .column_clocks = 4,    // RD-1 or WR-1 and CAS-2
                 .precharge_clocks = 2,
                 .refresh_clocks = 2}};
}

/// One x16 channel of 8 Gb in bank group mode, WCK:CK = 4:1, WCK always on.
DramPart lpddr5_6400() {
  constexpr std::uint32_t kKhz = 800'000;
  return {.name = "LPDDR5-6400",
          .source =
              "JESD209-5B, 8 Gb x16, bank group mode, BL16, as in ramulator2 (LPDDR5_6400) "
              "and gem5 (LPDDR5_6400_1x16_BG_BL16)",
          .clock_khz = kKhz,
          .data_rate_mt = 6400,
          .bus_bits = 16,
          .burst_length = 16,
          .ranks = 1,
          .bank_groups = 4,
          .banks = 4,
          .rows = 32 * kKi,
          .row_bytes = 2 * kKi,
          .refresh_banks = 2,  // tREFIpb = tREFI / 8 (ramulator2), so eight cover sixteen banks
          .split_command_bus = false,
          .timing = {.cl = 17,
                     .cwl = 9,
                     .rcd_read = clocks(18'000, kKhz),
                     .rcd_write = clocks(18'000, kKhz),
                     .rp = clocks(18'000, kKhz),
                     .rp_all = clocks(21'000, kKhz),
                     .ras = clocks(42'000, kKhz),
                     .rc = clocks(42'000, kKhz) + clocks(18'000, kKhz),
                     .rrd_s = clocks(5'000, kKhz),
                     .rrd_l = clocks(5'000, kKhz),
                     .faw = clocks(20'000, kKhz),
                     .ccd_s = 2,
                     .ccd_l = 4,
                     .wr = clocks(34'000, kKhz),
                     .wtr_s = clocks(6'250, kKhz),
                     .wtr_l = clocks(12'000, kKhz),
                     .rtp = clocks(7'500, kKhz),
                     .rtw = 17 + 2 + 2 - 9,
                     .rank_switch = 2,
                     .ppd = 2,
                     .refi = clocks(488'000, kKhz),  // tREFIpb = 3.906 us / 8
                     .rfc = clocks(120'000, kKhz),   // tRFCpb, 8 Gb
                     .refresh_gap = clocks(90'000, kKhz),
                     .activate_clocks = 2,  // ACT-1 and ACT-2
                     .column_clocks = 1,
                     .precharge_clocks = 1,
                     .refresh_clocks = 1}};
}

/// A legacy channel of 128 bits, burst of four: what DRAMsim3's file of this name describes.
DramPart hbm2() {
  return {.name = "HBM2",
          .source = "DRAMsim3 HBM2_8Gb_x128.ini: 2.0 Gb/s, a whole 128-bit channel (legacy mode)",
          .clock_khz = 1'000'000,
          .data_rate_mt = 2000,
          .bus_bits = 128,
          .burst_length = 4,
          .ranks = 1,
          .bank_groups = 4,
          .banks = 4,
          .rows = 32 * kKi,
          .row_bytes = 2 * kKi,  // 64 columns of two 128-bit words each (DRAMsim3 configuration.cc)
          .refresh_banks = 0,
          .split_command_bus = true,
          .timing = {.cl = 14,
                     .cwl = 4,
                     .rcd_read = 14,
                     .rcd_write = 14,
                     .rp = 14,
                     .rp_all = 14,
                     .ras = 34,
                     .rc = 48,  // tRAS + tRP
                     .rrd_s = 4,
                     .rrd_l = 6,
                     .faw = 30,
                     .ccd_s = 2,  // 1 in the file; the burst takes 2
                     .ccd_l = 2,
                     .wr = 16,
                     .wtr_s = 6,
                     .wtr_l = 8,
                     .rtp = 6,
                     .rtw = 14 + 2 + 2 - 4,
                     .rank_switch = 2,
                     .ppd = 1,
                     .refi = 3900,
                     .rfc = 260,
                     .refresh_gap = 260,
                     .activate_clocks = 2,  // JESD235: two clocks on the row bus
                     .column_clocks = 1,
                     .precharge_clocks = 1,
                     .refresh_clocks = 1}};
}

/// A pseudo channel of 64 bits.
DramPart hbm2e() {
  constexpr std::uint32_t kKhz = 1'800'000;
  return {.name = "HBM2E",
          .source =
              "JESD235D, 3.6 Gb/s, a 64-bit pseudo channel of 8 Gb: the ns of ramulator2's "
              "HBM2_2000Mbps and of its JEDEC tables, rounded up to this clock",
          .clock_khz = kKhz,
          .data_rate_mt = 3600,
          .bus_bits = 64,
          .burst_length = 4,
          .ranks = 1,
          .bank_groups = 4,
          .banks = 4,
          .rows = 64 * kKi,
          .row_bytes = 1 * kKi,
          .refresh_banks = 0,
          .split_command_bus = true,
          .timing = {.cl = clocks(14'000, kKhz),
                     .cwl = clocks(5'000, kKhz),
                     .rcd_read = clocks(14'000, kKhz),
                     .rcd_write = clocks(12'000, kKhz),
                     .rp = clocks(14'000, kKhz),
                     .rp_all = clocks(14'000, kKhz),
                     .ras = clocks(34'000, kKhz),
                     .rc = clocks(34'000, kKhz) + clocks(14'000, kKhz),
                     .rrd_s = clocks(4'000, kKhz),
                     .rrd_l = clocks(4'000, kKhz),
                     .faw = clocks(15'000, kKhz),
                     .ccd_s = 2,
                     .ccd_l = 4,
                     .wr = clocks(16'000, kKhz),
                     .wtr_s = clocks(6'000, kKhz),
                     .wtr_l = clocks(8'000, kKhz),
                     .rtp = clocks(5'000, kKhz),
                     .rtw = clocks(14'000, kKhz) + 2 + 2 - clocks(5'000, kKhz),
                     .rank_switch = 2,
                     .ppd = 1,
                     .refi = clocks(3'900'000, kKhz),
                     .rfc = clocks(350'000, kKhz),  // 8 Gb
                     .refresh_gap = clocks(350'000, kKhz),
                     .activate_clocks = 2,
                     .column_clocks = 1,
                     .precharge_clocks = 1,
                     .refresh_clocks = 1}};
}

}  // namespace

const std::vector<DramPart>& dram_parts() {
  static const std::vector<DramPart> parts = {ddr4_3200(), lpddr4x_4266(), lpddr5_6400(), hbm2(),
                                              hbm2e()};
  return parts;
}

const DramPart& find_dram_part(const std::string& name) {
  const auto& parts = dram_parts();
  const auto found = std::ranges::find(parts, name, &DramPart::name);
  if (found != parts.end()) return *found;
  std::vector<std::string> names;
  std::ranges::transform(parts, std::back_inserter(names), &DramPart::name);
  throw std::invalid_argument(
      fmt::format("there is no DRAM part '{}'; known are {}", name, fmt::join(names, ", ")));
}

}  // namespace sterna::sim
