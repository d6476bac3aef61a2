// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {

/// A part of a job's commands that is not written out as often as it is done: [first, last) comes `more` times
/// again, right after itself. What it takes then is what it takes where it stands, so the first of its kind in a job
/// stays outside.
struct Repeat {
  std::size_t first = 0;
  std::size_t last = 0;
  std::uint64_t more = 0;

  [[nodiscard]] std::uint64_t times(std::size_t command) const {
    return command >= first && command < last ? 1 + more : 1;
  }
};

/// What no run of these commands can undercut.
struct LowerBound {
  std::uint64_t
      cycles;  // of the job, from cycle 0 to its last response, on a bus to its last record
  MovedBytes
      bytes;  // compulsory: every weight, activation and sum once, by columns the weights of the columns
  // that are not left out; on a bus the sums of absent rows of the last group too, and a
  // descriptor and a record a command
};

/// Closed form for one job of legal commands on an idle unit: the longest of
/// - the unit: for each command its states with no stall (accept, load, slots, drain, respond);
/// - the weights: latency, then the beats of the busiest engine at the rate of its port, refreshes left
///   out, then what follows the last beat;
/// - the activations: latency, then every beat at the rate of the port, then at least one slot's way out;
/// - the results: every byte but the last beat's at the rate of the port.
/// On a bus, whose masters share one memory: the longest of
/// - the steps of docs/axi.md around commands that wait for nothing once they have begun;
/// - the weights of the busiest engine and the activations, a beat a cycle a master;
/// - what the DRAM has moved when the record is answered, at its peak; an Ideal one has none.
/// Shape  nonzero_columns (commands,), of those by columns; empty when there are none
[[nodiscard]] LowerBound lower_bound(const HardwareConfig& hardware,
                                     std::span<const TmuCommand> commands,
                                     const Repeat& repeat = {},
                                     std::span<const std::uint32_t> nonzero_columns = {});

/// Throws std::logic_error when a job undercuts its lower bound, moved other than the compulsory bytes, or
/// its counters do not add up to its cycles: a broken model. Called by both devices after every job.
void check_against_lower_bound(const HardwareConfig& hardware, std::span<const TmuTask> tasks,
                               std::span<const CommandReport> reports, const MovedBytes& moved);

}  // namespace sterna::sim
