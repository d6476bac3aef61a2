// SPDX-License-Identifier: Apache-2.0
#include "host/replay/replay_window.hpp"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sterna::host {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(ParseRange, TakesTheWholeAndASingleNumber) {
  EXPECT_EQ(parse_range("0:64", 64, "--rows", "they are"), (IndexRange{0, 64}));
  EXPECT_EQ(parse_range("63:64", 64, "--rows", "they are"), (IndexRange{63, 64}));
  EXPECT_EQ(parse_range("63:64", 64, "--rows", "they are").count(), 1U);
}

TEST(ParseRange, RefusesWhatIsNoRangeOfTheSize) {
  for (const char* text : {"", ":", "1", "1:", ":1", "1:2:3", "a:2", "1:b", " 1:2", "-1:2", "1:+2",
                           "0x1:2", "1:99999999999999999999"}) {
    EXPECT_THAT([=] { (void)parse_range(text, 64, "--rows", "they are"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("write a range as A:B")))
        << text;
  }
  for (const char* text : {"3:3", "4:3"}) {
    EXPECT_THAT([=] { (void)parse_range(text, 64, "--rows", "they are"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("this is empty")))
        << text;
  }
  EXPECT_THAT(([] { (void)parse_range("0:65", 64, "--rows", "they are"); }),
              ThrowsMessage<std::invalid_argument>(HasSubstr("--rows 0:65: they are 0:64")));
}

TEST(ParsePositions, KnowsLastAndAll) {
  EXPECT_EQ(parse_positions("last", 1), (IndexRange{0, 1}));
  EXPECT_EQ(parse_positions("last", 7), (IndexRange{6, 7}));
  EXPECT_EQ(parse_positions("all", 7), (IndexRange{0, 7}));
  EXPECT_EQ(parse_positions("2:7", 7), (IndexRange{2, 7}));
  EXPECT_THAT([] { (void)parse_positions("6", 7); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("write last")));
}

TEST(FindProjection, TakesBothNamesOfEachAndNoOther) {
  for (const Projection& projection : kProjections) {
    EXPECT_EQ(&find_projection(projection.name), &projection);
    EXPECT_EQ(&find_projection(projection.name.substr(0, projection.name.find('_'))), &projection);
  }
  for (const char* name : {"", "proj", "down_", "q_proj ", "Q", "head"}) {
    EXPECT_THAT([=] { (void)find_projection(name); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("up_proj, down_proj")))
        << name;
  }
}

}  // namespace
}  // namespace sterna::host
