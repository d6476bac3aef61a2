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

// A thread takes this part of its share of what is left: long chunks first, which read on where the one
// before them stopped, and short ones at the end, so that no thread waits long for the last.
constexpr std::size_t kChunksAShare = 4;

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
  run({.body = nullptr, .chunks = &body, .count = count, .part = grain});
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
  for (std::size_t begin = 0, end = 0; take_chunk(begin, end);) {
    (*loop_.chunks)(begin, end, index);
  }
}

bool ThreadPool::take_chunk(std::size_t& begin, std::size_t& end) {
  const std::size_t divisor = kChunksAShare * threads() * loop_.part;
  begin = next_.load(std::memory_order_relaxed);
  do {
    if (begin >= loop_.count) return false;
    const std::size_t grains = std::max<std::size_t>(1, (loop_.count - begin) / divisor);
    end = std::min(loop_.count, begin + grains * loop_.part);
  } while (!next_.compare_exchange_weak(begin, end, std::memory_order_relaxed));
  return true;
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
