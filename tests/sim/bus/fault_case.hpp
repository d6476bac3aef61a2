// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rtl/axi/registers.hpp"
#include "sim/bus/bus_layout.hpp"
#include "sim/job/random_job.hpp"
#include "tests/rtl/coverage.hpp"
#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/bus/fault_plan.hpp"
#include "tests/sim/bus/faulty_bus.hpp"

namespace sterna::sim {

/// The situations of the unit on its bus that the random cases must reach.
void declare_situations(Coverage& coverage);

/// One random job, posted again until all of its commands are done, with up to kMostFaults errors. What is
/// not as docs/axi.md (Errors) says is a test failure.
class FaultCase {
 public:
  /// `unit` is of the design; it and `coverage`, if there is one, outlive the case.
  FaultCase(const BusDesign& design, TmuAxiUnit& unit, std::uint32_t seed,
            Coverage* coverage = nullptr);

  void run();

  /// Descriptors that went into the ring.
  [[nodiscard]] std::uint32_t posted() const { return posted_; }
  /// Rounds by what happened in them.
  [[nodiscard]] const std::map<FaultKind, std::uint32_t>& rounds() const { return rounds_; }

 private:
  static constexpr std::uint32_t kMostFaults = 2;
  static constexpr std::uint64_t kHang = 2'000'000;  // cycles of a round

  // Host.
  void reset();
  [[nodiscard]] std::vector<std::size_t> unfinished() const;
  void post(const std::vector<std::size_t>& list);
  void drop_rest();
  bool go_on();

  // A round: the commands of the ring from the bell, or the clear if they are in it, to done or halted.
  void round(bool in_ring);
  void wipe();
  void write_descriptors();
  void act(std::uint64_t at);

  // What has come of it.
  void check_done();
  void check_stop();
  void check_watchdog();
  void check_cause();
  void check_records(std::size_t first_without);
  void check_bound();
  void check_same_cycles() const;
  // Which situation that was.
  void count(Coverage& coverage) const;
  void count_stop(Coverage& coverage) const;
  [[nodiscard]] bool runs(std::size_t command, std::uint64_t cycle) const;
  [[nodiscard]] std::string running(std::uint64_t cycle) const;
  [[nodiscard]] std::string phase() const;

  void take_results(std::size_t command);
  void unpack(std::size_t task);

  [[nodiscard]] std::uint64_t slot(std::size_t command) const {
    return (first_ + command) & ((std::uint64_t{1} << layout_.ring_log2) - 1);
  }
  [[nodiscard]] std::uint64_t record_address(std::size_t command) const {
    return layout_.completion_base + slot(command) * kRecordBytes;
  }
  [[nodiscard]] axi::Completion record(std::size_t command) const;
  [[nodiscard]] std::span<std::uint8_t> result(std::size_t command);
  [[nodiscard]] std::uint64_t all_bursts() const;
  [[nodiscard]] std::optional<std::uint64_t> done_cycle(std::size_t command) const;
  [[nodiscard]] std::uint64_t turn(std::size_t command) const;
  [[nodiscard]] bool acts() const {
    return plan_.kind == FaultKind::Cancel || plan_.kind == FaultKind::Overrun;
  }
  [[nodiscard]] bool started(std::size_t command) const {
    return bus_.seen().starts.size() > command;
  }

  FaultGenerator generate_;
  HardwareConfig hardware_;
  RandomJob job_;
  std::span<const TmuTask> tasks_;
  BusLayout layout_;
  std::unique_ptr<JobMemory> bytes_;
  FaultyBus bus_;
  bool with_counters_ = false;
  std::uint32_t watchdog_ = 0;
  std::vector<CommandReport> model_;                               // of the job without faults
  std::vector<std::optional<std::vector<std::uint8_t>>> results_;  // (tasks,) of those done

  std::vector<PlannedCommand> commands_;  // of the round
  std::uint32_t first_ = 0;               // sequence number of the first of them
  FaultPlan plan_;
  std::vector<std::uint8_t> before_;  // the memory below the weights
  bool fresh_ = true;                 // nothing has run since the reset
  bool stopped_ = false;              // the round has ended in a stop
  std::uint64_t acted_ = 0;           // cycle in which the cancel or overrun acts
  std::size_t last_ = 0;              // the command on its turn when the unit stopped

  std::string phase_;                  // of the unit then
  std::vector<std::string> recovery_;  // from what, and how, this round began

  Coverage* coverage_;
  std::uint32_t posted_ = 0;
  std::map<FaultKind, std::uint32_t> rounds_;
};

}  // namespace sterna::sim
