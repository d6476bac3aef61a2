// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/run.hpp"

namespace sterna::host {

/// The run for a reader at a terminal: the text, a column a backend, the verdict. Without colours or
/// cursor movements, so it reads the same in a file.
[[nodiscard]] std::string to_table(const RunReport& report);

}  // namespace sterna::host
