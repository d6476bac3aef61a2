// SPDX-License-Identifier: Apache-2.0

// The Verilated unit on its bus as a device, on every kind of memory.

#include "sim/devices/rtl_bus_tmu.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/bus/bus_layout.hpp"
#include "sim/job/job_plan.hpp"
#include "sim/job/random_job.hpp"
#include "sim/rtl/rtl_library.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/job_generator.hpp"
#include "tests/sim/report_printing.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// Two designs: a library takes a minute to build.
const BusDesign& odd() { return kBusDesigns[0]; }
const BusDesign& narrow() { return kBusDesigns[1]; }

HardwareConfig on_flat_memory(const BusDesign& design) {
  HardwareConfig hardware = on_ideal_memory(design);
  hardware.bus->latency_ns = 7;
  hardware.bus->dram.kind = DramKind::Flat;
  hardware.bus->dram.flat_gb_s = 10;
  hardware.bus->dram.flat_latency_ns = 60;
  return hardware;
}

HardwareConfig on_lpddr4x(const BusDesign& design) {
  HardwareConfig hardware = on_ideal_memory(design);
  hardware.bus->latency_ns = 20;
  hardware.bus->dram = default_dram(find_dram_part("LPDDR4X-4266"), hardware.bus->dram.asker_khz);
  return hardware;
}

struct Memory {
  const char* name;
  HardwareConfig (*hardware)(const BusDesign&);
};
constexpr Memory kMemories[] = {
    {"ideal", on_ideal_memory}, {"flat", on_flat_memory}, {"lpddr4x", on_lpddr4x}};

void PrintTo(const Memory& memory, std::ostream* out) { *out << memory.name; }

class RtlBusTmuOn : public testing::TestWithParam<std::tuple<BusDesign, Memory>> {
 protected:
  const HardwareConfig hardware_ = std::get<1>(GetParam()).hardware(std::get<0>(GetParam()));
  const UnitConfig& unit_ = hardware_.unit;
};

// Both formats, kept activations, ragged shapes, one to six commands a job.
TEST_P(RtlBusTmuOn, GivesTheSumsOfThePlainLoop) {
  RtlBusTmu device(hardware_);
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    RandomJob job(unit_, seed);
    JobGenerator(unit_, seed).fill(job, false);
    const auto reports = device.run(job.tasks());
    ASSERT_EQ(job.first_wrong_task(), -1) << "seed " << seed;
    ASSERT_EQ(reports.size(), job.tasks().size());
    for (std::size_t i = 0; i < reports.size(); ++i) {
      const TmuCommand& command = job.tasks()[i].command;
      EXPECT_EQ(reports[i].status, TmuStatus::Done);
      EXPECT_LT(reports[i].accept_cycle, reports[i].respond_cycle);
      EXPECT_LT(reports[i].respond_cycle, reports[i].done_cycle);
      const std::uint64_t before = i == 0 ? 0 : reports[i - 1].respond_cycle;
      EXPECT_GT(reports[i].accept_cycle, before);
      EXPECT_EQ(reports[i].counters.sums, std::uint64_t{command.tokens} * command.rows);
      const std::uint64_t vectors =
          command.columns != 0 ? std::uint64_t{unit_.engines} * nonzero_columns(job.tasks()[i])
                               : command.rows;
      EXPECT_EQ(reports[i].counters.weight_beats, command.beats * vectors);
    }
  }
}

// More commands than descriptors are fetched ahead. (The ring holds every job: that it wraps is tested in
// tests/rtl/axi.)
TEST_P(RtlBusTmuOn, StartsEveryJobAfresh) {
  RtlBusTmu device(hardware_);
  RandomJob job(unit_, 7);
  for (std::uint32_t i = 0; i < 17; ++i) job.add({.tokens = 1 + i % 3, .cols = 80, .rows = 1 + i});
  RandomJob other(unit_, 8);
  JobGenerator(unit_, 8).fill(other, false);
  const auto first = device.run(job.tasks());
  device.run(other.tasks());
  EXPECT_EQ(device.run(job.tasks()), first);
  EXPECT_EQ(job.first_wrong_task(), -1);
  EXPECT_TRUE(device.run({}).empty());
}

std::string case_name(const testing::TestParamInfo<std::tuple<BusDesign, Memory>>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param).name;
}

INSTANTIATE_TEST_SUITE_P(Designs, RtlBusTmuOn,
                         testing::Combine(testing::Values(odd(), narrow()),
                                          testing::ValuesIn(kMemories)),
                         case_name);

// Cycles worked out by hand from docs/axi.md: a memory that answers in the cycle after the address.
TEST(RtlBusTmu, TakesTheCyclesOfThePageForOneSlot) {
  RtlBusTmu device(on_ideal_memory(odd()));
  RandomJob job(odd().unit, 1);
  job.add({.tokens = 1, .cols = 80, .rows = 1});
  const CommandReport report = device.run(job.tasks()).at(0);
  // Descriptor: job 0, ARVALID 3, beats 4..7, in the check 5..8 = c; weights handed out in c + 36 + 3, the
  // activations' in c + 36 + 6 = 50, given in 51.
  EXPECT_EQ(report.accept_cycle, 52);
  // Activations: job 50, ARVALID 53, beats 54..57 of the first burst; the fifth is asked for with it, its
  // ARVALID a cycle later. Loaded 55..59; slot 60, result 64, drain 61..65.
  EXPECT_EQ(report.counters.load_cycles, 5);
  EXPECT_EQ(report.counters.activation_stall_cycles, 2);
  EXPECT_EQ(report.counters.drain_cycles, 5);
  EXPECT_EQ(report.respond_cycle, 66);
  // The word is partial: given from 67, queued from 68, burst 68, AWVALID and WVALID 69, at the memory 70,
  // answered 71, at rest 72: record in 73, on the pins 74, at the memory 75, answered 76, done 77.
  EXPECT_EQ(report.done_cycle, 77);
}

TEST(RtlBusTmu, ReadsWeightsSharedByCommandsFromOnePlace) {
  RtlBusTmu device(on_lpddr4x(odd()));
  RandomJob job(odd().unit, 3);
  job.add({.tokens = 2, .cols = 160, .rows = 7});
  std::vector<TmuTask> tasks(3, job.tasks()[0]);
  device.run(tasks);
  EXPECT_EQ(job.first_wrong_task(), -1);
  const BusLayout layout = lay_out_job(device.hardware(), tasks);
  EXPECT_EQ(layout.descriptors[0].weight_base, layout.descriptors[2].weight_base);
}

TEST(RtlBusTmu, RefusesAnIllegalTaskAndGoesOn) {
  RtlBusTmu device(on_ideal_memory(narrow()));
  RandomJob bad(narrow().unit, 1);
  bad.add({.tokens = 1, .cols = 80, .rows = 1});
  bad.add_illegal(
      {.tokens = 1, .beats = 0, .rows = 1, .format = WeightFormat::T5, .keep_activations = false});
  EXPECT_THAT([&] { device.run(bad.tasks()); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("task 1: the unit refuses")));
  RandomJob good(narrow().unit, 1);
  good.add({.tokens = 1, .cols = 80, .rows = 1});
  device.run(good.tasks());
  EXPECT_EQ(good.first_wrong_task(), -1);
}

TEST(RtlBusTmu, RefusesADesignWithoutABus) {
  HardwareConfig hardware = on_ideal_memory(odd());
  hardware.bus.reset();
  hardware.memory = {.weight_gb_s = 1,
                     .activation_gb_s = 1,
                     .result_gb_s = 1,
                     .latency_ns = 0,
                     .window_beats = 1,
                     .refresh_interval_ns = 0,
                     .refresh_ns = 0};
  EXPECT_THAT([&] { RtlBusTmu device(hardware); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("bus is missing")));
}

/// Another cache of libraries, as long as it lives.
class OtherCache {
 public:
  explicit OtherCache(const std::filesystem::path& folder) {
    if (const char* before = std::getenv(kVariable)) before_ = before;
    setenv(kVariable, folder.c_str(), 1);
  }
  ~OtherCache() { setenv(kVariable, before_.c_str(), 1); }  // empty is as good as unset
  OtherCache(const OtherCache&) = delete;
  OtherCache& operator=(const OtherCache&) = delete;

 private:
  static constexpr const char* kVariable = "STERNA_RTL_CACHE";
  std::string before_;
};

// An entry of the cache that is not what its name says.
TEST(RtlBusTmu, RefusesAnotherDesignsLibraryAndWhatIsNone) {
  namespace fs = std::filesystem;
  const fs::path entry = ensure_rtl_library(on_ideal_memory(odd()));
  const fs::path other = ensure_rtl_library(on_ideal_memory(narrow()));
  const fs::path cache = fs::path(testing::TempDir()) / "RtlBusTmuCache";
  const fs::path wrong = cache / entry.parent_path().filename() / entry.filename();
  fs::remove_all(cache);
  fs::create_directories(wrong.parent_path());
  const OtherCache other_cache(cache);
  std::ofstream(wrong) << "no library";
  EXPECT_THAT([] { RtlBusTmu device(on_ideal_memory(odd())); },
              ThrowsMessage<std::runtime_error>(HasSubstr("cannot be loaded")));
  fs::copy_file(other, wrong, fs::copy_options::overwrite_existing);
  EXPECT_THAT([] { RtlBusTmu device(on_ideal_memory(odd())); },
              ThrowsMessage<std::runtime_error>(HasSubstr("holds another design")));
}

}  // namespace
}  // namespace sterna::sim
