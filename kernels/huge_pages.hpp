// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory_resource>
#include <mutex>
#include <vector>

namespace sterna {

/// Memory for what a token reads once: it asks the system for 2 MiB pages before the first touch,
/// because reading through 4 KiB pages wastes a third or more of the memory's bandwidth where the TLB
/// misses. Where the system refuses, the same memory comes in 4 KiB pages and nothing else changes.
///
/// Everything allocated lives until the object is destroyed. May be used by several threads.
class HugePages : public std::pmr::memory_resource {
 public:
  static constexpr std::size_t kPageBytes = std::size_t{2} << 20;

  HugePages() = default;
  ~HugePages() override;
  HugePages(const HugePages&) = delete;
  HugePages& operator=(const HugePages&) = delete;

 private:
  struct Mapping {
    std::byte* begin;
    std::size_t bytes;
  };

  // Errors  std::bad_alloc
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* /*p*/, std::size_t /*bytes*/, std::size_t /*alignment*/) override {}
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }

  std::mutex mutex_;
  std::vector<Mapping> mappings_;
  std::byte* next_ = nullptr;  // free bytes of the last mapping
  std::size_t left_ = 0;
};

}  // namespace sterna
