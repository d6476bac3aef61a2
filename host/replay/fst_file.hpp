// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace sterna::host {

/// Whether a file is FST blocks to its end, the first of which is the header. Verilator's writer tells
/// nobody when a disk is full.
///
/// Layout  a block is its type (a byte), its length without the type (8 bytes, highest first), its data
[[nodiscard]] bool is_whole_fst(const std::filesystem::path& file);

}  // namespace sterna::host
