// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/descriptor_ring.hpp"

#include "sim/job/job_plan.hpp"

namespace sterna::sim {

void DescriptorRing::start(const BusLayout& layout, std::span<const TmuTask> tasks) {
  layout_ = &layout;
  tasks_ = tasks;
  fetched_ = pending_ = entries_ = checked_ = beats_ = turn_ = 0;
  state_ = State::Collect;
}

std::optional<ReadJob> DescriptorRing::fetch() const {
  if (fetched_ == layout_->descriptors.size() || pending_ == hardware_.bus->descriptors) {
    return std::nullopt;
  }
  return ReadJob{.address = layout_->ring_base + fetched_ * sizeof(axi::Descriptor),
                 .beats = kDescriptorBeats};
}

std::optional<DescriptorRing::HandOut> DescriptorRing::hand_out(std::uint64_t cycle) const {
  if (state_ != State::HandOut || cycle < hand_out_from_) return std::nullopt;
  const axi::Descriptor& d = layout_->descriptors[checked_];
  const TmuCommand& command = tasks_[checked_].command;
  const bool columns = command.columns != 0;
  if (turn_ == hardware_.unit.engines) {
    return HandOut{
        .master = turn_,
        .job = {.address = d.activation_base, .beats = activation_beats(hardware_.unit, command)},
        .columns = columns};
  }
  const std::uint64_t rows = columns ? 1 : engine_rows(hardware_.unit, command, turn_);
  return HandOut{
      .master = turn_,
      .job = {.address = d.weight_base + turn_ * d.weight_pitch, .beats = rows * command.beats},
      .columns = columns};
}

bool DescriptorRing::clock(std::uint64_t cycle, const Events& events) {
  const std::uint32_t engines = hardware_.unit.engines;
  bool moved = events.fetched || events.collected || events.handed_out || events.started;
  fetched_ += events.fetched ? 1 : 0;
  pending_ += (events.fetched ? 1U : 0U) - (events.started ? 1U : 0U);
  entries_ -= events.started ? 1 : 0;
  if (state_ == State::Give) {
    ++entries_;
    ++checked_;
    state_ = State::Collect;
    moved = true;
  } else if (events.collected && ++beats_ == kDescriptorBeats) {
    beats_ = 0;
    turn_ = 0;
    hand_out_from_ = cycle + kCheckCycles + engines;
    state_ = State::HandOut;
  } else if (events.handed_out && turn_++ == engines) {
    state_ = State::Give;
  }
  return moved;
}

}  // namespace sterna::sim
