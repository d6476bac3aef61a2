// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/bus_timing.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace sterna::sim {

BusTiming::BusTiming(const HardwareConfig& hardware)
    : hardware_(hardware),
      memory_(hardware),
      addresses_(memory_.readers()),
      taken_(memory_.readers()),
      ring_(hardware),
      unit_(hardware.unit),
      writer_(hardware),
      column_jobs_(hardware.unit.engines) {}

void BusTiming::start(const BusLayout& layout, std::span<const TmuTask> tasks) {
  const BusConfig& bus = *hardware_.bus;
  layout_ = &layout;
  tasks_ = tasks;
  memory_.start();
  masters_.clear();
  const std::uint32_t descriptor_reader = hardware_.unit.engines + 1;
  for (std::uint32_t r = 0; r < descriptor_reader; ++r) {
    masters_.emplace_back(ReadMaster::Sizes{.beat_bytes = memory_.beat_bytes(r),
                                            .burst_beats = bus.burst_beats,
                                            .fifo_beats = bus.dma_fifo_beats,
                                            .outstanding = bus.outstanding});
  }
  masters_.emplace_back(
      ReadMaster::Sizes{.beat_bytes = memory_.beat_bytes(descriptor_reader),
                        .burst_beats = DescriptorRing::kDescriptorBeats,
                        .fifo_beats = DescriptorRing::kDescriptorBeats * bus.descriptors,
                        .outstanding = bus.descriptors});
  std::fill(addresses_.begin(), addresses_.end(), BusMemory::Address{});
  ring_.start(layout, tasks);
  unit_.start();
  writer_.start();
  columns_wanted_ = false;
  cycle_ = 0;
  running_ = false;
  started_ = done_ = 0;
  reports_.clear();
}

bool BusTiming::step() {
  const bool moved = clock();
  if (done_ == tasks_.size()) return false;
  if (!moved) {
    const std::uint64_t next =
        std::min({memory_.next_change(), unit_.next_event(cycle_), ring_.next_event(cycle_)});
    if (next == BusMemory::kNever) {
      throw std::logic_error(
          fmt::format("broken model of the bus: nothing will happen after cycle {}", cycle_));
    }
    unit_.pass(next - cycle_ - 1);
    cycle_ = next;
  } else {
    ++cycle_;
  }
  return true;
}

bool BusTiming::leap() {
  if (!running_) return false;
  ClockedTmu::Slots slots = unit_.plain_slots(cycle_);
  if (slots.count == 0 || !is_calm()) return false;
  for (std::uint32_t r = 0; r < masters_.size(); ++r) {
    const std::uint64_t pops = masters_[r].pops_before_asking();
    if (pops == 0) return false;
    if (r >= slots.engines) continue;
    slots.count = static_cast<std::uint32_t>(
        std::min<std::uint64_t>({slots.count, pops, masters_[r].held_beats()}));
  }
  // The cycle of the last push is the last of the leap.
  const std::uint64_t until = std::min(memory_.next_answer(), ring_.next_event(cycle_));
  if (until < slots.first + 2) return false;
  slots.count = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(slots.count, (until - slots.first - 2) / slots.each + 1));
  if (slots.count == 0) return false;
  const std::uint64_t last = slots.first + std::uint64_t{slots.count - 1} * slots.each + 1;
  memory_.take_until(last, taken_);
  for (std::uint32_t r = 0; r < masters_.size(); ++r) {
    masters_[r].pass(taken_[r], r < slots.engines ? slots.count : 0);
  }
  unit_.pass(slots);
  cycle_ = last + 1;
  return true;
}

// Ring and writer wait, no address is on its way, and no beat that comes wakes the ring.
bool BusTiming::is_calm() const {
  const std::uint32_t descriptors = hardware_.unit.engines + 1;
  if (!writer_.waits() || !memory_.aw_ready() || !memory_.w_ready() || ring_.giving()) return false;
  if (ring_.collecting() &&
      (masters_[descriptors].has_beat() || memory_.open_beats(descriptors) != 0)) {
    return false;
  }
  if (ring_.fetch() && masters_[descriptors].job_ready()) return false;
  const auto hand_out = ring_.hand_out(cycle_);
  if (hand_out && takes(*hand_out)) return false;
  return std::none_of(addresses_.begin(), addresses_.end(),
                      [](const BusMemory::Address& address) { return address.valid; });
}

// What has no beats needs no master.
bool BusTiming::takes(const DescriptorRing::HandOut& hand_out) const {
  if (hand_out.job.beats == 0) return true;
  const bool ready = masters_[hand_out.master].job_ready();
  if (hand_out.master == hardware_.unit.engines) return ready;
  return !columns_wanted_ && (hand_out.columns || ready);
}

void BusTiming::hand(const DescriptorRing::HandOut& hand_out) {
  const bool weights = hand_out.master != hardware_.unit.engines;
  if (hand_out.columns && weights) {
    column_jobs_[hand_out.master] = hand_out.job;
    return;
  }
  columns_wanted_ |= hand_out.columns;
  if (hand_out.job.beats != 0) masters_[hand_out.master].hand(hand_out.job);
}

// The first beat of a column that the unit wants, if all weight masters take a job.
std::optional<std::uint64_t> BusTiming::column_to_hand() const {
  if (!columns_wanted_) return std::nullopt;
  const auto weights = std::span(masters_).first(hardware_.unit.engines);
  const bool ready = std::all_of(weights.begin(), weights.end(),
                                 [](const ReadMaster& master) { return master.job_ready(); });
  return ready ? unit_.wanted_column() : std::nullopt;
}

void BusTiming::hand_column(std::uint64_t beat) {
  for (std::uint32_t e = 0; e < hardware_.unit.engines; ++e) {
    const ReadJob& first = column_jobs_[e];
    masters_[e].hand(
        {.address = first.address + beat * memory_.beat_bytes(e), .beats = first.beats});
  }
}

bool BusTiming::clock() {
  // (1) The memory: answers that come, addresses that it takes.
  memory_.advance(cycle_);
  const std::uint32_t taken = memory_.take_addresses(addresses_);

  // (2) Handshakes between the parts, from their states at the start of the cycle.
  const std::uint32_t engines = hardware_.unit.engines;
  const auto fetch = ring_.fetch();
  const auto hand_out = ring_.hand_out(cycle_);
  const bool fetched = fetch && masters_[engines + 1].job_ready();
  const bool handed_out = hand_out && takes(*hand_out);
  const bool starts = !running_ && ring_.has_entry() && writer_.job_ready();
  const bool responds = unit_.responds();
  const bool collected = ring_.collecting() && masters_[engines + 1].has_beat();
  ClockedTmu::Events to_unit;
  const auto column = column_to_hand();
  const bool found = unit_.columns_found();
  to_unit.column = column.has_value();
  to_unit.result = unit_.has_result(cycle_) && writer_.result_ready();

  // (3) The edge: readers, ring, commands, writer, unit.
  bool moved = clock_readers(taken, to_unit);
  moved |= clock_reader(engines + 1, (taken >> (engines + 1) & 1U) != 0, collected);
  if (fetched) masters_[engines + 1].hand(*fetch);
  if (handed_out) hand(*hand_out);
  if (column) hand_column(*column);
  if (found) columns_wanted_ = false;
  moved |= ring_.clock(
      cycle_,
      {.fetched = fetched, .collected = collected, .handed_out = handed_out, .started = starts});
  const ResultWriter::Job job = starts ? next_job() : ResultWriter::Job{};
  const ResultWriter::Outcome outcome = writer_.clock(
      {.job = starts ? &job : nullptr, .result = to_unit.result, .finish = responds}, memory_);
  moved |= outcome.moved;
  if (starts) {
    unit_.accept(tasks_[started_]);
    reports_.push_back({.status = TmuStatus::Done,
                        .accept_cycle = cycle_,
                        .respond_cycle = 0,
                        .done_cycle = 0,
                        .counters = {}});
    ++started_;
    running_ = true;
  }
  moved |= unit_.clock(cycle_, to_unit);
  if (responds) end_command();
  if (outcome.done) reports_[done_++].done_cycle = cycle_;
  return moved || outcome.done;
}

// Weights and activations.
bool BusTiming::clock_readers(std::uint32_t taken, ClockedTmu::Events& to_unit) {
  const std::uint32_t engines = hardware_.unit.engines;
  bool moved = false;
  for (std::uint32_t e = 0; e < engines; ++e) {
    const bool popped = masters_[e].has_beat() && unit_.weight_ready(e);
    to_unit.weights |= std::uint32_t{popped} << e;
    moved |= clock_reader(e, (taken >> e & 1U) != 0, popped);
  }
  to_unit.activation = masters_[engines].has_beat() && unit_.activation_ready();
  moved |= clock_reader(engines, (taken >> engines & 1U) != 0, to_unit.activation);
  return moved;
}

bool BusTiming::clock_reader(std::uint32_t reader, bool taken, bool popped) {
  const bool came = memory_.has_beat(reader);
  const bool last = came && memory_.take_beat(reader);
  return masters_[reader].clock(addresses_[reader],
                                {.taken = taken, .came = came, .last = last, .popped = popped});
}

ResultWriter::Job BusTiming::next_job() const {
  const TmuCommand& command = tasks_[started_].command;
  const std::size_t word_bytes = hardware_.bus->result_bits / 8;
  return {.tokens = command.tokens,
          .address = layout_->descriptors[started_].result_base,
          .words = (result_bytes(hardware_.unit, command) + word_bytes - 1) / word_bytes,
          .record_address = layout_->record_address(started_)};
}

MovedBytes BusTiming::moved_bytes() const {
  MovedBytes moved = memory_.read_bytes();
  for (const TmuTask& task : tasks_.first(done_)) {
    moved.results += result_bytes(hardware_.unit, task.command);
    moved.records += kRecordBytes;
  }
  return moved;
}

// The response is taken; the counters hold the whole command.
void BusTiming::end_command() {
  CommandReport& report = reports_[started_ - 1];
  report.respond_cycle = cycle_;
  report.counters = unit_.counters();
  running_ = false;
}

}  // namespace sterna::sim
