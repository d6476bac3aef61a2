// SPDX-License-Identifier: Apache-2.0
#include "sim/config/host_config.hpp"

#include <fmt/format.h>

#include "sim/field_error.hpp"

namespace sterna::sim {
namespace {

constexpr double kLeastRate = 1e-6;
constexpr double kMostRate = 1e9;  // endless, for all that reports show
constexpr double kMostJobUs = 1e6;

void require_rate(const char* field, double value, const char* unit) {
  require_range(field, value, kLeastRate, kMostRate, unit);
}

void require_words(const char* field, const std::string& value, const char* what) {
  if (value.empty()) throw FieldError(field, fmt::format("is empty; it must say {}", what));
}

}  // namespace

void HostConfig::validate() const {
  require_rate("host.attention_gmac_s", attention_gmac_s, " 10^9 multiply-adds a second");
  require_rate("host.kv_gb_s", kv_gb_s, " GB/s");
  require_rate("host.head_gb_s", head_gb_s, " GB/s");
  require_rate("host.head_gmac_s", head_gmac_s, " 10^9 multiply-adds a second");
  require_rate("host.elements_g_s", elements_g_s, " 10^9 elements a second");
  require_range("host.job_us", job_us, 0, kMostJobUs, " us");
  require_words("host.evidence", evidence, "measured, model or literature");
  require_words("host.source", source, "where the figures come from");
}

}  // namespace sterna::sim
