// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "host/run.hpp"

namespace sterna::host {

/// The run as run.json holds it; `evidence` says what each figure rests on.
[[nodiscard]] nlohmann::ordered_json to_json(const RunReport& report);

}  // namespace sterna::host
