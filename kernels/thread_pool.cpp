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

// A thread takes this part of what is left of a share: long chunks first and short ones at the end, so
// that no thread waits long for the last.
constexpr std::uint32_t kChunksAShare = 4;

constexpr std::uint64_t share_word(std::uint32_t begin, std::uint32_t end) {
  return std::uint64_t{begin} << 32 | end;
}
constexpr std::uint32_t begin_of(std::uint64_t share) {
  return static_cast<std::uint32_t>(share >> 32);
}
constexpr std::uint32_t end_of(std::uint64_t share) { return static_cast<std::uint32_t>(share); }
constexpr std::uint32_t left_of(std::uint64_t share) { return end_of(share) - begin_of(share); }

// Tells the core that this thread waits for memory.
void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

unsigned checked(unsigned threads) {
  if (threads >= 1 && threads <= ThreadPool::kMaxThreads) return threads;
  throw std::invalid_argument("threads is " + std::to_string(threads) + ": give 1 to " +
                              std::to_string(ThreadPool::kMaxThreads));
}

}  // namespace

unsigned ThreadPool::one_a_core() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
}

// With more threads than cores, one that looks keeps the one it waits for from its core.
ThreadPool::ThreadPool(unsigned threads)
    : looks_(threads > std::thread::hardware_concurrency() ? 0 : kLooksBeforeSleep),
      shares_(checked(threads)) {
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
  if (grains > UINT32_MAX) throw std::length_error("a loop of 2^32 chunks or more");
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    const auto at = [&](std::size_t n) {
      return static_cast<std::uint32_t>(grains * n / shares_.size());
    };
    shares_[i].grains.store(share_word(at(i), at(i + 1)), std::memory_order_relaxed);
  }
  run({.body = nullptr, .chunks = &body, .count = count, .part = grain});
}

void ThreadPool::run(const Loop& loop) {
  loop_ = loop;
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

void ThreadPool::run_parts(unsigned index) {
  if (loop_.body == nullptr) return run_chunks(index);
  const std::size_t begin = std::min(loop_.count, index * loop_.part);
  const std::size_t end = std::min(loop_.count, begin + loop_.part);
  if (begin < end) (*loop_.body)(begin, end);
}

void ThreadPool::run_chunks(unsigned index) {
  for (Share* share = next_share(index); share != nullptr; share = next_share(index)) {
    std::uint64_t old = share->grains.load(std::memory_order_relaxed);
    const std::uint32_t left = left_of(old);
    if (left == 0) continue;  // another thread was faster
    const std::uint32_t taken = std::max(1U, left / kChunksAShare);
    const bool own = share == &shares_[index];
    const std::uint32_t first = own ? begin_of(old) : end_of(old) - taken;
    const std::uint64_t rest = own ? share_word(begin_of(old) + taken, end_of(old))
                                   : share_word(begin_of(old), end_of(old) - taken);
    if (!share->grains.compare_exchange_strong(old, rest, std::memory_order_relaxed)) continue;
    const std::size_t begin = first * loop_.part;
    (*loop_.chunks)(begin, std::min(loop_.count, begin + taken * loop_.part), index);
  }
}

ThreadPool::Share* ThreadPool::next_share(unsigned index) {
  const auto left = [](const Share& share) {
    return left_of(share.grains.load(std::memory_order_relaxed));
  };
  if (left(shares_[index]) > 0) return &shares_[index];
  const auto fullest = std::ranges::max_element(shares_, {}, left);
  return left(*fullest) > 0 ? &*fullest : nullptr;
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
