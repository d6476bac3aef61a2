// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "sim/dram/address_map.hpp"
#include "sim/dram/clock_ratio.hpp"
#include "sim/dram/dram_channel.hpp"
#include "sim/dram/dram_command.hpp"
#include "sim/dram/dram_config.hpp"
#include "sim/dram/dram_port.hpp"

namespace sterna::sim {

/// A read or write of consecutive bytes.
struct DramRequest {
  std::uint32_t port;     // answers of a port come in the order of its requests
  std::uint64_t tag;      // comes back with the answers; means nothing to the memory
  std::uint64_t address;  // of the first byte; need not be aligned
  std::uint32_t bytes;    // 1 .. kMaxRequestBytes
  bool write;
  std::uint64_t cycle;  // when the whole request (with the data of a write) is at the controller

  friend bool operator==(const DramRequest&, const DramRequest&) = default;
};

/// The memory behind everything: when requests are accepted, when their bytes come. What is in the
/// bytes, the asker knows.
///
/// Time    in cycles of the asker (DramConfig::asker_khz), from 0. now() is the cycle up to which the
///         memory has been told that no request will come from before; it never goes back. In cycle
///         now() any number of requests may still come, one after the other.
/// Asking  advance(c) moves now() to c. submit() advances to the request's cycle by itself. Every
///         answer is a function of the requests (with their cycles and order) alone: how often or in
///         what steps time was advanced between them changes nothing. So an asker that comes in
///         every clock and one that jumps from event to event get the same times, if they submit the
///         same requests at the same cycles.
/// Room    a request is taken if room() says so in its cycle: each channel it touches has less than
///         queue_depth accesses of its direction waiting. (A longer request may overfill the queue
///         by its own length.) Who refuses requests of several ports in which order is the asker's
///         business.
/// Reads   arrivals come granule by granule (part.access_bytes(), aligned), per port in the order of
///         requests and addresses. An arrival may be known before its cycle comes; it never changes
///         afterwards. Nobody has to be ready for it: the memory holds what is not taken.
/// Writes  accepted when submitted; written() tells when the last byte has reached its row. A write
///         may be overtaken by a later read of the same bytes: who needs the order waits for
///         written().
/// Rounding  a request reaches the controller at the first DRAM clock that begins not before its
///         cycle; an answer is there in the first cycle that begins not before the end of its burst.
/// Trust   tests/sim/dram: every command against a checker of the protocol, all commands against a
///         controller that goes clock by clock, latencies and bandwidths against closed forms
/// Omits   values, power-down, read strobes (tDQSCK), write-to-read forwarding, time in PHY and
///         controller
class Dram {
 public:
  using Cycle = std::uint64_t;
  static constexpr Cycle kNever = std::numeric_limits<Cycle>::max();
  static constexpr Cycle kMaxCycle = Cycle{1} << 40;
  static constexpr std::uint32_t kMaxRequestBytes = 1U << 20;

  /// Errors  FieldError of config.validate()
  Dram(const DramConfig& config, std::uint32_t ports);
  Dram(const Dram&) = delete;
  Dram& operator=(const Dram&) = delete;

  [[nodiscard]] const DramConfig& config() const { return config_; }
  /// Unit of all answers, bytes.
  [[nodiscard]] std::uint32_t granule_bytes() const { return granule_bytes_; }

  [[nodiscard]] Cycle now() const { return now_; }

  /// No request will come from before `cycle`. A cycle before now() changes nothing.
  ///
  /// Errors  std::invalid_argument beyond kMaxCycle
  void advance(Cycle cycle);

  /// Whether a request for these bytes would be taken in cycle now().
  [[nodiscard]] bool room(std::uint64_t address, std::uint32_t bytes, bool write) const;

  /// Advances to the first cycle, at most `limit`, in which room() is true; returns now().
  ///
  /// The caller submits nothing from before `limit` or from before that cycle.
  Cycle advance_until_room(std::uint64_t address, std::uint32_t bytes, bool write, Cycle limit);

  /// Errors  std::invalid_argument: a cycle before now(), no such port, bytes out of range or outside
  ///         the memory, no room
  void submit(const DramRequest& request);

  /// A cycle after now(), before which nothing changes that an asker can see: no further arrival or
  /// write becomes known or due, no room appears. kNever: nothing will, without another request.
  /// Never too late; may be too early.
  [[nodiscard]] Cycle next_change();

  /// Whether the next granule of the port is known; arrival() may still lie ahead of now().
  [[nodiscard]] bool has_arrival(std::uint32_t port) const {
    return ports_[port].reads.next_cycle() != ReadStream::kNever;
  }
  [[nodiscard]] DramArrival arrival(std::uint32_t port) const { return ports_[port].reads.front(); }
  void take_arrival(std::uint32_t port) { ports_[port].reads.pop(); }

  [[nodiscard]] bool has_written(std::uint32_t port) const {
    return ports_[port].writes.next_cycle() != WriteStream::kNever;
  }
  [[nodiscard]] DramWritten written(std::uint32_t port) const {
    return ports_[port].writes.front();
  }
  void take_written(std::uint32_t port) { ports_[port].writes.pop(); }

  /// Advances until all granules of the port's oldest read are known, or to `limit`; returns now().
  ///
  /// The caller submits nothing from before the cycle returned.
  Cycle advance_until_read(std::uint32_t port, Cycle limit);

  /// Advances until no access waits any more: every answer is known then. Returns now().
  Cycle drain();

  /// Index  channel. Of Flat and Ideal: one element, in which only bytes and accesses count.
  [[nodiscard]] std::vector<DramStatistics> statistics() const;

  /// Appends every command from now on to `commands` (not owned; nullptr: no more), channel by
  /// channel as far as each has got, so sorted by clock within a channel only.
  void record_commands(std::vector<DramCommand>* commands);
  /// Appends every request from now on to `requests` (not owned; nullptr: no more).
  void record_requests(std::vector<DramRequest>* requests) { requests_ = requests; }

 private:
  void check(const DramRequest& request) const;
  void submit_to_banks(const DramRequest& request);
  void submit_to_pipe(const DramRequest& request);
  [[nodiscard]] Cycle pipe(std::uint32_t bytes);
  void run_to(Cycle cycle);
  [[nodiscard]] Cycle room_cycle(std::uint64_t address, std::uint32_t bytes, bool write);
  [[nodiscard]] Cycle next_decision();
  /// Calls visit(channel) for each channel that holds some of the bytes.
  template <typename Visit>
  void for_channels(std::uint64_t address, std::uint32_t bytes, Visit visit) const;

  DramConfig config_;
  std::uint32_t granule_bytes_;
  std::uint32_t granule_shift_;
  ClockRatio ratio_;
  AddressMap map_;
  std::uint64_t memory_bytes_;
  Cycle now_ = 0;
  std::uint64_t clock_ = 0;  // ratio_.to_clock(now_)
  std::uint64_t age_ = 0;    // accesses asked for so far
  std::vector<DramPort> ports_;
  std::vector<DramChannel> channels_;  // of Banks

  // Flat: the pipe is busy until pipe_whole_ + pipe_part_ / pipe_unit_ cycles.
  Cycle pipe_latency_ = 0;
  std::uint64_t pipe_unit_ = 1;
  Cycle pipe_whole_ = 0;
  std::uint64_t pipe_part_ = 0;
  DramStatistics pipe_statistics_{};

  std::vector<DramRequest>* requests_ = nullptr;
};

}  // namespace sterna::sim
