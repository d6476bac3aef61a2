// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sterna::sim {

/// How fast the host does what the unit leaves it: the section `host:` of a hardware file, or a file of
/// configs/host/. No simulation looks at it; reports add it to the unit's time.
struct HostConfig {
  double attention_gmac_s;  // scores and mix, their softmax included
  double kv_gb_s;           // keys and values, read once a pass
  double head_gb_s;         // the head's weights, read once a pass
  double head_gmac_s;       // its multiply-adds
  double elements_g_s;      // elements normed, turned, gated, quantised, rescaled
  double job_us;            // the driver's time for one job of the unit
  std::string evidence;     // measured, model, literature
  std::string source;       // where the figures come from

  /// Throws FieldError naming the field, its value and what is legal.
  void validate() const;

  friend bool operator==(const HostConfig&, const HostConfig&) = default;
};

}  // namespace sterna::sim
