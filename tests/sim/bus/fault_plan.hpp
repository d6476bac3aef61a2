// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "rtl/axi/registers.hpp"
#include "sim/bus/bus_layout.hpp"
#include "sim/job/tmu_device.hpp"
#include "tests/sim/bus/bus_case_generator.hpp"
#include "tests/sim/bus/faulty_bus.hpp"

namespace sterna::sim {

enum class FaultKind : std::uint8_t {
  None,
  Read,     // an error response to a beat of any reader
  Write,    // to a burst of results or to a record
  Illegal,  // a descriptor with a reserved bit or a size of zero
  Refused,  // one that the unit inside refuses
  Address,  // one with a range that is misaligned or outside the window
  Cancel,
  Overrun,
  Silence,  // a channel falls silent, so that the watchdog expires
};
inline constexpr const char* kFaultNames[] = {"none",    "read",   "write",   "illegal", "refused",
                                              "address", "cancel", "overrun", "silence"};

/// A command as it goes into the ring.
struct PlannedCommand {
  std::size_t task;
  TmuCommand command;
  axi::Descriptor descriptor;
  std::uint32_t wanted_columns;  // of a command by columns
};

/// What goes wrong with the commands of a ring, and what must come of it.
struct FaultPlan {
  FaultKind kind = FaultKind::None;
  BusFaults faults{};  // cycles count from the bell
  std::size_t command =
      0;  // that ends: index in the ring; of no meaning for Cancel, Overrun, Silence
  axi::Descriptor descriptor{};  // that it has instead, if spoils()
  std::uint64_t address = 0;     // in error_address, if spoils()
  const char* range = "";        // Address: whose it is
  bool in_record = false;        // Write: of the record
  std::uint64_t at = 0;          // cycles from the bell to a cancel or an overrun
  bool for_ever = false;         // Silence: until the unit is reset

  [[nodiscard]] bool spoils() const {
    return kind == FaultKind::Illegal || kind == FaultKind::Refused || kind == FaultKind::Address;
  }
};

/// Bursts of a command's results and its record.
[[nodiscard]] std::uint64_t write_bursts(const HardwareConfig& hardware, const TmuCommand& command);

/// Draws cases and what goes wrong in them.
class FaultGenerator : public BusCaseGenerator {
 public:
  using BusCaseGenerator::BusCaseGenerator;

  [[nodiscard]] HardwareConfig hardware(const BusDesign& design);
  [[nodiscard]] bool flag() { return draw(0, 1) == 1; }
  [[nodiscard]] bool draw_one_in(std::uint32_t n) { return draw(1, n) == 1; }

  /// Cycles; longer than any silence of the memories that hardware() draws.
  [[nodiscard]] std::uint32_t watchdog() { return draw(4000, 8000); }

  /// For these commands, the first of which finds no activations held; `cycles` is about what they take.
  [[nodiscard]] FaultPlan plan(const HardwareConfig& hardware, const BusLayout& layout,
                               std::span<const PlannedCommand> commands, std::uint64_t cycles);

 private:
  std::uint64_t draw64(std::uint64_t most) { return draw_seed() % (most + 1); }
  [[nodiscard]] FaultPlan read_error(const HardwareConfig& hardware,
                                     std::span<const PlannedCommand> commands);
  [[nodiscard]] FaultPlan write_error(const HardwareConfig& hardware,
                                      std::span<const PlannedCommand> commands);
  void spoil_illegal(axi::Descriptor& d);
  static void spoil_refused(axi::Descriptor& d, std::span<const PlannedCommand> before);
  void spoil_address(FaultPlan& plan, const HardwareConfig& hardware, const BusLayout& layout);
  [[nodiscard]] FaultPlan silence(std::uint32_t readers, std::uint64_t cycles);
};

}  // namespace sterna::sim
