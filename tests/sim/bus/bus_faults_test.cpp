// SPDX-License-Identifier: Apache-2.0

// Random jobs on the Verilated tmu_axi in front of DRAM, with errors: the status that docs/axi.md (Errors)
// says, within its bound, and the rest of the job runs afterwards with the right sums.
//
// Every case follows from its seed. STERNA_SEED=n runs case n of each test alone; STERNA_CASES=n runs n
// cases of each.

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/rtl/rtl_unit.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/bus/fault_case.hpp"

namespace sterna::sim {
namespace {

constexpr std::uint32_t kCases = 40;

// On all designs together, as many cases as that takes. The report goes to situations_bus.txt in
// STERNA_COVERAGE_REPORT (a folder) if that is set.
TEST(BusFaults, ReachEverySituationThatIsDeclared) {
  constexpr std::uint32_t kMostCases = 400;
  Coverage coverage;
  declare_situations(coverage);
  std::vector<std::unique_ptr<TmuAxiUnit>> units;
  for (const BusDesign& design : kBusDesigns) {
    units.push_back(open_rtl_axi_unit(on_ideal_memory(design)));
  }
  for (std::uint32_t seed = 1; seed <= kMostCases && !coverage.missed().empty(); ++seed) {
    for (std::size_t i = 0; i < units.size(); ++i) {
      SCOPED_TRACE(std::string(kBusDesigns[i].name) + ", STERNA_SEED=" + std::to_string(seed));
      FaultCase(kBusDesigns[i], *units[i], seed, &coverage).run();
      if (HasFailure()) return;
    }
  }
  coverage.report("situations_bus.txt");
  EXPECT_THAT(coverage.missed(), testing::IsEmpty());
}

class BusFaultsOn : public testing::TestWithParam<BusDesign> {};

TEST_P(BusFaultsOn, EndAsThePageSaysAndTheRestOfTheJobRuns) {
  std::uint32_t first = 1;
  std::uint32_t last = environment_number("STERNA_CASES", kCases);
  const bool one = std::getenv("STERNA_SEED") != nullptr;
  if (one) first = last = environment_number("STERNA_SEED", 1);
  const std::unique_ptr<TmuAxiUnit> unit = open_rtl_axi_unit(on_ideal_memory(GetParam()));
  std::map<FaultKind, std::uint32_t> rounds;
  std::uint32_t posted = 0;
  for (std::uint32_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("replay with STERNA_SEED=" + std::to_string(seed));
    FaultCase fault_case(GetParam(), *unit, seed);
    fault_case.run();
    if (HasFailure()) return;
    posted += fault_case.posted();
    for (const auto& [kind, count] : fault_case.rounds()) rounds[kind] += count;
  }
  std::cout << posted << " descriptors;";
  for (const auto& [kind, count] : rounds) {
    std::cout << " " << kFaultNames[static_cast<std::size_t>(kind)] << " " << count;
  }
  std::cout << "\n";
  if (!one) {
    EXPECT_EQ(rounds.size(), std::size(kFaultNames)) << "a kind of error was never reached";
  }
}

INSTANTIATE_TEST_SUITE_P(Designs, BusFaultsOn, testing::ValuesIn(kBusDesigns),
                         [](const auto& design) { return design.param.name; });

}  // namespace
}  // namespace sterna::sim
