// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace sterna::host {

/// Replaces `path` by a file with these bytes: written beside it under another name and renamed, so
/// a reader, a full disk or a kill sees the earlier file or the whole new one.
/// Errors  std::runtime_error naming the path and the reason; nothing is left behind
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// A name beside `target` for a file that somebody else writes: moved over the target by commit(), removed
/// without it.
class StagedFile {
 public:
  explicit StagedFile(const std::filesystem::path& target);
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;
  ~StagedFile();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Errors  std::runtime_error naming the target and the reason
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path path_;
};

/// Checks, before any work is done, that `path` could be written: its folder exists (or can be
/// made) and takes a file, and `path` itself is no folder. Errors  std::runtime_error naming the
/// path and the reason
void require_writable_file(const std::filesystem::path& path);

/// As require_writable_file for a folder that results go to; makes it where it is missing.
void require_writable_folder(const std::filesystem::path& folder);

}  // namespace sterna::host
