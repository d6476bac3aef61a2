// SPDX-License-Identifier: Apache-2.0
#include "host/staged_output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace sterna::host {

namespace fs = std::filesystem;

namespace {

constexpr double kMib = 1024.0 * 1024.0;

// Whether a folder holds nothing but a model, so that replacing it loses nothing else.
bool is_model_folder(const fs::path& folder) {
  std::error_code error;
  return fs::is_empty(folder, error) || fs::exists(folder / "config.json", error);
}

}  // namespace

StagedOutput::StagedOutput(const fs::path& path, Kind kind, bool replace, std::uint64_t bytes)
    : path_(path), kind_(kind) {
  if (!path_.has_filename()) path_ = path_.parent_path();  // "folder/"
  stage_ = path_;
  stage_ += ".part";
  check_place(replace);
  std::error_code error;
  const fs::path parent = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  fs::create_directories(parent, error);
  if (error) fail(error.message());
  const fs::space_info space = fs::space(parent, error);
  if (!error && space.available < bytes) {
    fail(fmt::format("it needs {:.0f} MiB, and {:.0f} MiB are free there",
                     static_cast<double>(bytes) / kMib,
                     static_cast<double>(space.available) / kMib));
  }
  take_stage();
}

StagedOutput::~StagedOutput() {
  std::error_code ignored;
  if (!committed_ && lock_ >= 0) fs::remove_all(stage_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

void StagedOutput::fail(const std::string& reason) const {
  throw std::runtime_error(fmt::format("cannot write {}: {}", path_.string(), reason));
}

void StagedOutput::check_place(bool replace) const {
  std::error_code error;
  if (path_.empty()) throw std::runtime_error("cannot write to a path without a name");
  const fs::file_status status = fs::symlink_status(path_, error);
  if (!fs::exists(status)) return;
  if (!replace) fail("it exists; choose another name, or replace it with --force");
  const bool is_folder = fs::is_directory(path_, error);
  if (kind_ == Kind::File && is_folder) fail("it is a folder");
  if (kind_ == Kind::Folder && !is_folder) fail("it is not a folder");
  if (kind_ == Kind::Folder && !is_model_folder(path_)) {
    fail("it is a folder that holds something else than a model; remove it yourself");
  }
}

void StagedOutput::take_stage() {
  std::error_code error;
  const bool is_folder = kind_ == Kind::Folder;
  if (is_folder != fs::is_directory(stage_, error)) fs::remove_all(stage_, error);
  if (is_folder) fs::create_directory(stage_, error);
  const int flags = is_folder ? O_RDONLY | O_DIRECTORY : O_WRONLY | O_CREAT;
  const int fd = ::open(stage_.c_str(), flags | O_CLOEXEC, 0644);
  if (fd < 0) fail(std::strerror(errno));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    fail("another process is writing it");
  }
  lock_ = fd;
  if (!is_folder) {
    if (::ftruncate(fd, 0) != 0) fail(std::strerror(errno));
    return;
  }
  for (const fs::directory_entry& left : fs::directory_iterator(stage_, error)) {
    fs::remove_all(left.path(), error);
  }
}

void StagedOutput::write(const std::string& name, const std::function<void(const Sink&)>& write) {
  const fs::path file = name.empty() ? stage_ : stage_ / name;
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail(std::strerror(errno));
  try {
    write([&](std::span<const std::byte> bytes) {
      while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail(std::strerror(errno));
        bytes = bytes.subspan(static_cast<std::size_t>(n));
      }
    });
  } catch (...) {
    ::close(fd);
    throw;
  }
  if (::close(fd) != 0) fail(std::strerror(errno));
}

void StagedOutput::commit() {
  std::error_code error;
  if (kind_ == Kind::Folder && fs::is_directory(path_, error)) {
    // Exchanged, not removed first: the name always has the earlier folder or the whole new one.
    if (::renameat2(AT_FDCWD, stage_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) != 0) {
      fail(std::strerror(errno));
    }
    fs::remove_all(stage_, error);
  } else if (::rename(stage_.c_str(), path_.c_str()) != 0) {
    fail(std::strerror(errno));
  }
  committed_ = true;
}

}  // namespace sterna::host
