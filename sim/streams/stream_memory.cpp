// SPDX-License-Identifier: Apache-2.0
#include "sim/streams/stream_memory.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace sterna::sim {
namespace {

// Finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): every input bit reaches every output
// bit.
std::uint64_t scramble(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

// Port numbers of the stall pattern; engine e reads port e.
constexpr std::uint64_t kActivationPort = 1000;
constexpr std::uint64_t kResultPort = 1001;

double cycles(const HardwareConfig& hardware, double nanoseconds) {
  return nanoseconds * hardware.clock_mhz / 1000;
}

BusClock bus(const HardwareConfig& hardware) {
  return {BusClock::from_cycles(cycles(hardware, hardware.memory.refresh_interval_ns)),
          BusClock::from_cycles(cycles(hardware, hardware.memory.refresh_ns))};
}

ReadPort read_port(const HardwareConfig& hardware, double beat_ns, const StallPattern& stalls,
                   std::uint64_t port) {
  return ReadPort(
      {.bus = bus(hardware),
       .beat_ticks = BusClock::from_cycles(cycles(hardware, beat_ns)),
       .latency_ticks = BusClock::from_cycles(cycles(hardware, hardware.memory.latency_ns)),
       .window_beats = hardware.memory.window_beats,
       .max_delay = stalls.max_read_delay,
       .delay_seed = scramble(stalls.seed ^ scramble(port))});
}

std::vector<ReadPort> weight_ports(const HardwareConfig& hardware, const StallPattern& stalls) {
  const std::uint32_t engines = hardware.unit.engines;
  const double port_gb_s = hardware.memory.weight_gb_s / engines;
  std::vector<ReadPort> ports;
  for (std::uint32_t e = 0; e < engines; ++e) {
    ports.push_back(read_port(hardware, hardware.unit.beat_bytes() / port_gb_s, stalls, e));
  }
  return ports;
}

}  // namespace

BusClock::Ticks BusClock::from_cycles(double cycles) {
  return static_cast<Ticks>(std::ceil(std::ldexp(cycles, kFractionBits)));
}

void BusClock::reset() {
  free_ = 0;
  refresh_ = interval_ == 0 || length_ == 0 ? kNever : interval_;
}

BusClock::Ticks BusClock::outside_refresh(Ticks instant) const {
  if (refresh_ == kNever || instant < interval_) return instant;
  const Ticks into = instant % interval_;
  return into < length_ ? instant - into + length_ : instant;
}

BusClock::Ticks BusClock::skip_refreshes(Ticks instant) {
  const Ticks outside = outside_refresh(instant);
  refresh_ = (outside / interval_ + 1) * interval_;
  return outside;
}

ReadPort::ReadPort(const Timing& timing)
    : timing_(timing), bus_(timing.bus), requests_(timing.window_beats) {}

void ReadPort::start(std::uint64_t beats) {
  bus_.reset();
  std::fill(requests_.begin(), requests_.end(), 0);
  slot_ = 0;
  beats_ = beats;
  taken_ = 0;
  offer(0);
}

void ReadPort::follow(const ReadPort& other) {
  bus_ = other.bus_;
  requests_ = other.requests_;
  slot_ = other.slot_;
  taken_ = other.taken_;
  arrival_ = taken_ == beats_ ? kNever : other.arrival_;
}

std::uint64_t ReadPort::delay() const {
  return scramble(timing_.delay_seed ^ taken_) % (std::uint64_t{timing_.max_delay} + 1);
}

WritePort::WritePort(const BusClock& bus, BusClock::Ticks byte_ticks, const StallPattern& stalls)
    : bus_(bus), byte_ticks_(byte_ticks), stalls_(stalls) {
  assert(stalls.write_busy_percent < 100);
}

void WritePort::start() {
  bus_.reset();
  bytes_ = 0;
}

std::uint64_t WritePort::first_ready(std::uint64_t cycle) const {
  cycle = std::max(cycle, bus_.free() >> BusClock::kFractionBits);
  while (refused(cycle)) ++cycle;
  return cycle;
}

bool WritePort::refused(std::uint64_t cycle) const {
  const BusClock::Ticks instant = BusClock::at_cycle(cycle);
  if (bus_.outside_refresh(instant) != instant) return true;
  if (stalls_.write_busy_percent == 0) return false;
  return scramble(scramble(stalls_.seed ^ kResultPort) ^ cycle) % 100 < stalls_.write_busy_percent;
}

StreamMemory::StreamMemory(const HardwareConfig& hardware, const StallPattern& stalls)
    : weight_beat_bytes(hardware.unit.beat_bytes()),
      weight_ports_alike(stalls.max_read_delay == 0),
      weights(weight_ports(hardware, stalls)),
      activations(read_port(hardware, kActivationBeatBytes / hardware.memory.activation_gb_s,
                            stalls, kActivationPort)),
      results(bus(hardware),
              BusClock::from_cycles(cycles(hardware, 1 / hardware.memory.result_gb_s)), stalls) {}

void StreamMemory::start(const std::vector<std::uint64_t>& weight_beats,
                         std::uint64_t activation_beats) {
  for (std::size_t e = 0; e < weights.size(); ++e) weights[e].start(weight_beats[e]);
  activations.start(activation_beats);
  results.start();
}

MovedBytes StreamMemory::moved_bytes() const {
  std::uint64_t weight_beats = 0;
  for (const ReadPort& port : weights) weight_beats += port.taken();
  return {.weights = weight_beats * weight_beat_bytes,
          .activations = activations.taken() * kActivationBeatBytes,
          .results = results.bytes()};
}

}  // namespace sterna::sim
