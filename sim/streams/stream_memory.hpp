// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// Extra delays for tests: pseudo-random, a pure function of (seed, port, beat or cycle), so that
/// two devices that ask in a different order get the same answer. All zero in a real configuration.
struct StallPattern {
  std::uint64_t seed = 0;
  std::uint32_t max_read_delay = 0;      // cycles added to a beat's arrival: 0..max
  std::uint32_t write_busy_percent = 0;  // share of cycles, below 100, in which results are refused
};

/// The time in which a port's bus moves data: back to back, not during a refresh.
///
/// Units   ticks of 2^-24 cycles, so that rates that are no whole number of cycles a beat are exact
/// to
///         6e-8 of a cycle a beat, always on the slow side; a job may last 2^40 cycles
/// Timing  refresh k = 1, 2, ... takes [k * interval, k * interval + length); a transfer that meets
/// one
///         pauses
class BusClock {
 public:
  using Ticks = std::uint64_t;
  static constexpr unsigned kFractionBits = 24;

  static constexpr Ticks at_cycle(std::uint64_t cycle) { return cycle << kFractionBits; }
  static Ticks from_cycles(double cycles);  // rounded up

  /// `interval` 0: no refresh.
  BusClock(Ticks interval, Ticks length) : interval_(interval), length_(length) { reset(); }

  void reset();

  /// Moves `work` ticks of data, not before `ready` and not before the bus is free; returns the
  /// end.
  Ticks transfer(Ticks ready, Ticks work) {
    Ticks end = ready > free_ ? ready : free_;
    if (end >= refresh_) end = skip_refreshes(end);
    end += work;
    while (end > refresh_) {
      end += length_;
      refresh_ += interval_;
    }
    free_ = end;
    return end;
  }

  /// When the last transfer ended.
  [[nodiscard]] Ticks free() const { return free_; }
  /// First instant not before `instant` outside a refresh. Does not change the clock.
  [[nodiscard]] Ticks outside_refresh(Ticks instant) const;

 private:
  Ticks skip_refreshes(Ticks instant);

  static constexpr Ticks kNever = std::numeric_limits<Ticks>::max();

  Ticks interval_;
  Ticks length_;
  Ticks free_ = 0;
  Ticks refresh_ = kNever;  // start of the first refresh that no transfer has passed
};

/// One read port: beats arrive in order, each at a cycle that depends only on when earlier ones
/// were taken.
///
/// Timing  beat n is requested in the cycle after beat n - window was taken (the first `window` at
/// cycle
///         0); its data follows `latency` later, moved by the port's bus in beat order; a beat not
///         taken waits in the port's buffer
/// Trust   tests/sim/streams/stream_memory_test.cpp; both devices read this same object, so it cannot
/// differ
///         between them
/// Omits   banks, rows, and contention between ports: each has its share of the bandwidth for
/// itself
class ReadPort {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  struct Timing {
    BusClock bus;
    BusClock::Ticks beat_ticks;  // bus time of a beat
    BusClock::Ticks latency_ticks;
    std::uint32_t window_beats;
    std::uint32_t max_delay;  // StallPattern
    std::uint64_t delay_seed;
  };

  explicit ReadPort(const Timing& timing);

  /// Begins a job of `beats` beats at cycle 0.
  void start(std::uint64_t beats);

  /// First cycle in which the current beat is offered; kNever after the last.
  [[nodiscard]] std::uint64_t arrival() const { return arrival_; }

  /// The current beat is handed over in `cycle` >= arrival(); the next becomes current and is
  /// offered from the next cycle at the earliest.
  void take(std::uint64_t cycle) {
    requests_[slot_] = BusClock::at_cycle(cycle + 1);
    slot_ = slot_ + 1 == requests_.size() ? 0 : slot_ + 1;
    ++taken_;
    offer(cycle + 1);
  }

  /// Becomes what it would be after the takes of `other`, a port that is alike (but may go on longer).
  void follow(const ReadPort& other);

  [[nodiscard]] std::uint64_t taken() const { return taken_; }  // beats of this job

 private:
  void offer(std::uint64_t earliest) {
    if (taken_ == beats_) {
      arrival_ = kNever;
      return;
    }
    const BusClock::Ticks end =
        bus_.transfer(requests_[slot_] + timing_.latency_ticks, timing_.beat_ticks);
    const std::uint64_t arrived = (end + kRoundUp) >> BusClock::kFractionBits;
    const std::uint64_t offered = timing_.max_delay == 0 ? arrived : arrived + delay();
    arrival_ = offered > earliest ? offered : earliest;
  }

  [[nodiscard]] std::uint64_t delay() const;

  static constexpr BusClock::Ticks kRoundUp = BusClock::at_cycle(1) - 1;

  Timing timing_;
  BusClock bus_;
  std::vector<BusClock::Ticks>
      requests_;          // ring of `window`: when beats taken_ .. + window are requested
  std::size_t slot_ = 0;  // of the current beat
  std::uint64_t beats_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t arrival_ = kNever;
};

/// The write port of the results, with a buffer of one beat in front of its bus.
///
/// Timing  ready in a cycle unless the bus is still busy with earlier beats when the cycle ends, a
///         refresh is on, or the stall pattern says no
/// Trust, Omits  as ReadPort
class WritePort {
 public:
  WritePort(const BusClock& bus, BusClock::Ticks byte_ticks, const StallPattern& stalls);

  void start();

  /// First cycle >= `cycle` in which a beat is accepted.
  [[nodiscard]] std::uint64_t first_ready(std::uint64_t cycle) const;

  /// A beat of `bytes` bytes is handed over in `cycle`, in which the port is ready.
  void take(std::uint64_t cycle, std::uint32_t bytes) {
    bus_.transfer(BusClock::at_cycle(cycle), bytes * byte_ticks_);
    bytes_ += bytes;
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // of this job

 private:
  [[nodiscard]] bool refused(std::uint64_t cycle) const;

  BusClock bus_;
  BusClock::Ticks byte_ticks_;
  StallPattern stalls_;
  std::uint64_t bytes_ = 0;
};

/// Bytes a job moved between memory and unit.
struct MovedBytes {
  std::uint64_t weights;
  std::uint64_t activations;
  std::uint64_t results;
  std::uint64_t descriptors = 0;  // of a unit on a bus
  std::uint64_t records = 0;      // its completion records

  [[nodiscard]] std::uint64_t total() const {
    return weights + activations + results + descriptors + records;
  }

  MovedBytes& operator+=(const MovedBytes& other) {
    weights += other.weights;
    activations += other.activations;
    results += other.results;
    descriptors += other.descriptors;
    records += other.records;
    return *this;
  }
  friend MovedBytes operator*(MovedBytes bytes, std::uint64_t times) {
    return {.weights = bytes.weights * times,
            .activations = bytes.activations * times,
            .results = bytes.results * times,
            .descriptors = bytes.descriptors * times,
            .records = bytes.records * times};
  }

  friend bool operator==(const MovedBytes&, const MovedBytes&) = default;
};

/// The memory behind a unit's streams: when beats come and go. What is in them, the devices know.
struct StreamMemory {
  static constexpr std::uint32_t kSumBytes = 4;

  explicit StreamMemory(const HardwareConfig& hardware, const StallPattern& stalls = {});

  /// Begins a job at cycle 0. Shape  weight_beats (engines,)
  void start(const std::vector<std::uint64_t>& weight_beats, std::uint64_t activation_beats);

  [[nodiscard]] MovedBytes moved_bytes() const;

  std::uint32_t weight_beat_bytes;
  bool weight_ports_alike;        // taken alike, they offer alike
  std::vector<ReadPort> weights;  // (engines,)
  ReadPort activations;
  WritePort results;
};

}  // namespace sterna::sim
