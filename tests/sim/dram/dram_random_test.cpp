// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/dram/random_memory.hpp"

namespace sterna::sim {
namespace {

TEST(DramRandom, AFewMemoriesKeepAllRules) {
  for (std::uint64_t seed = 1; seed < 13 && !testing::Test::HasFatalFailure(); ++seed) {
    check_random_memory(seed);
  }
}

}  // namespace
}  // namespace sterna::sim
