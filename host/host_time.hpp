// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "host/host_work.hpp"
#include "sim/config/hardware.hpp"

namespace sterna::host {

/// Seconds that the host works while the unit waits, by what it does.
struct HostTime {
  double attention_s = 0;
  double head_s = 0;
  double elements_s = 0;  // norms, rotary embedding, gate, quantisation, rescaling
  double jobs_s = 0;      // the driver: posting jobs, taking their results

  [[nodiscard]] double total_s() const { return attention_s + head_s + elements_s + jobs_s; }
  HostTime& operator+=(const HostTime& other);
  friend bool operator==(const HostTime&, const HostTime&) = default;
};

/// A part of a HostTime by its name.
struct NamedHostPart {
  const char* name;
  double HostTime::*field;
};

/// All of them: "attention", "head", "elements", "jobs".
[[nodiscard]] std::span<const NamedHostPart> named_host_parts();

/// What work and jobs take a host, each part at its own rate.
///
/// Linear, so times of passes add up to the time of their sum. What is read from memory (the head's weights;
/// keys and values) takes its time once a pass, the multiply-adds by it take theirs beside it.
///
/// Trust  `sterna bench --host` holds it against passes that its rates were not made from (docs/analyze.md)
/// Omits  sampling, the tokenizer, an interrupt's way to the driver
[[nodiscard]] HostTime host_time(const HostWork& work, std::uint64_t jobs,
                                 const sim::HostConfig& host);

/// The design's own host; where its file has none, the one that ships with the project.
/// Errors  those of sim::load_host()
[[nodiscard]] sim::HostConfig host_of(const sim::HardwareConfig& hardware);

}  // namespace sterna::host
