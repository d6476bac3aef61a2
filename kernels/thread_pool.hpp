// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace sterna {

/// A fixed set of threads that share loops. The caller is one of them.
class ThreadPool {
 public:
  /// A part of a loop: [begin, end).
  using Body = std::function<void(std::size_t begin, std::size_t end)>;

  /// Errors  std::invalid_argument when `threads` is 0 or above kMaxThreads
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  static constexpr unsigned kMaxThreads = 256;

  /// As many threads as the machine has cores.
  static unsigned one_a_core();

  /// The `grain` of a loop whose items take so many multiply-adds each: as many items as are worth
  /// another thread. It takes some microseconds to wake, in which one thread does about kWorthWaking.
  static constexpr std::size_t grain_of(std::size_t operations) {
    return operations < kWorthWaking ? kWorthWaking / operations : 1;
  }
  static constexpr std::size_t kWorthWaking = std::size_t{1} << 16;

  [[nodiscard]] unsigned threads() const { return static_cast<unsigned>(workers_.size()) + 1; }

  /// Calls `body` on disjoint parts that cover [0, count), one part a thread, and returns when all
  /// are done. A part starts at a multiple of `grain`, so no two threads share a tile of that size.
  /// `body` must not throw and must not call parallel_for.
  void parallel_for(std::size_t count, const Body& body, std::size_t grain = 1);

  /// A part of a loop, and which of the threads (from 0) runs it.
  using ChunkBody = std::function<void(std::size_t begin, std::size_t end, unsigned thread)>;

  /// The same in chunks: a thread works through its part from the front, a quarter of what is left of it
  /// at a time and down to `grain`, so that it reads memory in one stream; one that is done takes such
  /// chunks from the back of the part with the most left. For long loops, where a thread that the system
  /// takes from its core would keep the others waiting.
  /// Range  count / grain below 2^32
  void parallel_chunks(std::size_t count, const ChunkBody& body, std::size_t grain = 1);

 private:
  // A loop in progress; written before epoch_ moves.
  struct Loop {
    const Body* body;  // one of the two
    const ChunkBody* chunks;
    std::size_t count;
    std::size_t part;  // iterations of a part, of a chunk at least
  };

  // What nobody has taken yet of a thread's part of a loop in chunks: [begin, end) in grains, as one word
  // (begin in its upper half), and a cache line for itself.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> grains{0};
  };

  void run(const Loop& loop);
  void work(unsigned index);
  void run_parts(unsigned index);
  void run_chunks(unsigned index);
  /// The thread's share, or the one with the most left when that is empty; null when all are.
  Share* next_share(unsigned index);
  /// Returns once `value` is no longer `old`.
  void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) const;

  int looks_;  // at a value before going to sleep
  std::vector<std::thread> workers_;
  Loop loop_{};
  std::vector<Share> shares_;  // one a thread
  std::atomic<std::uint32_t> epoch_{0};
  std::atomic<std::uint32_t> running_{0};
  std::atomic<bool> stop_{false};
};

}  // namespace sterna
