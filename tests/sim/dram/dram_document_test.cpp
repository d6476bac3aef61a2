// SPDX-License-Identifier: Apache-2.0

// docs/dram.md shows the parts as they are.

#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/dram/dram_part.hpp"

namespace sterna::sim {
namespace {

std::string document() {
  std::ifstream file(STERNA_DOCS "/dram.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

using Cell = std::function<std::string(const DramPart&)>;

Cell number(std::uint32_t DramPart::*field) {
  return [=](const DramPart& part) { return std::to_string(part.*field); };
}

Cell clocks(std::uint32_t DramTiming::*field) {
  return [=](const DramPart& part) { return std::to_string(part.timing.*field); };
}

Cell two(std::uint32_t DramTiming::*a, std::uint32_t DramTiming::*b) {
  return
      [=](const DramPart& part) { return fmt::format("{} / {}", part.timing.*a, part.timing.*b); };
}

std::vector<std::pair<std::string, Cell>> lines() {
  using P = DramPart;
  using T = DramTiming;
  return {
      {"command clock, MHz", [](const P& p) { return fmt::format("{}", p.clock_khz / 1000); }},
      {"peak, GB/s", [](const P& p) { return fmt::format("{:.2f}", p.peak_gb_s()); }},
      {"data pins", number(&P::bus_bits)},
      {"burst length", number(&P::burst_length)},
      {"access, bytes", [](const P& p) { return std::to_string(p.access_bytes()); }},
      {"burst, clocks", [](const P& p) { return std::to_string(p.burst_clocks()); }},
      {"bank groups x banks",
       [](const P& p) { return fmt::format("{} x {}", p.bank_groups, p.banks); }},
      {"rows a bank", number(&P::rows)},
      {"row, bytes", number(&P::row_bytes)},
      {"CL / CWL", two(&T::cl, &T::cwl)},
      {"tRCD read / write", two(&T::rcd_read, &T::rcd_write)},
      {"tRP one bank / all", two(&T::rp, &T::rp_all)},
      {"tRAS / tRC", two(&T::ras, &T::rc)},
      {"tRRD_S / L", two(&T::rrd_s, &T::rrd_l)},
      {"tFAW", clocks(&T::faw)},
      {"tCCD_S / L", two(&T::ccd_s, &T::ccd_l)},
      {"tWR", clocks(&T::wr)},
      {"tWTR_S / L", two(&T::wtr_s, &T::wtr_l)},
      {"tRTP", clocks(&T::rtp)},
      {"tRTW", clocks(&T::rtw)},
      {"rank switch", clocks(&T::rank_switch)},
      {"tPPD", clocks(&T::ppd)},
      {"refresh every", clocks(&T::refi)},
      {"refresh lasts", clocks(&T::rfc)},
      {"refresh takes",
       [](const P& p) {
         return p.refresh_banks == 0 ? std::string("all banks")
                                     : fmt::format("{} bank(s)", p.refresh_banks);
       }},
      {"refresh to refresh", clocks(&T::refresh_gap)},
      {"bus clocks of activate / column", two(&T::activate_clocks, &T::column_clocks)},
      {"bus clocks of precharge / refresh", two(&T::precharge_clocks, &T::refresh_clocks)},
      {"row and column command buses",
       [](const P& p) { return std::string(p.split_command_bus ? "two" : "one"); }},
  };
}

TEST(DramDocument, ShowsEveryFigureOfEveryPart) {
  const std::string text = document();
  std::string head = "| |";
  for (const DramPart& part : dram_parts()) {
    head += fmt::format(" {} |", part.name);
    EXPECT_THAT(text, testing::HasSubstr(part.source));
  }
  EXPECT_THAT(text, testing::HasSubstr(head + "\n"));
  for (const auto& [name, cell] : lines()) {
    std::string line = fmt::format("| {} |", name);
    for (const DramPart& part : dram_parts()) line += fmt::format(" {} |", cell(part));
    EXPECT_TRUE(text.find(line + "\n") != std::string::npos) << "missing:\n" << line;
  }
}

}  // namespace
}  // namespace sterna::sim
