// SPDX-License-Identifier: Apache-2.0
#include "kernels/huge_pages.hpp"

#include <algorithm>
#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace sterna {
namespace {

// Address space taken at a time; what is not touched costs no memory.
constexpr std::size_t kMappingBytes = std::size_t{64} << 20;

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

// Allocations start at a cache line, as the kernels' blocks do.
constexpr std::size_t kLineBytes = 64;

}  // namespace

HugePages::~HugePages() {
  for (const Mapping& mapping : mappings_) ::munmap(mapping.begin, mapping.bytes);
}

void* HugePages::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (alignment > kLineBytes || bytes > SIZE_MAX / 2) throw std::bad_alloc();
  const std::lock_guard lock(mutex_);
  const std::size_t wanted = round_up(std::max<std::size_t>(bytes, 1), kLineBytes);
  if (wanted > left_) {
    // One page more than asked for, so that the part used can start at a page.
    const std::size_t usable = round_up(std::max(wanted, kMappingBytes), kPageBytes);
    const std::size_t mapped = usable + kPageBytes;
    void* begin = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (begin == MAP_FAILED) throw std::bad_alloc();
    mappings_.push_back({static_cast<std::byte*>(begin), mapped});
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    next_ = static_cast<std::byte*>(begin) + (round_up(address, kPageBytes) - address);
    left_ = usable;
#if defined(MADV_HUGEPAGE)
    ::madvise(next_, usable, MADV_HUGEPAGE);  // a wish: refused, the pages are small
#endif
  }
  std::byte* result = next_;
  next_ += wanted;
  left_ -= wanted;
  return result;
}

}  // namespace sterna
