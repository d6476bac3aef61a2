// SPDX-License-Identifier: Apache-2.0
#include "host/locations.hpp"

#include <stdexcept>

#include <fmt/format.h>

namespace sterna::host {

namespace fs = std::filesystem;

fs::path find_shipped(std::string_view path_in_repository) {
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  fs::path beside = executable.parent_path().parent_path() / path_in_repository;
  if (!error && fs::exists(beside, error)) return beside;
  fs::path source = fs::path(STERNA_SOURCE_DIR) / path_in_repository;
  if (fs::exists(source, error)) return source;
  throw std::runtime_error(
      fmt::format("{} is neither at {} nor at {}; name one on the command line", path_in_repository,
                  beside.string(), source.string()));
}

}  // namespace sterna::host
