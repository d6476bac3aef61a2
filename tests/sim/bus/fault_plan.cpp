// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bus/fault_plan.hpp"

#include <algorithm>
#include <vector>

#include "sim/job/job_plan.hpp"

namespace sterna::sim {
namespace {

constexpr std::uint64_t kDescriptorBeats = 4;
constexpr std::uint64_t kStreamBytes = 16;

std::uint64_t read_beats(const UnitConfig& unit, const PlannedCommand& planned,
                         std::uint32_t reader) {
  const TmuCommand& command = planned.command;
  if (reader > unit.engines) return kDescriptorBeats;
  if (reader == unit.engines) {
    return command.keep_activations ? 0 : activation_beats(unit, command);
  }
  const std::uint64_t streams =
      command.columns != 0 ? planned.wanted_columns : engine_rows(unit, command, reader);
  return streams * command.beats;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

std::uint64_t write_bursts(const HardwareConfig& hardware, const TmuCommand& command) {
  const std::uint64_t burst_bytes =
      std::uint64_t{hardware.bus->burst_beats} * hardware.bus->result_bits / 8;
  return (result_bytes(hardware.unit, command) + burst_bytes - 1) / burst_bytes + 1;
}

HardwareConfig FaultGenerator::hardware(const BusDesign& design) {
  HardwareConfig hardware = BusCaseGenerator::hardware(design);
  // Slower ones are silent for longer than a watchdog.
  hardware.bus->dram.flat_gb_s = std::max(hardware.bus->dram.flat_gb_s, 1.0);
  return hardware;
}

FaultPlan FaultGenerator::plan(const HardwareConfig& hardware, const BusLayout& layout,
                               std::span<const PlannedCommand> commands, std::uint64_t cycles) {
  const auto kind = static_cast<FaultKind>(draw(0, std::size(kFaultNames) - 1));
  if (kind == FaultKind::None) return {};
  if (kind == FaultKind::Read) return read_error(hardware, commands);
  if (kind == FaultKind::Write) return write_error(hardware, commands);
  if (kind == FaultKind::Silence) return silence(hardware.unit.engines + 2, cycles);
  FaultPlan plan;
  plan.kind = kind;
  plan.at = draw64(cycles + cycles / 8);
  plan.command = draw(0, static_cast<std::uint32_t>(commands.size()) - 1);
  plan.descriptor = commands[plan.command].descriptor;
  if (kind == FaultKind::Illegal) spoil_illegal(plan.descriptor);
  if (kind == FaultKind::Refused) {
    spoil_refused(plan.descriptor, commands.first(plan.command));
  }
  if (kind == FaultKind::Address) {
    spoil_address(plan, hardware, layout);
  }
  return plan;
}

FaultPlan FaultGenerator::read_error(const HardwareConfig& hardware,
                                     std::span<const PlannedCommand> commands) {
  FaultPlan plan;
  plan.kind = FaultKind::Read;
  plan.faults.response = flag() ? 2 : 3;
  std::uint32_t& reader = plan.faults.reader;
  std::vector<std::size_t> owner;  // command of each beat
  while (owner.empty()) {
    const std::uint32_t engines = hardware.unit.engines;
    const std::uint32_t master = draw(0, 2);  // weights, activations, descriptors
    reader = master == 0 ? draw(0, engines - 1) : engines + master - 1;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      owner.insert(owner.end(), read_beats(hardware.unit, commands[i], reader), i);
    }
  }
  std::uint64_t beat = draw64(owner.size() - 1);
  plan.command = owner[beat];
  if (flag()) {  // its first, which often comes before its turn
    beat =
        static_cast<std::uint64_t>(std::ranges::lower_bound(owner, plan.command) - owner.begin());
  }
  plan.faults.read_beat = beat;
  return plan;
}

FaultPlan FaultGenerator::write_error(const HardwareConfig& hardware,
                                      std::span<const PlannedCommand> commands) {
  FaultPlan plan;
  plan.kind = FaultKind::Write;
  plan.faults.response = flag() ? 2 : 3;
  std::vector<std::size_t> owner;  // command of each burst
  for (std::size_t i = 0; i < commands.size(); ++i) {
    owner.insert(owner.end(), write_bursts(hardware, commands[i].command), i);
  }
  const std::uint64_t burst = draw64(owner.size() - 1);
  plan.faults.write_burst = burst;
  plan.command = owner[burst];
  plan.in_record = burst + 1 == owner.size() || owner[burst + 1] != owner[burst];
  return plan;
}

void FaultGenerator::spoil_illegal(axi::Descriptor& d) {
  switch (draw(0, 6)) {
    case 0:
      d.tokens = 0;
      break;
    case 1:
      d.beats = 0;
      break;
    case 2:
      d.rows = 0;
      break;
    case 3:
      d.flags |= static_cast<std::uint8_t>(1U << draw(4, 7));
      break;
    case 4:
      d.reserved0[draw(0, 2)] = static_cast<std::uint8_t>(1U << draw(0, 7));
      break;
    case 5:
      d.reserved1[draw(0, 1)] = static_cast<std::uint8_t>(1U << draw(0, 7));
      break;
    default:
      d.reserved2[draw(0, 15)] = static_cast<std::uint8_t>(1U << draw(0, 7));
  }
}

// Keeps activations of another format than those held, or keeps where none are.
void FaultGenerator::spoil_refused(axi::Descriptor& d, std::span<const PlannedCommand> before) {
  d.flags |= axi::kFlagKeep;
  if (before.empty()) return;
  const bool held_t2 = before.back().command.format == WeightFormat::T2;
  d.flags = static_cast<std::uint8_t>((d.flags & ~axi::kFlagT2) | (held_t2 ? 0 : axi::kFlagT2));
}

void FaultGenerator::spoil_address(FaultPlan& plan, const HardwareConfig& hardware,
                                   const BusLayout& layout) {
  constexpr std::uint64_t kPage = 4096;
  axi::Descriptor& d = plan.descriptor;
  const std::uint64_t word = hardware.bus->result_bits / 8;
  const bool second_engine = hardware.unit.engines > 1 && d.rows > 1;
  const std::uint32_t range = draw(0, 2);
  const bool misaligned = flag();
  if (range == 0) {
    plan.range = "results";
    d.result_base = misaligned ? d.result_base + word / 2 : round_up(layout.window_limit, word);
    plan.address = d.result_base;
  } else if (range == 1 && (d.flags & axi::kFlagKeep) == 0) {
    plan.range = "activations";
    d.activation_base = misaligned ? d.activation_base + kStreamBytes / 2
                                   : round_up(layout.window_limit, kStreamBytes);
    plan.address = d.activation_base;
  } else if (second_engine && flag()) {
    plan.range = "weights";  // where the sum wraps, what is left of it lies in the window
    d.weight_pitch = misaligned ? d.weight_pitch + 1 : 0 - kPage;
    plan.address = d.weight_base + d.weight_pitch;
  } else {
    plan.range = "weights";
    d.weight_base =
        misaligned ? d.weight_base + hardware.unit.beat_bytes() / 2 : layout.window_base - kPage;
    plan.address = d.weight_base;
  }
}

FaultPlan FaultGenerator::silence(std::uint32_t readers, std::uint64_t cycles) {
  FaultPlan plan;
  plan.kind = FaultKind::Silence;
  plan.for_ever = flag();
  BusFaults& faults = plan.faults;
  faults.silent_from = draw64(cycles) >> draw(0, 6);  // the descriptors are read early
  const std::uint32_t channel = draw(0, 2 * readers + 2);
  if (channel < readers) faults.silent_ar = 1U << channel;
  if (channel >= readers && channel < 2 * readers) faults.silent_r = 1U << (channel - readers);
  faults.silent_aw = channel == 2 * readers;
  faults.silent_w = channel == 2 * readers + 1;
  faults.silent_b = channel == 2 * readers + 2;
  return plan;
}

}  // namespace sterna::sim
