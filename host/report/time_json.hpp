// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "host/whole_model.hpp"

namespace sterna::host {

/// Keys  tokens_per_s, total_s = device_s + host_s, host_parts_s (sum: host_s), host_share, bound_by
[[nodiscard]] nlohmann::ordered_json to_json(const PassTime& time);

/// The fields of the section `host:` of a hardware file, by their names there.
[[nodiscard]] nlohmann::ordered_json to_json(const sim::HostConfig& host);

}  // namespace sterna::host
