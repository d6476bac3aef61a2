// SPDX-License-Identifier: Apache-2.0
#include "kernels/thread_pool.hpp"

#include <atomic>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace sterna {
namespace {

TEST(ThreadPool, RunsEveryIterationOnceForAnyCountAndGrain) {
  for (const unsigned threads : {1U, 2U, 5U, 64U}) {
    ThreadPool pool(threads);
    for (const std::size_t count : {0U, 1U, 2U, 15U, 16U, 17U, 1000U}) {
      for (const std::size_t grain : {1U, 16U}) {
        std::vector<std::atomic<int>> runs(count);
        pool.parallel_for(
            count,
            [&](std::size_t begin, std::size_t end) {
              EXPECT_EQ(begin % grain, 0U);
              for (std::size_t i = begin; i < end; ++i) ++runs[i];
            },
            grain);
        for (const std::atomic<int>& n : runs) EXPECT_EQ(n, 1);
      }
    }
  }
}

// A loop that starts while a worker still leaves the one before would lose or repeat a part.
TEST(ThreadPool, SurvivesManyShortLoops) {
  ThreadPool pool(3);
  std::atomic<long> sum{0};
  for (int i = 0; i < 20000; ++i) {
    pool.parallel_for(
        3, [&](std::size_t begin, std::size_t end) { sum += static_cast<long>(end - begin); });
  }
  EXPECT_EQ(sum, 60000);
}

TEST(ThreadPool, RefusesNoThreadsAndTooMany) {
  EXPECT_THROW(ThreadPool(0), std::invalid_argument);
  EXPECT_THROW(ThreadPool(ThreadPool::kMaxThreads + 1), std::invalid_argument);
}

}  // namespace
}  // namespace sterna
