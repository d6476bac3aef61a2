// SPDX-License-Identifier: Apache-2.0
#include "kernels/thread_pool.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace sterna {
namespace {

// A loop of one projection takes tens of microseconds, about as long as the kernel needs to wake a
// sleeping thread: look this often before going to sleep.
constexpr int kLooksBeforeSleep = 2000;

// Parts of a loop in chunks: enough that the last one is short, few enough that each reads on where the
// one before it stopped.
constexpr std::size_t kChunksAThread = 8;

// Tells the core that this thread waits for memory.
void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

unsigned ThreadPool::one_a_core() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
}

// With more threads than cores, one that looks keeps the one it waits for from its core.
ThreadPool::ThreadPool(unsigned threads)
    : looks_(threads > std::thread::hardware_concurrency() ? 0 : kLooksBeforeSleep) {
  if (threads == 0 || threads > kMaxThreads) {
    throw std::invalid_argument("threads is " + std::to_string(threads) + ": give 1 to " +
                                std::to_string(kMaxThreads));
  }
  workers_.reserve(threads - 1);
  for (unsigned i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true);
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::parallel_for(std::size_t count, const Body& body, std::size_t grain) {
  const std::size_t grains = (count + grain - 1) / grain;
  if (workers_.empty() || grains <= 1) {
    if (count > 0) body(0, count);
    return;
  }
  run({.body = &body,
       .chunks = nullptr,
       .count = count,
       .part = (grains + threads() - 1) / threads() * grain});
}

void ThreadPool::parallel_chunks(std::size_t count, const ChunkBody& body, std::size_t grain) {
  const std::size_t grains = (count + grain - 1) / grain;
  if (workers_.empty() || grains <= 1) {
    if (count > 0) body(0, count, 0);
    return;
  }
  const std::size_t parts = std::size_t{threads()} * kChunksAThread;
  run({.body = nullptr,
       .chunks = &body,
       .count = count,
       .part = (grains + parts - 1) / parts * grain});
}

void ThreadPool::run(const Loop& loop) {
  loop_ = loop;
  next_.store(0, std::memory_order_relaxed);
  running_.store(static_cast<std::uint32_t>(workers_.size()), std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();

  run_parts(0);
  for (std::uint32_t left = running_.load(std::memory_order_acquire); left != 0;
       left = running_.load(std::memory_order_acquire)) {
    wait_while(running_, left);
  }
}

void ThreadPool::wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) const {
  for (int look = 0; look < looks_; ++look) {
    if (value.load(std::memory_order_acquire) != old) return;
    relax();
  }
  value.wait(old, std::memory_order_acquire);
}

// The thread's part of the loop in progress, or parts until there are none.
void ThreadPool::run_parts(unsigned index) {
  if (loop_.body != nullptr) {
    const std::size_t begin = std::min(loop_.count, index * loop_.part);
    const std::size_t end = std::min(loop_.count, begin + loop_.part);
    if (begin < end) (*loop_.body)(begin, end);
    return;
  }
  for (;;) {
    const std::size_t begin = next_.fetch_add(loop_.part, std::memory_order_relaxed);
    if (begin >= loop_.count) return;
    (*loop_.chunks)(begin, std::min(loop_.count, begin + loop_.part), index);
  }
}

void ThreadPool::work(unsigned index) {
  for (std::uint32_t seen = 0;; ++seen) {
    wait_while(epoch_, seen);
    if (stop_.load()) return;
    run_parts(index);
    running_.fetch_sub(1, std::memory_order_acq_rel);
    running_.notify_one();
  }
}

}  // namespace sterna
