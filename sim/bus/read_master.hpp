// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "sim/bus/bus_memory.hpp"

namespace sterna::sim {

/// Consecutive beats to be read.
struct ReadJob {
  std::uint64_t address = 0;
  std::uint64_t beats = 0;
};

/// axi_read_dma.sv clock by clock, without data: jobs to bursts, beats in the queue to the unit.
///
/// Protocol  each cycle: has_beat() and job_ready() are of its start; clock() ends it; hand() after that
class ReadMaster {
 public:
  struct Sizes {
    std::uint32_t beat_bytes;
    std::uint32_t burst_beats;
    std::uint32_t fifo_beats;
    std::uint32_t outstanding;
  };

  /// What happens to it in a cycle.
  struct Events {
    bool taken;   // the address on its channel
    bool came;    // a beat
    bool last;    // it is the last of its burst
    bool popped;  // a beat, from the queue
  };

  explicit ReadMaster(const Sizes& sizes)
      : sizes_(sizes),
        beat_shift_(static_cast<std::uint32_t>(std::countr_zero(sizes.beat_bytes))),
        room_(sizes.fifo_beats) {}

  [[nodiscard]] bool has_beat() const { return held_ != 0; }
  [[nodiscard]] bool job_ready() const { return jobs_ < kJobs; }

  /// Pops after which it asks for a burst or takes a job, if none of its bursts ends before: 0 when it may at
  /// once, kNever when it has nothing to ask for. Its address channel is free.
  static constexpr std::uint64_t kNever = BusMemory::kNever;
  [[nodiscard]] std::uint64_t pops_before_asking() const {
    if (left_ == 0) return jobs_ == 0 ? kNever : 0;
    const std::uint32_t beats = next_beats();
    return room_ >= beats ? 0 : beats - room_;
  }
  [[nodiscard]] std::uint32_t held_beats() const { return held_; }

  /// A stretch of cycles in which nothing else happens to it.
  void pass(const BusMemory::Taken& came, std::uint32_t popped) {
    room_ += popped;
    open_ -= came.bursts;
    held_ += came.beats - popped;
  }

  void hand(const ReadJob& job) { queue_[jobs_++] = job; }

  /// Returns whether anything changed. `channel` is the address channel, ARVALID and what is with it.
  bool clock(BusMemory::Address& channel, const Events& events) {
    bool moved = events.taken || events.came || events.popped;
    const bool channel_free = !channel.valid || events.taken;
    if (events.taken) channel.valid = false;
    if (left_ == 0) {
      moved |= jobs_ != 0;
      take_job();
    } else if (channel_free) {
      const std::uint32_t beats = next_beats();
      if (room_ >= beats && open_ < sizes_.outstanding) {
        ask(channel, beats);
        moved = true;
      }
    }
    room_ += events.popped ? 1 : 0;
    open_ -= events.last ? 1 : 0;
    held_ += (events.came ? 1U : 0U) - (events.popped ? 1U : 0U);
    return moved;
  }

 private:
  static constexpr std::uint32_t kJobs = 2;

  // Of the next burst.
  [[nodiscard]] std::uint32_t next_beats() const {
    const auto to_edge =
        sizes_.burst_beats - ((address_ >> beat_shift_) & (sizes_.burst_beats - 1));
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(left_, to_edge));
  }

  void ask(BusMemory::Address& channel, std::uint32_t beats) {
    channel = {.valid = true, .address = address_, .beats = beats};
    room_ -= beats;
    ++open_;
    left_ -= beats;
    address_ += std::uint64_t{beats} << beat_shift_;
    if (left_ == 0) take_job();
  }

  void take_job() {
    if (jobs_ == 0) return;
    address_ = queue_[0].address;
    left_ = queue_[0].beats;
    queue_[0] = queue_[1];
    --jobs_;
  }

  Sizes sizes_;
  std::uint32_t beat_shift_;
  ReadJob queue_[kJobs];
  std::uint32_t jobs_ = 0;
  std::uint64_t address_ = 0;  // of the next burst
  std::uint64_t left_ = 0;     // beats of this job not yet asked for
  std::uint32_t room_;         // beats that may still be asked for
  std::uint32_t open_ = 0;     // bursts without their last beat
  std::uint32_t held_ = 0;     // beats in the queue
};

}  // namespace sterna::sim
