// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "sim/config/host_config.hpp"
#include "sim/config/yaml_map.hpp"

namespace sterna::sim {

/// The map under `host` of a hardware file. Not validated.
/// Errors  those of YamlMap
[[nodiscard]] HostConfig read_host(const YamlMap& file);

/// A file whose one key is `host`.
/// Errors  std::runtime_error when it cannot be read; std::invalid_argument with file, line, key, value
///         and the fix for anything wrong in it
[[nodiscard]] HostConfig load_host(const std::filesystem::path& file);

}  // namespace sterna::sim
