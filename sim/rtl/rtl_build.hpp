// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// What rtl/build_library.sh is asked for.
struct RtlRequest {
  std::vector<std::string> words;  // options, then sizes in its order
  std::string library;             // the file that it makes
  bool fast;                       // arranged by a record of what its code does
  HardwareConfig hardware;         // unit and bus; of the memory only what the record is made with
  std::string design;              // for messages
};

/// Builds the library from the RTL in `sources` into `folder`, which appears whole or not at all; the log
/// stays beside it.
/// Errors  std::runtime_error, one sentence that names the log
void build_rtl_library(const RtlRequest& request, const std::filesystem::path& sources,
                       const std::filesystem::path& folder);

}  // namespace sterna::sim
