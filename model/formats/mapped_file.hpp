// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace sterna {

/// A whole file in memory, read page by page when its bytes are touched. Copies share the mapping.
///
/// Omits  protection against a file that somebody truncates while it is mapped
struct MappedFile {
  std::shared_ptr<const void> mapping;  // keeps the bytes
  std::span<const std::byte> bytes;     // empty for an empty file
};

/// Errors  std::runtime_error naming the file: it is missing, unreadable or not a regular file
[[nodiscard]] MappedFile map_file(const std::filesystem::path& file);

/// Gives the memory that pages of a mapped file take back to the system, once they have been copied;
/// reading them again would read the file again.
void release_pages(std::span<const std::byte> bytes);

}  // namespace sterna
