// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace sterna::host {

/// A file or a folder of files that appears under its name only when all of it is there.
///
/// It is made beside its place as NAME.part. What an earlier process left there when it was killed is
/// replaced; a process that still writes there keeps its place.
class StagedOutput {
 public:
  enum class Kind : std::uint8_t { File, Folder };

  /// Errors  std::runtime_error, one sentence naming the path: it exists and `replace` is false, or is of
  ///         the other kind, or is a folder that holds no model; its folder cannot be written; less
  ///         than `bytes` are free there; another process writes it
  StagedOutput(const std::filesystem::path& path, Kind kind, bool replace, std::uint64_t bytes);
  StagedOutput(const StagedOutput&) = delete;
  StagedOutput& operator=(const StagedOutput&) = delete;
  /// Removes what was not committed.
  ~StagedOutput();

  using Sink = std::function<void(std::span<const std::byte>)>;

  /// Writes one file: of this name in a folder, of an empty name when the output is a file.
  /// Errors  std::runtime_error naming the path and the reason; what `write` throws
  void write(const std::string& name, const std::function<void(const Sink&)>& write);

  /// Puts the output in its place, in one step for whoever looks at it.
  /// Errors  std::runtime_error naming the path and the reason
  void commit();

 private:
  [[noreturn]] void fail(const std::string& reason) const;
  void check_place(bool replace) const;
  void take_stage();

  std::filesystem::path path_;
  std::filesystem::path stage_;
  Kind kind_;
  int lock_ = -1;  // of the stage, held until it is committed or removed
  bool committed_ = false;
};

}  // namespace sterna::host
