// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iterator>

#include "sim/config/hardware.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/job_generator.hpp"

namespace sterna::sim {

/// Draws clocks, interconnect, memory and commands of one case.
class BusCaseGenerator : public JobGenerator {
 public:
  using JobGenerator::JobGenerator;

  HardwareConfig hardware(const BusDesign& design) {
    constexpr std::uint32_t kMhz[] = {100, 250, 333, 1000, 2000};
    HardwareConfig hardware = on_ideal_memory(design);
    hardware.clock_mhz = kMhz[draw(0, std::size(kMhz) - 1)];
    hardware.bus->latency_ns = draw(0, 3) * draw(0, 20);
    hardware.bus->dram = dram(static_cast<std::uint32_t>(hardware.clock_mhz) * 1000);
    return hardware;
  }

 private:
  DramConfig dram(std::uint32_t khz) {
    const auto last_part = static_cast<std::uint32_t>(dram_parts().size()) - 1;
    DramConfig dram = default_dram(dram_parts()[draw(0, last_part)], khz);
    const std::uint32_t kind = draw(0, 7);
    if (kind == 0) dram.kind = DramKind::Ideal;
    if (kind == 1) dram.kind = DramKind::Flat;
    dram.flat_gb_s = 0.1 * draw(1, 100);
    dram.flat_latency_ns = draw(0, 200);
    constexpr const char* kMappings[] = {"row-rank-bank-column-bankgroup-channel",
                                         "row-channel-rank-bank-bankgroup-column",
                                         "row-rank-bankgroup-bank-channel-column"};
    dram.mapping = kMappings[draw(0, std::size(kMappings) - 1)];
    dram.channels = 1U << draw(0, 2);
    if (draw(0, 2) == 0) dram.scheduler = DramScheduler::InOrder;
    if (draw(0, 2) == 0) dram.page_policy = PagePolicy::Closed;
    constexpr std::uint32_t kDepths[] = {1, 2, 8, 32};
    dram.queue_depth = kDepths[draw(0, std::size(kDepths) - 1)];
    dram.starvation_cap = draw(1, 64);
    return dram;
  }
};

}  // namespace sterna::sim
