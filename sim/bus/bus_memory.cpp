// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/bus_memory.hpp"

#include <algorithm>

namespace sterna::sim {
namespace {

constexpr std::uint32_t kStreamBytes = 16;  // of an activation or descriptor beat

}  // namespace

BusMemory::BusMemory(const HardwareConfig& hardware)
    : hardware_((hardware.validate_on_bus(), hardware)),
      latency_(hardware.bus->latency_cycles(hardware.clock_mhz)) {
  for (std::uint32_t e = 0; e < hardware.unit.engines; ++e) {
    readers_.push_back({.beat_bytes = hardware.unit.beat_bytes()});
  }
  for (int i = 0; i < 2; ++i) readers_.push_back({.beat_bytes = kStreamBytes});
  start();
}

void BusMemory::start() {
  dram_.emplace(hardware_.bus->dram, static_cast<std::uint32_t>(readers_.size()) + 1);
  for (Reader& reader : readers_) reader = {.beat_bytes = reader.beat_bytes};
  turn_ = 0;
  refused_ = 0;
  write_ = {};
  answers_.clear();
  cycle_ = 0;
  quiet_until_ = 0;
}

void BusMemory::advance(Cycle cycle) {
  cycle_ = cycle;
  if (cycle >= quiet_until_) advance_dram(cycle);
  if (write_.has_address && write_.has_last) send_write();
}

void BusMemory::advance_dram(Cycle cycle) {
  dram_->advance(cycle);
  const auto writer = static_cast<std::uint32_t>(readers_.size());
  while (dram_->has_written(writer)) dram_->take_written(writer);
  quiet_until_ = dram_->next_change();
  refused_ = 0;
  for (std::uint32_t r = 0; r < readers_.size(); ++r) {
    if (readers_[r].next == kNever) collect(r);
  }
}

BusMemory::Cycle BusMemory::next_change() const {
  Cycle next = quiet_until_;
  for (const Reader& reader : readers_) next = std::min(next, reader.next);
  if (!answers_.empty()) next = std::min(next, answers_.front());
  return std::max(next, cycle_ + 1);
}

std::uint32_t BusMemory::take_addresses(std::span<const Address> addresses) {
  const auto count = static_cast<std::uint32_t>(addresses.size());
  std::uint32_t taken = 0;
  std::uint32_t reader = turn_;
  for (std::uint32_t i = 0; i < count; ++i, reader = reader + 1 == count ? 0 : reader + 1) {
    const Address& asked = addresses[reader];
    if (!asked.valid || (refused_ >> reader & 1U) != 0) continue;
    const std::uint32_t bytes = asked.beats * readers_[reader].beat_bytes;
    dram_->advance(cycle_);
    if (!dram_->room(asked.address, bytes, false)) {
      refused_ |= 1U << reader;
      continue;
    }
    dram_->submit({.port = reader,
                   .tag = 0,
                   .address = asked.address,
                   .bytes = bytes,
                   .write = false,
                   .cycle = cycle_});
    readers_[reader].open += asked.beats;
    taken |= 1U << reader;
    turn_ = reader + 1 == count ? 0 : reader + 1;
    quiet_until_ = cycle_;  // to be asked for again
  }
  return taken;
}

// Puts granules together to the next beat.
void BusMemory::collect(std::uint32_t index) {
  Reader& reader = readers_[index];
  if (reader.open == 0) return;
  while (reader.have < reader.beat_bytes) {
    if (!dram_->has_arrival(index)) return;
    const DramArrival arrival = dram_->arrival(index);
    dram_->take_arrival(index);
    reader.have += arrival.bytes;
    reader.last = arrival.last;
    reader.ready = arrival.cycle + latency_;
  }
  reader.next = std::max(reader.ready, reader.free);
}

bool BusMemory::take(Reader& reader, std::uint32_t index, Cycle cycle) {
  reader.free = cycle + 1;
  reader.have -= reader.beat_bytes;
  reader.next = kNever;
  --reader.open;
  ++reader.taken;
  const bool last = reader.last && reader.have == 0;
  collect(index);
  return last;
}

// When a beat comes follows from when the DRAM gave it, so the DRAM may run ahead.
void BusMemory::take_until(Cycle cycle, std::span<Taken> taken) {
  cycle_ = cycle;
  if (cycle >= quiet_until_) advance_dram(cycle);
  for (std::uint32_t r = 0; r < readers_.size(); ++r) {
    Reader& reader = readers_[r];
    taken[r] = {};
    while (reader.next <= cycle) {
      ++taken[r].beats;
      taken[r].bursts += take(reader, r, reader.next) ? 1 : 0;
    }
  }
}

MovedBytes BusMemory::read_bytes() const {
  const std::uint32_t engines = hardware_.unit.engines;
  const auto bytes = [&](std::uint32_t reader) {
    return readers_[reader].taken * readers_[reader].beat_bytes;
  };
  MovedBytes moved{
      .weights = 0, .activations = bytes(engines), .results = 0, .descriptors = bytes(engines + 1)};
  for (std::uint32_t e = 0; e < engines; ++e) moved.weights += bytes(e);
  return moved;
}

void BusMemory::take_write_address(std::uint64_t address, std::uint32_t beats) {
  write_.address = address;
  write_.bytes = beats * hardware_.bus->result_bits / 8;
  write_.has_address = true;
}

void BusMemory::send_write() {
  const auto port = static_cast<std::uint32_t>(readers_.size());
  dram_->advance(cycle_);
  if (!dram_->room(write_.address, write_.bytes, true)) return;
  dram_->submit({.port = port,
                 .tag = 0,
                 .address = write_.address,
                 .bytes = write_.bytes,
                 .write = true,
                 .cycle = cycle_});
  answers_.push_back(cycle_ + latency_);
  write_ = {};
  quiet_until_ = cycle_;
}

}  // namespace sterna::sim
