// SPDX-License-Identifier: Apache-2.0
#include "sim/bus/bus_layout.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/dram/address_map.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::sim {
namespace {

constexpr std::uint32_t kMaxRingLog2 = 16;
constexpr std::uint64_t kAlign = 4096;

std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Consecutive open rows: how far they lie apart, and after how many bytes the first bank comes again.
struct BankSpan {
  std::uint64_t stride;
  std::uint64_t period;
};

// The address bits above the column, up to those of the row, choose the bank (or the channel).
BankSpan bank_span(const DramConfig& dram) {
  if (dram.kind != DramKind::Banks) return {.stride = kAlign, .period = kAlign};
  const AddressMap map(dram.part, dram.channels, dram.mapping);
  const std::uint64_t stride = std::uint64_t{dram.part.columns()} << map.column_shift();
  std::uint64_t period = stride;
  while (period * dram.part.access_bytes() < dram.bytes() && map.locate(period).row == 0) {
    period *= 2;
  }
  return {.stride = stride * dram.part.access_bytes(), .period = period * dram.part.access_bytes()};
}

/// The next of at least `bytes` bytes after which the next bank comes.
std::uint64_t staggered(std::uint64_t bytes, const BankSpan& banks) {
  const std::uint64_t least = round_up(std::max(bytes, banks.stride), banks.stride);
  const std::uint64_t into = (least - banks.stride) % banks.period;
  return into == 0 ? least : least + banks.period - into;
}

/// Places ranges one after the other.
class Allocator {
 public:
  explicit Allocator(const DramConfig& dram) : limit_(dram.bytes()) {}

  std::uint64_t allocate(std::uint64_t bytes, std::uint64_t align) {
    const std::uint64_t address = round_up(end_, align);
    end_ = address + bytes;
    if (limit_ != 0 && end_ > limit_) {
      throw std::invalid_argument(fmt::format(
          "a job needs more than the {} bytes of the memory; give dram.channels more", limit_));
    }
    return address;
  }

  [[nodiscard]] std::uint64_t end() const { return end_; }

 private:
  std::uint64_t limit_;
  std::uint64_t end_ = 0;
};

axi::Descriptor describe(const TmuCommand& command) {
  axi::Descriptor d;
  d.flags = static_cast<std::uint8_t>((command.format == WeightFormat::T2 ? axi::kFlagT2 : 0U) |
                                      (command.keep_activations ? axi::kFlagKeep : 0U));
  d.tokens = static_cast<std::uint16_t>(command.tokens);
  d.beats = static_cast<std::uint16_t>(command.beats);
  d.rows = command.rows;
  d.columns = static_cast<std::uint16_t>(command.columns);
  return d;
}

std::uint32_t ring_log2(std::size_t tasks) {
  const auto log2 = static_cast<std::uint32_t>(std::bit_width(std::max<std::size_t>(tasks, 1) - 1));
  if (log2 > kMaxRingLog2) {
    throw std::invalid_argument(
        fmt::format("a job of {} commands is posted; a ring holds {}", tasks, 1U << kMaxRingLog2));
  }
  return log2;
}

}  // namespace

std::size_t result_bytes(const UnitConfig& unit, const TmuCommand& command) {
  const CommandShape shape = shape_of(unit, command);
  return std::size_t{shape.groups} * command.tokens * unit.engines * sizeof(std::int32_t);
}

BusLayout lay_out_job(const HardwareConfig& hardware, std::span<const TmuTask> tasks) {
  const UnitConfig& unit = hardware.unit;
  const BankSpan banks = bank_span(hardware.bus->dram);
  Allocator memory(hardware.bus->dram);
  BusLayout layout{.descriptors = {},
                   .ring_log2 = ring_log2(tasks.size()),
                   .ring_base = 0,
                   .completion_base = 0,
                   .window_base = 0,
                   .window_limit = 0};
  const std::uint64_t entries = std::uint64_t{1} << layout.ring_log2;
  layout.ring_base = memory.allocate(entries * sizeof(axi::Descriptor), kAlign);
  layout.completion_base = memory.allocate(entries * sizeof(axi::Completion), kAlign);
  layout.window_base = memory.allocate(0, kAlign);

  for (const TmuTask& task : tasks) {
    axi::Descriptor d = describe(task.command);
    d.activation_base = memory.allocate(task.activations.size(), kAlign);
    d.result_base = memory.allocate(result_bytes(unit, task.command), kAlign);
    layout.descriptors.push_back(d);
  }
  std::map<const WeightStreams*, axi::Descriptor> placed;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    axi::Descriptor& d = layout.descriptors[i];
    const auto [found, is_new] = placed.try_emplace(tasks[i].weights, d);
    if (is_new) {
      const std::vector<std::size_t>& offset = tasks[i].weights->engine_offset;
      found->second.weight_pitch = staggered(offset[1] - offset[0], banks);
      found->second.weight_base =
          memory.allocate(found->second.weight_pitch * unit.engines, banks.stride);
    }
    d.weight_base = found->second.weight_base;
    d.weight_pitch = found->second.weight_pitch;
  }
  layout.window_limit = memory.end();
  return layout;
}

}  // namespace sterna::sim
