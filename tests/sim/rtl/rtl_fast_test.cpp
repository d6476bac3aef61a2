// SPDX-License-Identifier: Apache-2.0

// The units as STERNA_RTL_BUILD=fast builds them: they take the cycles of the SystemC model, which the checked
// build takes in the other tests. Building one twice takes a minute.

#include <cstdlib>

#include <gtest/gtest.h>

#include "sim/devices/rtl_bus_tmu.hpp"
#include "sim/devices/rtl_tmu.hpp"
#include "sim/devices/systemc_bus_tmu.hpp"
#include "sim/devices/systemc_tmu.hpp"
#include "sim/job/random_job.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/ideal_hardware.hpp"
#include "tests/sim/report_printing.hpp"

namespace sterna::sim {
namespace {

TEST(RtlFast, TakesTheCyclesOfTheModel) {
  const HardwareConfig hardware = ideal_hardware(2);
  RandomJob job(hardware.unit, 1);
  for (const std::uint32_t tokens : {1U, 5U}) {
    job.add({.tokens = tokens, .cols = 200, .rows = 7, .format = WeightFormat::T2});
  }
  const auto modelled = SystemcTmu(hardware).run(job.tasks());
  setenv("STERNA_RTL_BUILD", "fast", 1);
  EXPECT_EQ(RtlTmu(hardware).run(job.tasks()), modelled);
  EXPECT_EQ(job.first_wrong_task(), -1);
}

TEST(RtlFast, TakesTheCyclesOfTheModelOnABus) {
  HardwareConfig hardware = on_ideal_memory(kBusDesigns[0]);
  hardware.bus->dram.kind = DramKind::Banks;
  RandomJob job(hardware.unit, 1);
  for (const std::uint32_t tokens : {1U, 5U}) {
    job.add({.tokens = tokens, .cols = 300, .rows = 77, .format = WeightFormat::T5});
  }
  const auto modelled = SystemcBusTmu(hardware).run(job.tasks());
  setenv("STERNA_RTL_BUILD", "fast", 1);
  EXPECT_EQ(RtlBusTmu(hardware).run(job.tasks()), modelled);
  EXPECT_EQ(job.first_wrong_task(), -1);
}

}  // namespace
}  // namespace sterna::sim
