// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bus/faulty_bus.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <string>

namespace sterna::sim {
namespace {

constexpr std::uint32_t kIssueCycles = 2;  // selector, docs/tmu.md
constexpr int kMostCyclesOfAnAccess = 8;   // a register access answers in three
constexpr std::uint32_t kHighWord = 4;

[[noreturn]] void nothing_there(const char* access, std::uint64_t address, std::size_t bytes) {
  throw std::runtime_error("the RTL " + std::string(access) + " " + std::to_string(bytes) +
                           " bytes at " + std::to_string(address) + ", where nothing lies");
}

}  // namespace

////////////
// Memory //
////////////

JobMemory::JobMemory(const HardwareConfig& hardware, const BusLayout& layout,
                     std::span<const TmuTask> tasks) {
  std::uint64_t end = layout.window_base;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const axi::Descriptor& d = layout.descriptors[i];
    end = std::max(end, d.result_base + result_bytes(hardware.unit, tasks[i].command));
    const WeightStreams& streams = *tasks[i].weights;
    for (std::uint32_t e = 0; e < hardware.unit.engines; ++e) {
      const std::size_t first = streams.engine_offset[e];
      const std::size_t bytes = streams.engine_offset[e + 1] - first;
      if (bytes == 0) continue;
      weights_[d.weight_base + e * d.weight_pitch] = std::span(streams.bytes).subspan(first, bytes);
    }
  }
  low_.resize(end);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    std::ranges::copy(tasks[i].activations, reinterpret_cast<std::int8_t*>(low_.data()) +
                                                layout.descriptors[i].activation_base);
  }
}

const std::uint8_t* JobMemory::at(std::uint64_t address, std::size_t bytes) const {
  if (address <= low_.size() && bytes <= low_.size() - address) return low_.data() + address;
  const auto after = weights_.upper_bound(address);
  if (after != weights_.begin()) {
    const auto& [first, range] = *std::prev(after);
    const std::uint64_t offset = address - first;
    if (offset <= range.size() && bytes <= range.size() - offset) return range.data() + offset;
  }
  nothing_there("reads", address, bytes);
}

std::span<std::uint8_t> JobMemory::writable(std::uint64_t address, std::size_t bytes) {
  if (address > low_.size() || bytes > low_.size() - address) {
    nothing_there("writes", address, bytes);
  }
  return std::span(low_).subspan(address, bytes);
}

//////////
// Host //
//////////

FaultyBus::FaultyBus(TmuAxiUnit& unit, const HardwareConfig& hardware)
    : readers_(hardware.unit.engines + 2),
      word_bytes_(hardware.bus->result_bits / 8),
      memory_(hardware),
      unit_(unit) {}

void FaultyBus::reset(JobMemory& bytes) {
  bytes_ = &bytes;
  unit_.reset();
  memory_.start();
  started_ = false;
  cycle_ = issued_ = 0;
  for (auto& bursts : bursts_) bursts.clear();
  answers_.clear();
  write_address_.reset();
  has_last_ = false;
  words_.clear();
  strobes_.clear();
  unit_.in.lite_b_ready = unit_.in.lite_r_ready = true;
  begin({});
}

void FaultyBus::begin(const BusFaults& with) {
  faults_ = with;
  seen_ = {};
  seen_.last_handshake = seen_.last_slot = cycle_;
  beats_.fill(0);
  waits_.fill(0);
  write_bursts_ = 0;
  written_.clear();
}

// Ends in the cycle that shows the answer, which is the first in which the value acts.
bool FaultyBus::access_write(axi::Reg reg, std::uint32_t value) {
  auto& in = unit_.in;
  in.lite_aw_valid = in.lite_w_valid = true;
  in.lite_aw_addr = static_cast<std::uint16_t>(reg);
  in.lite_w_data = value;
  for (int i = 0; !unit_.out.lite_b_valid && i < kMostCyclesOfAnAccess; ++i) {
    const bool address = unit_.out.lite_aw_ready;
    const bool data = unit_.out.lite_w_ready;
    step();
    in.lite_aw_valid = in.lite_aw_valid && !address;
    in.lite_w_valid = in.lite_w_valid && !data;
  }
  return unit_.out.lite_b_valid && unit_.out.lite_b_resp == 0;
}

void FaultyBus::set(axi::Reg reg, std::uint32_t value) {
  if (!access_write(reg, value)) throw std::runtime_error("the RTL refuses a write of a register");
  if (reg == axi::Reg::Tail) started_ = true;
  step();
}

void FaultyBus::set64(axi::Reg low, std::uint64_t value) {
  set(low, static_cast<std::uint32_t>(value));
  set(static_cast<axi::Reg>(static_cast<std::uint32_t>(low) + kHighWord),
      static_cast<std::uint32_t>(value >> 32));
}

std::uint32_t FaultyBus::get(axi::Reg reg) {
  auto& in = unit_.in;
  in.lite_ar_valid = true;
  in.lite_ar_addr = static_cast<std::uint16_t>(reg);
  for (int i = 0; !unit_.out.lite_r_valid && i < kMostCyclesOfAnAccess; ++i) {
    const bool address = unit_.out.lite_ar_ready;
    step();
    in.lite_ar_valid = in.lite_ar_valid && !address;
  }
  if (!unit_.out.lite_r_valid || unit_.out.lite_r_resp != 0) {
    throw std::runtime_error("the RTL refuses a read of a register");
  }
  const std::uint32_t value = unit_.out.lite_r_data;
  step();
  return value;
}

std::uint64_t FaultyBus::get64(axi::Reg low) {
  const std::uint64_t value = get(low);
  const auto high = static_cast<axi::Reg>(static_cast<std::uint32_t>(low) + kHighWord);
  return value | std::uint64_t{get(high)} << 32;
}

////////////
// Cycles //
////////////

void FaultyBus::step() {
  if (started_) {
    clock();
  } else {
    unit_.step();
  }
}

bool FaultyBus::run_until(const std::function<bool()>& done, std::uint64_t most) {
  for (std::uint64_t i = 0; !done(); ++i) {
    if (i == most) return false;
    step();
  }
  return true;
}

void FaultyBus::clock() {
  memory_.advance(cycle_);
  take_addresses();
  offer_beats();
  take_writes();
  offer_answer();
  unit_.step();
  see_inside();
  ++cycle_;
}

// A channel that waits in this cycle has waited for one more.
void FaultyBus::note_wait(std::uint32_t channel, bool waits) {
  seen_.waited[channel] |= waits;
  waits_[channel] = waits ? waits_[channel] + 1 : 0;
  seen_.worst_wait = std::max(seen_.worst_wait, waits_[channel]);
}

void FaultyBus::take_addresses() {
  for (std::uint32_t r = 0; r < readers_; ++r) {
    const TmuAxiUnit::ReadOutputs& pins = unit_.out.readers[r];
    const bool is_silent = silent((faults_.silent_ar >> r & 1U) != 0);
    seen_.blocked |= pins.ar_valid && is_silent;
    addresses_[r] = {.valid = pins.ar_valid && !is_silent,
                     .address = pins.ar_addr,
                     .beats = std::uint32_t{pins.ar_len} + 1};
  }
  const std::uint32_t taken = memory_.take_addresses(std::span(addresses_).first(readers_));
  for (std::uint32_t r = 0; r < readers_; ++r) {
    const bool ready = (taken >> r & 1U) != 0;
    unit_.in.readers[r].ar_ready = ready;
    note_wait(r, addresses_[r].valid && !ready);
    if (!ready) continue;
    const auto& [valid, address, beats] = addresses_[r];
    bursts_[r].push_back({.address = address,
                          .next = bytes_->at(address, beats * memory_.beat_bytes(r)),
                          .beats = beats,
                          .asked = cycle_});
    handshake();
  }
}

void FaultyBus::offer_beats() {
  for (std::uint32_t r = 0; r < readers_; ++r) {
    TmuAxiUnit::ReadInputs& pins = unit_.in.readers[r];
    const bool is_silent = silent((faults_.silent_r >> r & 1U) != 0);
    seen_.blocked |= memory_.has_beat(r) && is_silent;
    pins.r_valid = memory_.has_beat(r) && !is_silent;
    if (!pins.r_valid) continue;
    Burst& burst = bursts_[r].front();
    const bool fault = r == faults_.reader && beats_[r]++ == faults_.read_beat;
    if (fault) seen_.fault = {.cycle = cycle_, .burst = burst.address};
    pins.r_resp = fault ? faults_.response : 0;
    pins.r_last = memory_.take_beat(r);
    pins.r_data = burst.next;
    burst.next += memory_.beat_bytes(r);
    handshake();
    if (r + 1 == readers_) seen_.descriptor_beats.push_back(cycle_);
    if (--burst.beats != 0) continue;
    seen_.worst_answer = std::max(seen_.worst_answer, cycle_ - burst.asked);
    bursts_[r].pop_front();
  }
}

void FaultyBus::take_writes() {
  const TmuAxiUnit::Outputs& out = unit_.out;
  const bool silent_aw = silent(faults_.silent_aw);
  const bool silent_w = silent(faults_.silent_w);
  seen_.blocked |= (out.aw_valid && silent_aw) || (out.w_valid && silent_w);
  unit_.in.aw_ready = memory_.aw_ready() && !silent_aw;
  unit_.in.w_ready = memory_.w_ready() && !silent_w;
  note_wait(readers_, out.aw_valid && !unit_.in.aw_ready && !silent_aw);
  note_wait(readers_ + 1, out.w_valid && !unit_.in.w_ready && !silent_w);
  if (out.aw_valid && unit_.in.aw_ready) {
    memory_.take_write_address(out.aw_addr, std::uint32_t{out.aw_len} + 1);
    write_address_ = out.aw_addr;
    handshake();
  }
  if (out.w_valid && unit_.in.w_ready) {
    memory_.take_word(out.w_last);
    words_.insert(words_.end(), out.w_data, out.w_data + word_bytes_);
    strobes_.insert(strobes_.end(), out.w_strb, out.w_strb + word_bytes_ / 8);
    has_last_ = out.w_last;
    handshake();
  }
  if (write_address_ && has_last_) end_write();
}

// The burst is whole: its bytes are in memory, unless it is the one that fails.
void FaultyBus::end_write() {
  const bool fault = write_bursts_++ == faults_.write_burst;
  for (std::size_t i = 0; i < words_.size() && !fault; ++i) {
    if ((strobes_[i / 8] >> i % 8 & 1U) != 0)
      bytes_->writable(*write_address_ + i, 1)[0] = words_[i];
  }
  answers_.push_back({.address = *write_address_,
                      .response = fault ? faults_.response : std::uint8_t{0},
                      .sent = cycle_});
  write_address_.reset();
  has_last_ = false;
  words_.clear();
  strobes_.clear();
}

void FaultyBus::offer_answer() {
  const bool is_silent = silent(faults_.silent_b);
  seen_.blocked |= memory_.has_answer() && is_silent;
  unit_.in.b_valid = memory_.has_answer() && !is_silent;
  if (!unit_.in.b_valid) return;
  memory_.take_answer();
  const Answer answer = answers_.front();
  answers_.pop_front();
  unit_.in.b_resp = answer.response;
  if (answer.response != 0) seen_.fault = {.cycle = cycle_, .burst = answer.address};
  written_.push_back({.cycle = cycle_, .burst = answer.address});
  seen_.worst_answer = std::max(seen_.worst_answer, cycle_ - answer.sent);
  handshake();
}

void FaultyBus::see_inside() {
  if (unit_.inside.accepted) seen_.starts.push_back(cycle_);
  if (unit_.inside.answered) seen_.answers.push_back(cycle_);
  if (unit_.out.irq && !seen_.irq) seen_.irq = cycle_ + 1;
  const std::uint64_t issued = unit_.counter(kIssueCycles);
  if (issued != issued_) seen_.last_slot = cycle_;
  issued_ = issued;
}

}  // namespace sterna::sim
