// SPDX-License-Identifier: Apache-2.0
#include "host/report/time_json.hpp"

#include <nlohmann/json.hpp>

namespace sterna::host {

using Json = nlohmann::ordered_json;

Json to_json(const PassTime& time) {
  Json parts = Json::object();
  for (const NamedHostPart& part : named_host_parts()) parts[part.name] = time.host.*part.field;
  return {{"tokens_per_s", time.tokens_per_s()},
          {"total_s", time.total_s()},
          {"device_s", time.device_s},
          {"host_s", time.host.total_s()},
          {"host_parts_s", parts},
          {"host_share", time.host_share()},
          {"bound_by", time.bound_by()}};
}

Json to_json(const sim::HostConfig& host) {
  return {{"attention_gmac_s", host.attention_gmac_s},
          {"kv_gb_s", host.kv_gb_s},
          {"head_gb_s", host.head_gb_s},
          {"head_gmac_s", host.head_gmac_s},
          {"elements_g_s", host.elements_g_s},
          {"job_us", host.job_us},
          {"evidence", host.evidence},
          {"source", host.source}};
}

}  // namespace sterna::host
