// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate/bus_steps.hpp"

#include <algorithm>
#include <cmath>

#include "sim/bus/bus_layout.hpp"
#include "sim/bus/descriptor_ring.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::sim {
namespace {

constexpr double kJobToAddress = 3;  // of a read: handed to its master, asked for, on the channel

/// From a read's request to its last byte at the controller, with a row that is open or closed, and nothing else
/// under way.
double dram_cycles(const DramConfig& dram, bool open) {
  const double khz = dram.asker_khz;
  if (dram.kind == DramKind::Ideal) return 0;
  if (dram.kind == DramKind::Flat) return std::ceil(dram.flat_latency_ns * khz / 1e6);
  const DramTiming& t = dram.part.timing;
  const double clocks = t.cl + dram.part.burst_clocks() + (open ? 0.0 : t.rcd_read);
  return std::ceil(clocks * khz / dram.part.clock_khz);
}

}  // namespace

BusSteps::BusSteps(const HardwareConfig& hardware)
    : hardware_(hardware),
      bus_latency_(static_cast<double>(hardware.bus->latency_cycles(hardware.clock_mhz))),
      dram_latency_(dram_cycles(hardware.bus->dram, true)),
      first_dram_latency_(dram_cycles(hardware.bus->dram, false)) {}

BusSteps::Start BusSteps::begin(const TmuCommand& command) {
  const double engines = hardware_.unit.engines;
  const std::size_t k = commands_++;
  const std::uint32_t ahead = hardware_.bus->descriptors;
  // Its fetch: the ring has room; then job, address, four beats, the last of them in the check.
  const double fetch = k < ahead ? static_cast<double>(k) : accepts_[(k - ahead) % kMostAhead] + 1;
  const double latency = bus_latency_ + (k == 0 ? first_dram_latency_ : dram_latency_);
  double check = fetch + kJobToAddress + latency + DescriptorRing::kDescriptorBeats;
  if (k > 0) check = std::max(check, give_ + DescriptorRing::kDescriptorBeats);
  const double first_hand_out = check + DescriptorRing::kCheckCycles + engines;
  if (k == 0) first_weight_address_ = first_hand_out + kJobToAddress;
  give_ = first_hand_out + engines + 1;

  Start start{};
  start.accept = std::max(give_ + 1, respond_ + 1);
  if (k >= 2) start.accept = std::max(start.accept, done_before_ + 1);
  start.work = start.accept + 1;
  if (!command.keep_activations) {
    // The activations are handed out last, in give - 1; a beat is offered in the cycle after it came.
    start.work = std::max(start.work, give_ - 1 + kJobToAddress + read_latency() + 1);
  }
  accepts_[k % kMostAhead] = start.accept;
  return start;
}

// A burst of n words: known in b, on the pins from b + 1, at the memory in b + n + 1, answered a latency later,
// at rest after one more; the next is known in b + n + 1. Record: likewise, one word.
void BusSteps::end(const TmuCommand& command, double first_result, double respond) {
  respond_ = respond;
  const UnitConfig& unit = hardware_.unit;
  const std::uint64_t word = hardware_.bus->word_bytes();
  const std::uint64_t burst = hardware_.bus->burst_beats;
  const std::uint64_t bytes = result_bytes(unit, command);
  const std::uint64_t whole_words = (bytes - 1) / word;  // before the last
  const std::uint64_t whole_bursts = whole_words / burst;
  const auto words = static_cast<double>(whole_words + 1);
  const auto bursts = static_cast<double>(whole_bursts + 1);
  const double last_words = words - static_cast<double>(whole_bursts * burst);
  // Words are made one a cycle, from the cycle after the first result, and those of the last result from the
  // cycle before the response; a part of a word only when the response is there.
  const std::uint32_t last_tokens = shape_of(unit, command).last_chunk_slices;
  const std::uint64_t last_result = std::uint64_t{4} * last_tokens * unit.engines;
  const auto whole = static_cast<double>(std::max<std::uint64_t>(1, last_result / word));
  const bool is_ragged = bytes % word != 0;
  const double first_burst = std::max(first_result, done_) + 2;
  const double last_burst =
      std::max({first_burst + (words - last_words) + (bursts - 1), first_result + words + 1,
                respond + (is_ragged ? 2.0 : whole - 1)});
  const double record = last_burst + last_words + bus_latency_ + 3;
  done_before_ = done_;
  done_ = record + bus_latency_ + 3;
}

}  // namespace sterna::sim
