// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "rtl/axi/registers.hpp"
#include "rtl/axi/tmu_axi_unit.hpp"
#include "tests/rtl/axi/axi_memory.hpp"
#include "tests/rtl/command.hpp"

namespace sterna {

/// The designs that the tests run on, built by tests/rtl/axi/CMakeLists.txt. Their units are designs of
/// tests/sim/designs.hpp. STERNA_RTL_AXI_LIBRARIES names a folder with other builds, of all or some of them.
struct AxiDesign {
  const char* name;
  TmuAxiParameters sizes;
};
extern const std::vector<AxiDesign> kAxiDesigns;
void PrintTo(const AxiDesign& design, std::ostream* out);

[[nodiscard]] std::unique_ptr<TmuAxiUnit> open_axi_unit(const AxiDesign& design);

/// The unit inside, for tests/rtl/command.hpp.
[[nodiscard]] TmuUnitParameters inner_unit(const TmuAxiParameters& sizes);

/// A command in memory.
struct Posted {
  Command command;
  axi::Descriptor descriptor;
  std::uint32_t sequence;
};

/// A unit, the memory on its ports and a host that sets registers.
///
/// Map  the descriptor ring, the completion ring, then the window: weights, activations and results of
///      the commands one after the other, results surrounded by bytes that must stay
class AxiRig {
 public:
  static constexpr std::uint32_t kRingLog2 = 2;
  static constexpr std::uint64_t kBase = 0x40000000;
  static constexpr std::uint64_t kRing = kBase;
  static constexpr std::uint64_t kCompletions = kBase + 0x1000;
  static constexpr std::uint64_t kWindow = kBase + 0x2000;
  static constexpr std::size_t kBytes = std::size_t{4} << 20;
  static constexpr std::uint64_t kLimit = kBase + kBytes;
  static constexpr std::uint8_t kUntouched = 0xA5;

  /// Where things lie; a change comes with reset() and configure().
  struct Map {
    std::uint64_t ring = kRing;
    std::uint64_t completions = kCompletions;
    std::uint64_t window = kWindow;
    std::uint64_t limit = kLimit;
    std::uint64_t commands = kWindow;  // the first byte of their data
  };

  AxiRig(const AxiDesign& design, const AxiTraffic& traffic);

  /// Sets the registers and enables the unit; reset() is followed by it.
  void configure(std::uint32_t watchdog = 0);
  void reset();

  void step();
  bool run_until(const std::function<bool()>& done, std::uint64_t most_cycles);

  // Registers. Response codes are those of AXI.
  std::uint8_t write(axi::Reg reg, std::uint32_t value);
  std::uint8_t read(axi::Reg reg, std::uint32_t& value);
  std::uint32_t get(axi::Reg reg);
  std::uint64_t get64(axi::Reg low);
  void set64(axi::Reg low, std::uint64_t value);
  std::uint8_t write_at(std::uint32_t address, std::uint32_t value, std::uint8_t strobes);
  std::uint8_t read_at(std::uint32_t address, std::uint32_t& value);

  /// Lays a command out; flags as in axi::kFlag*, t2 and keep come from the command.
  Posted lay_out(const Command& command, std::uint8_t flags = 0);

  /// Writes the descriptor into the ring. ring_bell() lets the unit see all that were posted.
  void post(Posted& posted);
  void ring_bell() { write(axi::Reg::Tail, next_); }
  [[nodiscard]] std::uint32_t next() const { return next_; }
  void skip_to(std::uint32_t sequence) { next_ = sequence; }

  [[nodiscard]] axi::Completion completion(std::uint32_t sequence);
  void clear_completions();
  [[nodiscard]] std::vector<std::int32_t> results(const Posted& posted);
  [[nodiscard]] std::vector<std::int32_t> expected(const Posted& posted) const;
  void expect_done(const Posted& posted);
  void expect_surroundings(const Posted& posted);

  [[nodiscard]] bool halted() { return (get(axi::Reg::Status) & axi::status::kHalted) != 0; }
  [[nodiscard]] axi::Code error_code();

  [[nodiscard]] TmuAxiUnit& unit() { return *unit_; }
  [[nodiscard]] const TmuAxiParameters& sizes() const { return design_.sizes; }
  AxiMemory memory;
  Map map;

 private:
  std::uint64_t allocate(std::size_t bytes, std::size_t align);

  AxiDesign design_;
  std::unique_ptr<TmuAxiUnit> unit_;
  std::uint64_t free_ = kWindow;
  std::uint32_t next_ = 0;
};

}  // namespace sterna
