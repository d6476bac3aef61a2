// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "rtl/axi/registers.hpp"
#include "sim/bus/bus_layout.hpp"
#include "sim/bus/read_master.hpp"
#include "sim/config/hardware.hpp"

namespace sterna::sim {

/// descriptor_ring.sv and descriptor_check.sv clock by clock, for legal descriptors: fetches them ahead of
/// need and hands their reads to the masters.
///
/// Protocol  each cycle: fetch(), collecting(), hand_out() and has_entry() are of its start; clock() ends it
class DescriptorRing {
 public:
  static constexpr std::uint64_t kNever = BusMemory::kNever;
  static constexpr std::uint32_t kDescriptorBeats = 4;
  /// From a descriptor's last beat to the first hand-out, a cycle an engine left out (docs/axi.md, Ring): 33
  /// cycles of descriptor_counts, then a range a cycle.
  static constexpr std::uint32_t kCheckCycles = 36;

  /// A read and its master; no beats: nothing to read, which takes a cycle all the same.
  struct HandOut {
    std::uint32_t master;
    ReadJob job;
    bool columns =
        false;  // of a command by columns: a job of weights is one column, the unit says which
  };

  struct Events {
    bool fetched;     // fetch() was handed to the descriptor master
    bool collected;   // a beat from its queue
    bool handed_out;  // hand_out() was taken
    bool started;     // the oldest entry
  };

  explicit DescriptorRing(const HardwareConfig& hardware) : hardware_(hardware) {}

  /// Both outlive the job; they belong together.
  void start(const BusLayout& layout, std::span<const TmuTask> tasks);

  /// The read of the next descriptor, if one is wanted.
  [[nodiscard]] std::optional<ReadJob> fetch() const;
  [[nodiscard]] bool collecting() const { return state_ == State::Collect; }
  [[nodiscard]] std::optional<HandOut> hand_out(std::uint64_t cycle) const;
  [[nodiscard]] bool has_entry() const { return entries_ != 0; }
  /// A checked descriptor becomes an entry in this cycle.
  [[nodiscard]] bool giving() const { return state_ == State::Give; }

  /// Returns whether anything changed.
  bool clock(std::uint64_t cycle, const Events& events);

  /// A cycle in which something happens without an event.
  [[nodiscard]] std::uint64_t next_event(std::uint64_t cycle) const {
    return state_ == State::HandOut && hand_out_from_ > cycle ? hand_out_from_ : kNever;
  }

 private:
  enum class State : std::uint8_t { Collect, HandOut, Give };

  const HardwareConfig& hardware_;
  const BusLayout* layout_ = nullptr;
  std::span<const TmuTask> tasks_;
  std::uint32_t fetched_ = 0;
  std::uint32_t pending_ = 0;  // fetched and not started
  std::uint32_t entries_ = 0;  // checked and not started
  std::uint32_t checked_ = 0;  // the descriptor in the check
  std::uint32_t beats_ = 0;    // of it
  std::uint32_t turn_ = 0;     // the master that is handed its read
  std::uint64_t hand_out_from_ = 0;
  State state_ = State::Collect;
};

}  // namespace sterna::sim
