// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "sim/dram/dram.hpp"

namespace sterna::sim {

/// A request that wants to be submitted at `request.cycle` or as soon after as there is room.
using Traffic = std::vector<DramRequest>;

struct TrafficKind {
  std::uint32_t requests;
  std::uint32_t ports;
  std::uint32_t write_percent;
  std::uint32_t jump_percent;  // requests that leave their port's sequential stream
  std::uint32_t max_bytes;
  std::uint32_t max_pause;  // cycles between requests, now and then
};

/// Ports that each walk through memory and now and then jump; jumps prefer few rows and banks, so
/// that hits, misses and conflicts all come.
inline Traffic random_traffic(const DramConfig& config, const TrafficKind& kind,
                              std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const std::uint64_t memory = config.bytes() == 0 ? 1U << 30 : config.bytes();
  const std::uint64_t end = memory - kind.max_bytes;
  const std::uint64_t home = below(end / 2);
  std::vector<std::uint64_t> at(kind.ports);
  for (auto& address : at) address = below(end);
  Traffic traffic;
  std::uint64_t cycle = 0;
  for (std::uint32_t i = 0; i < kind.requests; ++i) {
    const auto port = static_cast<std::uint32_t>(below(kind.ports));
    if (below(100) < kind.jump_percent) {
      at[port] =
          below(2) == 0 ? below(end) : home + below(std::min<std::uint64_t>(end / 2, 1U << 18));
    }
    const auto bytes = static_cast<std::uint32_t>(1 + below(kind.max_bytes));
    if (below(8) == 0) cycle += below(kind.max_pause + 1);
    traffic.push_back({.port = port,
                       .tag = i,
                       .address = at[port],
                       .bytes = bytes,
                       .write = below(100) < kind.write_percent,
                       .cycle = cycle});
    at[port] = (at[port] + bytes) % end;
  }
  return traffic;
}

/// Everything that a run of a Dram shows.
struct Observed {
  std::vector<DramRequest> requests;               // with the cycles at which they were taken
  std::vector<std::vector<DramArrival>> arrivals;  // (ports,)
  std::vector<std::vector<DramWritten>> written;   // (ports,)
  std::vector<std::vector<DramCommand>> commands;  // (channels,)
  std::vector<DramStatistics> statistics;
  std::uint64_t end;  // when the last answer was there

  friend bool operator==(const Observed&, const Observed&) = default;
};

enum class Stepping { AtOnce, ClockByClock, Jumps, Events };

/// Submits all traffic, each request as early as its cycle and the room allow, advancing time in the
/// given manner, and takes every answer.
class Driver {
 public:
  Driver(const DramConfig& config, std::uint32_t ports, Stepping stepping, std::uint64_t seed = 0)
      : dram_(config, ports), stepping_(stepping), random_(seed) {
    observed_.arrivals.resize(ports);
    observed_.written.resize(ports);
    dram_.record_commands(&commands_);
    dram_.record_requests(&observed_.requests);
  }

  Observed run(const Traffic& traffic) {
    for (DramRequest request : traffic) {
      wait_until(request.cycle);
      wait_for_room(request);
      request.cycle = dram_.now();
      dram_.submit(request);
      take();
    }
    dram_.drain();
    // A further refresh or two must not depend on the manner of stepping either.
    dram_.advance(dram_.now() + 20'000);
    take();
    observed_.commands.resize(dram_.statistics().size());
    for (const DramCommand& c : commands_) observed_.commands[c.channel].push_back(c);
    observed_.statistics = dram_.statistics();
    return observed_;
  }

 private:
  void wait_until(std::uint64_t cycle) {
    while (dram_.now() < cycle) {
      dram_.advance(std::min(cycle, next_stop()));
      take();
    }
  }

  void wait_for_room(const DramRequest& r) {
    if (stepping_ == Stepping::AtOnce) {
      dram_.advance_until_room(r.address, r.bytes, r.write, Dram::kMaxCycle);
      return;
    }
    while (!dram_.room(r.address, r.bytes, r.write)) {
      // Jumping past the cycle in which room appears would change when the request is submitted.
      dram_.advance(stepping_ == Stepping::ClockByClock ? dram_.now() + 1 : dram_.next_change());
      take();
    }
  }

  std::uint64_t next_stop() {
    switch (stepping_) {
      case Stepping::AtOnce:
        return Dram::kMaxCycle;
      case Stepping::ClockByClock:
        return dram_.now() + 1;
      case Stepping::Jumps:
        return dram_.now() + 1 + random_() % 300;
      case Stepping::Events:
        return dram_.next_change();
    }
    return Dram::kMaxCycle;
  }

  void take() {
    for (std::uint32_t port = 0; port < observed_.arrivals.size(); ++port) {
      while (dram_.has_arrival(port)) {
        observed_.arrivals[port].push_back(dram_.arrival(port));
        observed_.end = std::max(observed_.end, dram_.arrival(port).cycle);
        dram_.take_arrival(port);
      }
      while (dram_.has_written(port)) {
        observed_.written[port].push_back(dram_.written(port));
        observed_.end = std::max(observed_.end, dram_.written(port).cycle);
        dram_.take_written(port);
      }
    }
  }

  Dram dram_;
  Stepping stepping_;
  std::mt19937_64 random_;
  std::vector<DramCommand> commands_;
  Observed observed_{};
};

}  // namespace sterna::sim
