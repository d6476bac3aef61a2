// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "host/run.hpp"

namespace sterna::host {

/// The run as run.json holds it: the keys that docs/run_json.md lists, every figure with its evidence.
[[nodiscard]] nlohmann::ordered_json to_json(const RunReport& report);

}  // namespace sterna::host
