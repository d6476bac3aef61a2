// SPDX-License-Identifier: Apache-2.0
#include "host/atomic_file.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace sterna::host {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& reason) {
  throw std::runtime_error(fmt::format("cannot write {}: {}", path.string(), reason));
}

/// A file under a name of its own beside `target`; gone again unless moved over it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : TemporaryFile(target, target) {}

  /// Errors name `named` instead of the target.
  TemporaryFile(const fs::path& target, const fs::path& named) : target_(target), named_(named) {
    path_ = target;
    path_ += fmt::format(".tmp{}", ::getpid());
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd_ < 0) fail(named_, std::strerror(errno));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!moved_) ::unlink(path_.c_str());
  }

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(named_, std::strerror(errno));
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void move_over_target() {
    const int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0 || ::rename(path_.c_str(), target_.c_str()) != 0) {
      fail(named_, std::strerror(errno));
    }
    moved_ = true;
  }

 private:
  fs::path target_;
  fs::path named_;
  fs::path path_;
  int fd_ = -1;
  bool moved_ = false;
};

void make_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error)) {
    fail(folder, "it exists and is not a folder");
  }
  fs::create_directories(folder, error);
  if (error) fail(folder, error.message());
}

}  // namespace

StagedFile::StagedFile(const fs::path& target) : target_(target), path_(target) {
  path_ += fmt::format(".tmp{}", ::getpid());
}

StagedFile::~StagedFile() { ::unlink(path_.c_str()); }

void StagedFile::commit() {
  if (::rename(path_.c_str(), target_.c_str()) != 0) fail(target_, std::strerror(errno));
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  TemporaryFile file(path);
  file.write(bytes);
  file.move_over_target();
}

void require_writable_file(const fs::path& path) {
  std::error_code error;
  if (path.filename().empty() || fs::is_directory(path, error)) fail(path, "it is a folder");
  if (path.has_parent_path()) make_folder(path.parent_path());
  const TemporaryFile probe(path);
}

void require_writable_folder(const fs::path& folder) {
  make_folder(folder);
  const TemporaryFile probe(folder / "probe", folder);
}

}  // namespace sterna::host
