// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/bus_layout.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/dram/address_map.hpp"
#include "sim/job/random_job.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/job_generator.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

HardwareConfig on_part(const BusDesign& design, const DramPart& part) {
  HardwareConfig hardware = on_ideal_memory(design);
  hardware.bus->dram = default_dram(part, hardware.bus->dram.asker_khz);
  return hardware;
}

// (first byte, first beyond) of all that a job has in memory.
std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges(const HardwareConfig& hardware,
                                                            const BusLayout& layout,
                                                            std::span<const TmuTask> tasks) {
  const std::uint64_t entries = std::uint64_t{1} << layout.ring_log2;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all = {
      {layout.ring_base, layout.ring_base + 64 * entries},
      {layout.completion_base, layout.completion_base + 16 * entries}};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const axi::Descriptor& d = layout.descriptors[i];
    all.emplace_back(d.activation_base, d.activation_base + tasks[i].activations.size());
    all.emplace_back(d.result_base, d.result_base + result_bytes(hardware.unit, tasks[i].command));
    const auto& offset = tasks[i].weights->engine_offset;
    for (std::uint32_t e = 0; e < hardware.unit.engines; ++e) {
      const std::uint64_t first = d.weight_base + e * d.weight_pitch;
      all.emplace_back(first, first + offset[e + 1] - offset[e]);
    }
  }
  return all;
}

class Layout : public testing::TestWithParam<BusDesign> {};

TEST_P(Layout, PutsEverythingApartAlignedAndInTheWindow) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const HardwareConfig hardware = on_part(GetParam(), dram_parts()[seed % dram_parts().size()]);
    RandomJob job(hardware.unit, seed);
    JobGenerator(hardware.unit, seed).fill(job, false);
    const BusLayout layout = lay_out_job(hardware, job.tasks());
    auto all = ranges(hardware, layout, job.tasks());
    std::sort(all.begin(), all.end());
    for (std::size_t i = 1; i < all.size(); ++i) {
      ASSERT_LE(all[i - 1].second, all[i].first) << "seed " << seed;
    }
    EXPECT_LE(all.back().second, layout.window_limit);
    for (const axi::Descriptor& d : layout.descriptors) {
      EXPECT_GE(std::min({d.weight_base, d.activation_base, d.result_base}), layout.window_base);
      EXPECT_EQ(d.weight_base % hardware.unit.beat_bytes(), 0);
      EXPECT_EQ(d.weight_pitch % hardware.unit.beat_bytes(), 0);
      EXPECT_EQ(d.activation_base % 16, 0);
      EXPECT_EQ(d.result_base % (hardware.bus->result_bits / 8), 0);
    }
  }
}

// As many as there are banks that an address can choose above its column.
TEST_P(Layout, PutsTheEnginesOfAMatrixIntoDifferentBanks) {
  for (const DramPart& part : dram_parts()) {
    for (const char* mapping :
         {"row-rank-bank-column-bankgroup-channel", "row-channel-rank-bank-bankgroup-column",
          "row-rank-bankgroup-bank-column-channel"}) {
      HardwareConfig hardware = on_part(GetParam(), part);
      hardware.bus->dram.mapping = mapping;
      hardware.bus->dram.channels = 2;
      RandomJob job(hardware.unit, 1);
      job.add({.tokens = 1,
               .cols = 300,
               .rows = 40,
               .format = WeightFormat::T5,
               .keep_activations = false,
               .fill = Fill::Uniform});
      const axi::Descriptor d = lay_out_job(hardware, job.tasks()).descriptors.at(0);
      const AddressMap map(part, 2, mapping);
      std::set<std::array<std::uint32_t, 4>> banks;
      for (std::uint32_t e = 0; e < hardware.unit.engines; ++e) {
        const std::uint64_t address = d.weight_base + e * d.weight_pitch;
        const DramLocation at = map.locate(address / part.access_bytes());
        banks.insert({at.channel, at.rank, at.bank_group, at.bank});
      }
      EXPECT_EQ(banks.size(), hardware.unit.engines) << part.name << ", " << mapping;
    }
  }
}

TEST_P(Layout, ReadsTheWeightsOfAMatrixFromOnePlace) {
  const HardwareConfig hardware = on_ideal_memory(GetParam());
  RandomJob job(hardware.unit, 1);
  const ProductShape shape{.tokens = 1,
                           .cols = 80,
                           .rows = 5,
                           .format = WeightFormat::T5,
                           .keep_activations = false,
                           .fill = Fill::Uniform};
  job.add(shape);
  job.add(shape);
  const std::span<const TmuTask> own = job.tasks();
  std::vector<TmuTask> tasks(own.begin(), own.end());
  tasks.push_back(tasks[0]);
  const BusLayout layout = lay_out_job(hardware, tasks);
  EXPECT_EQ(layout.descriptors[2].weight_base, layout.descriptors[0].weight_base);
  EXPECT_NE(layout.descriptors[1].weight_base, layout.descriptors[0].weight_base);
  EXPECT_EQ(layout.ring_log2, 2U);
}

INSTANTIATE_TEST_SUITE_P(Designs, Layout, testing::ValuesIn(kBusDesigns),
                         [](const auto& design) { return design.param.name; });

TEST(BusLayout, RefusesAJobThatTheMemoryOrTheRingDoesNotHold) {
  HardwareConfig hardware = on_part(kBusDesigns[1], dram_parts().front());
  hardware.bus->dram.part.rows = 2;
  hardware.bus->dram.part.row_bytes = 1024;
  RandomJob job(hardware.unit, 1);
  job.add({.tokens = 4,
           .cols = 600,
           .rows = 1000,
           .format = WeightFormat::T5,
           .keep_activations = false,
           .fill = Fill::Zero});
  EXPECT_THAT([&] { (void)lay_out_job(hardware, job.tasks()); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("32768 bytes of the memory")));
  const std::vector<TmuTask> many(65537, job.tasks()[0]);
  EXPECT_THAT([&] { (void)lay_out_job(on_ideal_memory(kBusDesigns[1]), many); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("65537 commands")));
}

}  // namespace
}  // namespace sterna::sim
