// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_trace.hpp"

#include <ostream>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/dram/address_map.hpp"
#include "sim/dram/clock_ratio.hpp"

namespace sterna::sim {
namespace {

/// Calls visit(request, address) for each column access.
template <typename Visit>
void for_accesses(const DramConfig& config, const std::vector<DramRequest>& requests, Visit visit) {
  const std::uint64_t bytes = config.part.access_bytes();
  for (const DramRequest& request : requests) {
    const std::uint64_t end = request.address + request.bytes;
    for (std::uint64_t a = request.address / bytes * bytes; a < end; a += bytes) visit(request, a);
  }
}

void require(const std::ostream& out) {
  if (!out) {
    throw std::runtime_error("a trace could not be written; is the disk full?");
  }
}

const char* name(DramCommandKind kind) {
  switch (kind) {
    case DramCommandKind::Activate:
      return "activate";
    case DramCommandKind::Precharge:
      return "precharge";
    case DramCommandKind::PrechargeAll:
      return "precharge_all";
    case DramCommandKind::Read:
      return "read";
    case DramCommandKind::Write:
      return "write";
    case DramCommandKind::Refresh:
      return "refresh";
    case DramCommandKind::RefreshBanks:
      return "refresh_banks";
  }
  return "";
}

}  // namespace

void write_dramsim3_trace(std::ostream& out, const DramConfig& config,
                          const std::vector<DramRequest>& requests) {
  const ClockRatio ratio(config.asker_khz, config.part.clock_khz);
  for_accesses(config, requests, [&](const DramRequest& r, std::uint64_t address) {
    out << fmt::format("{:#x} {} {}\n", address, r.write ? "WRITE" : "READ",
                       ratio.to_clock(r.cycle));
  });
  require(out);
}

void write_load_store_trace(std::ostream& out, const DramConfig& config,
                            const std::vector<DramRequest>& requests) {
  for_accesses(config, requests, [&](const DramRequest& r, std::uint64_t address) {
    out << fmt::format("{} {:#x}\n", r.write ? "ST" : "LD", address);
  });
  require(out);
}

void write_read_write_trace(std::ostream& out, const DramConfig& config,
                            const std::vector<DramRequest>& requests) {
  const AddressMap map(config.part, config.channels, config.mapping);
  for_accesses(config, requests, [&](const DramRequest& r, std::uint64_t address) {
    const DramLocation at = map.locate(address / config.part.access_bytes());
    out << fmt::format("{} {},{},{},{},{},{}\n", r.write ? "W" : "R", at.channel, at.rank,
                       at.bank_group, at.bank, at.row, at.column);
  });
  require(out);
}

void write_commands(std::ostream& out, const std::vector<DramCommand>& commands) {
  for (const DramCommand& c : commands) {
    out << fmt::format("{} {} {} {} {} {} {}\n", c.clock, c.channel, name(c.kind), c.rank, c.bank,
                       c.row, c.column);
  }
  require(out);
}

}  // namespace sterna::sim
