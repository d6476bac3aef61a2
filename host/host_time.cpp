// SPDX-License-Identifier: Apache-2.0
#include "host/host_time.hpp"

#include <array>

#include "host/locations.hpp"
#include "sim/config/host_yaml.hpp"

namespace sterna::host {
namespace {

constexpr std::array kParts = {
    NamedHostPart{"attention", &HostTime::attention_s}, NamedHostPart{"head", &HostTime::head_s},
    NamedHostPart{"elements", &HostTime::elements_s}, NamedHostPart{"jobs", &HostTime::jobs_s}};
static_assert(sizeof(HostTime) == kParts.size() * sizeof(double), "a part has no name");

double seconds(std::uint64_t amount, double giga_a_second) {
  return static_cast<double>(amount) / (giga_a_second * 1e9);
}

}  // namespace

std::span<const NamedHostPart> named_host_parts() { return kParts; }

HostTime& HostTime::operator+=(const HostTime& other) {
  for (const NamedHostPart& part : kParts) this->*part.field += other.*part.field;
  return *this;
}

HostTime host_time(const HostWork& work, std::uint64_t jobs, const sim::HostConfig& host) {
  return {.attention_s = seconds(work.kv_bytes, host.kv_gb_s) +
                         seconds(work.attention_macs, host.attention_gmac_s),
          .head_s =
              seconds(work.head_bytes, host.head_gb_s) + seconds(work.head_macs, host.head_gmac_s),
          .elements_s = seconds(work.elements(), host.elements_g_s),
          .jobs_s = static_cast<double>(jobs) * host.job_us * 1e-6};
}

sim::HostConfig host_of(const sim::HardwareConfig& hardware) {
  return hardware.host ? *hardware.host : sim::load_host(find_shipped(kShippedHost));
}

}  // namespace sterna::host
