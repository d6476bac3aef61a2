// SPDX-License-Identifier: Apache-2.0
#include "sim/config/host_yaml.hpp"

#include <stdexcept>

#include "sim/field_error.hpp"

namespace sterna::sim {

HostConfig read_host(const YamlMap& file) {
  const YamlMap host = file.map("host", {"attention_gmac_s", "kv_gb_s", "head_gb_s", "head_gmac_s",
                                         "elements_g_s", "job_us", "evidence", "source"});
  return {.attention_gmac_s = host.number("attention_gmac_s"),
          .kv_gb_s = host.number("kv_gb_s"),
          .head_gb_s = host.number("head_gb_s"),
          .head_gmac_s = host.number("head_gmac_s"),
          .elements_g_s = host.number("elements_g_s"),
          .job_us = host.number("job_us"),
          .evidence = host.text("evidence"),
          .source = host.text("source")};
}

HostConfig load_host(const std::filesystem::path& file) {
  const YamlMap root = YamlMap::open(file, {"host"});
  HostConfig host = read_host(root);
  try {
    host.validate();
  } catch (const FieldError& error) {
    throw std::invalid_argument(root.where(error.field()) + ": " + error.what());
  }
  return host;
}

}  // namespace sterna::sim
