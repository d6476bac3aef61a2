// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/hardware.hpp"

namespace sterna::sim {

/// Extra delays for tests: pseudo-random, a pure function of (seed, port, beat or cycle), so that two
/// devices that ask in a different order get the same answer. All zero in a real configuration.
struct StallPattern {
  std::uint64_t seed = 0;
  std::uint32_t max_read_delay = 0;     // cycles added to a beat's arrival: 0..max
  std::uint32_t write_busy_percent = 0; // share of cycles in which the result port is not ready
};

/// One read port: beats arrive in order, each at a cycle that depends only on when earlier ones were taken.
///
/// Timing  beat n is requested when beat n - window was taken (the first `window` at cycle 0), its data
///         come `latency` later, one beat an `interval` (fixed point, so rates below a beat a cycle are
///         exact on average), never during refresh; a beat not taken waits in the port's buffer
/// Omits   banks, rows and contention between ports (docs/decisions)
class ReadPort {
 public:
  /// First cycle in which the current beat is offered.
  [[nodiscard]] std::uint64_t arrival() const { return arrival_; }
  /// The current beat is handed over in `cycle` >= arrival(); the next becomes current.
  void take(std::uint64_t cycle);
  // ...
 private:
  std::uint64_t arrival_ = 0;
};

}  // namespace sterna::sim
