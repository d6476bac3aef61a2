// SPDX-License-Identifier: Apache-2.0
#include "kernels/thread_pool.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <utility>
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

TEST(ThreadPool, RunsEveryIterationOnceInChunksOfAnyCountAndGrain) {
  for (const unsigned threads : {1U, 2U, 5U, 64U}) {
    ThreadPool pool(threads);
    for (const std::size_t count : {0U, 1U, 2U, 15U, 16U, 17U, 1000U}) {
      for (const std::size_t grain : {1U, 16U}) {
        std::vector<std::atomic<int>> runs(count);
        pool.parallel_chunks(
            count,
            [&](std::size_t begin, std::size_t end, unsigned thread) {
              EXPECT_EQ(begin % grain, 0U);
              EXPECT_LT(thread, threads);
              for (std::size_t i = begin; i < end; ++i) ++runs[i];
            },
            grain);
        for (const std::atomic<int>& n : runs) EXPECT_EQ(n, 1);
      }
    }
  }
}

// Whoever takes the first chunk keeps it until all else is done, so the rest of that share is for others.
TEST(ThreadPool, AThreadWithNothingLeftTakesChunksOfAnother) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> runs(30);
  std::atomic<std::size_t> done{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  pool.parallel_chunks(runs.size(), [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) ++runs[i];
    if (begin == 0) {
      const std::size_t others = runs.size() - end;
      while (done < others && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
      }
      EXPECT_EQ(done, others) << "chunks that nobody took";
    }
    done += end - begin;
  });
  for (const std::atomic<int>& n : runs) EXPECT_EQ(n, 1);
}

// A loop that starts while a worker still leaves the one before would lose or repeat a part.
TEST(ThreadPool, SurvivesManyShortLoops) {
  for (const auto& [threads, loops] : {std::pair{3U, 20000L}, std::pair{64U, 500L}}) {
    ThreadPool pool(threads);
    std::atomic<long> sum{0};
    for (long i = 0; i < loops; ++i) {
      pool.parallel_for(threads, [&](std::size_t begin, std::size_t end) {
        sum += static_cast<long>(end - begin);
      });
    }
    EXPECT_EQ(sum, loops * threads);
  }
}

// What a thread wrote is seen after the loop, by the caller and by the next loop's other threads, without
// atomics of the caller's own.
TEST(ThreadPool, ShowsTheWritesOfOneLoopToTheNext) {
  constexpr std::size_t kCount = 64;
  ThreadPool pool(4);
  std::vector<int> values(kCount, 0);
  std::vector<int> mirrored(kCount, 0);
  for (int round = 0; round < 100; ++round) {
    pool.parallel_for(kCount, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) values[i] = mirrored[i] + 1;
    });
    pool.parallel_for(kCount, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) mirrored[i] = values[kCount - 1 - i];
    });
  }
  EXPECT_EQ(values, std::vector<int>(kCount, 100));
}

TEST(ThreadPool, RefusesNoThreadsAndTooMany) {
  EXPECT_THROW(ThreadPool(0), std::invalid_argument);
  EXPECT_THROW(ThreadPool(ThreadPool::kMaxThreads + 1), std::invalid_argument);
}

}  // namespace
}  // namespace sterna
