// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace sterna::host {

/// A file or folder that the project ships, by its path in the repository: looked for beside the
/// build folder that the executable lies in, then in the source folder that it was built from.
/// Errors  std::runtime_error naming both places when it is in neither
[[nodiscard]] std::filesystem::path find_shipped(std::string_view path_in_repository);

inline constexpr std::string_view kShippedModel = "model/checkpoints/sterna-5m";
inline constexpr std::string_view kShippedHardware = "configs/edge.yaml";
inline constexpr std::string_view kShippedEnergyTables = "configs/energy";
inline constexpr std::string_view kShippedHost = "configs/host/cpu_engine.yaml";

}  // namespace sterna::host
