// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/dram/random_memory.hpp"

namespace sterna::sim {
namespace {

TEST(DramRandomLong, ManyMemoriesKeepAllRules) {
  for (std::uint64_t seed = 1000; seed < 1200 && !testing::Test::HasFatalFailure(); ++seed) {
    check_random_memory(seed);
  }
}

}  // namespace
}  // namespace sterna::sim
