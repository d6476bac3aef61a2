// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_config.hpp"

#include <functional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/dram/address_map.hpp"
#include "sim/dram/clock_ratio.hpp"
#include "sim/field_error.hpp"

namespace sterna::sim {
namespace {

using testing::HasSubstr;

DramConfig good() { return default_dram(find_dram_part("DDR4-3200"), 250'000); }

TEST(DramConfig, AcceptsEveryPart) {
  for (const DramPart& part : dram_parts()) {
    EXPECT_NO_THROW(default_dram(part, 250'000).validate()) << part.name;
    EXPECT_FALSE(part.source.empty()) << part.name;
  }
}

TEST(DramConfig, PartsHaveTheSizeTheyAreSoldWith) {
  const std::uint64_t gib = std::uint64_t{1} << 30;
  EXPECT_EQ(find_dram_part("DDR4-3200").channel_bytes(), 8 * gib);  // eight devices of 8 Gb
  EXPECT_EQ(find_dram_part("LPDDR4X-4266").channel_bytes(), gib);   // 8 Gb
  EXPECT_EQ(find_dram_part("LPDDR5-6400").channel_bytes(), gib);
  EXPECT_EQ(find_dram_part("HBM2").channel_bytes(), gib);
  EXPECT_EQ(find_dram_part("HBM2E").channel_bytes(), gib);
}

TEST(DramConfig, PartsMoveWhatTheirNameSays) {
  EXPECT_DOUBLE_EQ(find_dram_part("DDR4-3200").peak_gb_s(), 25.6);
  EXPECT_DOUBLE_EQ(find_dram_part("LPDDR4X-4266").peak_gb_s(), 8.532);
  EXPECT_DOUBLE_EQ(find_dram_part("LPDDR5-6400").peak_gb_s(), 12.8);
  EXPECT_DOUBLE_EQ(find_dram_part("HBM2").peak_gb_s(), 32);
  EXPECT_DOUBLE_EQ(find_dram_part("HBM2E").peak_gb_s(), 28.8);
  for (const DramPart& part : dram_parts()) {
    const double per_clock = part.access_bytes() / static_cast<double>(part.burst_clocks());
    EXPECT_NEAR(per_clock * part.clock_khz / 1e6, part.peak_gb_s(), 1e-9) << part.name;
  }
}

TEST(DramConfig, NamesTheBadField) {
  using Break = std::function<void(DramConfig&)>;
  const std::vector<std::tuple<std::string, std::string, Break>> cases = {
      {"dram.asker_khz", "is 0", [](DramConfig& c) { c.asker_khz = 0; }},
      {"dram.channels", "is 3", [](DramConfig& c) { c.channels = 3; }},
      {"dram.queue_depth", "is 0", [](DramConfig& c) { c.queue_depth = 0; }},
      {"dram.starvation_cap", "is 0", [](DramConfig& c) { c.starvation_cap = 0; }},
      {"dram.part.banks", "is 6", [](DramConfig& c) { c.part.banks = 6; }},
      {"dram.part", "has 128 banks", [](DramConfig& c) { c.part.ranks = 8; }},
      {"dram.part.row_bytes", "is 32", [](DramConfig& c) { c.part.row_bytes = 32; }},
      {"dram.part.timing.refi", "is 600", [](DramConfig& c) { c.part.timing.refi = 600; }},
      {"dram.part.burst_length", "is 1", [](DramConfig& c) { c.part.burst_length = 1; }},
      {"dram.mapping", "lacks the field 'rank'",
       [](DramConfig& c) { c.mapping = "row-bank-column-bankgroup-channel"; }},
      {"dram.mapping", "has the field 'row' twice",
       [](DramConfig& c) { c.mapping = "row-row-rank-bank-column-bankgroup-channel"; }},
      {"dram.mapping", "has the field 'col'",
       [](DramConfig& c) { c.mapping = "row-rank-bank-col-bankgroup-channel"; }},
      {"dram.mapping", "has the field ''", [](DramConfig& c) { c.mapping = ""; }},
      {"dram.flat_gb_s", "is 0", [](DramConfig& c) { c.kind = DramKind::Flat; }},
      {"dram.flat_latency_ns", "is -1",
       [](DramConfig& c) {
         c.kind = DramKind::Flat;
         c.flat_gb_s = 16;
         c.flat_latency_ns = -1;
       }},
  };
  for (const auto& [field, words, spoil] : cases) {
    DramConfig config = good();
    spoil(config);
    try {
      config.validate();
      ADD_FAILURE() << field << " was accepted";
    } catch (const FieldError& error) {
      EXPECT_EQ(error.field(), field);
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  }
}

TEST(DramConfig, IdealLooksAtNothingOfTheBanks) {
  DramConfig config = good();
  config.kind = DramKind::Ideal;
  config.channels = 0;
  config.mapping = "nonsense";
  config.part = {};
  EXPECT_NO_THROW(config.validate());
}

TEST(DramConfig, UnknownPartsAreToldWhichAreKnown) {
  try {
    find_dram_part("DDR9");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("'DDR9'"));
    EXPECT_THAT(error.what(), HasSubstr("LPDDR5-6400"));
  }
}

TEST(AddressMap, PutsTheLastFieldLowest) {
  const DramPart& part = find_dram_part("DDR4-3200");
  const AddressMap map(part, 2, "row-rank-bank-column-bankgroup-channel");
  const DramLocation zero = {
      .channel = 0, .rank = 0, .bank_group = 0, .bank = 0, .row = 0, .column = 0};
  const auto with = [&](std::uint32_t DramLocation::*field, std::uint32_t value) {
    DramLocation at = zero;
    at.*field = value;
    return at;
  };
  EXPECT_EQ(map.locate(0), zero);
  EXPECT_EQ(map.locate(1), with(&DramLocation::channel, 1));
  EXPECT_EQ(map.locate(2), with(&DramLocation::bank_group, 1));
  EXPECT_EQ(map.locate(2 * 4), with(&DramLocation::column, 1));
  EXPECT_EQ(map.locate(2 * 4 * 128), with(&DramLocation::bank, 1));
  EXPECT_EQ(map.locate(2 * 4 * 128 * 4), with(&DramLocation::row, 1));
}

TEST(AddressMap, NoTwoAccessesShareAPlace) {
  DramPart part = find_dram_part("LPDDR5-6400");
  part.rows = 4;
  part.ranks = 2;
  for (const std::string mapping :
       {"row-rank-bank-column-bankgroup-channel", "channel-column-rank-bankgroup-row-bank"}) {
    const AddressMap map(part, 4, mapping);
    const std::uint64_t accesses = part.channel_bytes() * 4 / part.access_bytes();
    std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
                        std::uint32_t>>
        seen;
    for (std::uint64_t a = 0; a < accesses; ++a) {
      const DramLocation at = map.locate(a);
      seen.insert({at.channel, at.rank, at.bank_group, at.bank, at.row, at.column});
    }
    EXPECT_EQ(seen.size(), accesses) << mapping;
  }
}

TEST(ClockRatio, ConvertsExactlyAndToTheLaterSide) {
  for (const auto& [asker, dram] :
       std::vector<std::pair<std::uint64_t, std::uint64_t>>{{250'000, 1'600'000},
                                                            {1'600'000, 1'600'000},
                                                            {733'333, 2'133'000},
                                                            {3'000'000, 800'000},
                                                            {9'999'999, 9'999'998}}) {
    const ClockRatio ratio(asker, dram);
    for (const std::uint64_t base : {std::uint64_t{0}, std::uint64_t{1} << 39}) {
      auto walk = ratio.walk(base, 7);
      for (std::uint64_t i = 0; i < 1000; ++i) {
        __extension__ using Wide = unsigned __int128;
        const auto n = base + i;
        const auto later = [&](Wide x, Wide by) {
          return static_cast<std::uint64_t>((x + by - 1) / by);
        };
        ASSERT_EQ(ratio.to_clock(n), later(Wide{n} * dram, asker));
        ASSERT_EQ(ratio.to_cycle(n), later(Wide{n} * asker, dram));
        const std::uint64_t after = ratio.cycle_after(n);
        ASSERT_GT(ratio.to_clock(after), n);
        ASSERT_LE(ratio.to_clock(after - 1), n);
        ASSERT_EQ(walk.cycle(), later(Wide{base + 7 * i} * asker, dram));
        walk.step();
      }
    }
  }
}

}  // namespace
}  // namespace sterna::sim
