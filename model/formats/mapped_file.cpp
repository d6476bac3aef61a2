// SPDX-License-Identifier: Apache-2.0
#include "model/formats/mapped_file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sterna {

MappedFile map_file(const std::filesystem::path& file) {
  // Without waiting, or a pipe would be opened only when somebody writes to it.
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status {};
  const bool readable = descriptor >= 0 && ::fstat(descriptor, &status) == 0;
  const bool regular = readable && S_ISREG(status.st_mode);
  const auto bytes = static_cast<std::size_t>(regular ? status.st_size : 0);
  void* address = nullptr;
  if (bytes > 0) address = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const std::string reason = readable ? "not a regular file" : std::strerror(errno);
  if (descriptor >= 0) ::close(descriptor);
  if (!regular || address == MAP_FAILED) {
    throw std::runtime_error(file.string() + " cannot be read: " +
                             (regular ? "it cannot be mapped into memory" : reason));
  }
  std::shared_ptr<const void> mapping(address, [bytes](const void* mapped) {
    if (mapped != nullptr) ::munmap(const_cast<void*>(mapped), bytes);
  });
  return {std::move(mapping), {static_cast<const std::byte*>(address), bytes}};
}

void release_pages(std::span<const std::byte> bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  // Neighbours may share the first and the last page.
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t end = (begin + bytes.size()) / page * page;
  if (first >= end) return;
  auto* pages = const_cast<std::byte*>(bytes.data()) + (first - begin);
  ::madvise(pages, end - first, MADV_DONTNEED);
}

}  // namespace sterna
