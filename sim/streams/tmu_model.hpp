// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <systemc>

#include "sim/job/tmu_device.hpp"
#include "sim/streams/stream_memory.hpp"
#include "sim/streams/tmu_timing.hpp"

namespace sterna::sim {

/// One command on its way through the unit.
struct TmuOrder {
  const TmuTask* task;
  bool legal;
  CommandReport report;  // written by the unit
};

/// The ternary matrix unit, event driven.
///
/// Timing  the process runs ahead of SystemC time by at most kQuantumCycles and one row group; a
///         response appears at its exact time. Cycles are those of TmuTiming
/// Trust   sums and reports equal those of the Verilated RTL (tests/sim/devices/cosimulation_test.cpp)
/// Omits   abort; values: job_values.hpp
class TmuModel : public sc_core::sc_module {
 public:
  sc_core::sc_fifo_in<TmuOrder*> orders_in{"orders_in"};
  sc_core::sc_fifo_out<TmuOrder*> orders_out{"orders_out"};

  /// `memory` outlives the module.
  TmuModel(const sc_core::sc_module_name& name, const HardwareConfig& hardware,
           StreamMemory& memory);

  /// Begins a job on an idle unit: the present SystemC time is its cycle 0. The memory has been
  /// started.
  void start_job();

 private:
  /// How far the process may run ahead: far enough that switching to it costs little a cycle.
  static constexpr std::uint64_t kQuantumCycles = 4096;

  void run();
  void compute(const TmuCommand& command);
  void synchronize();

  sc_core::sc_time clock_period_;
  TmuTiming timing_;
  std::uint64_t synchronized_cycle_ = 0;  // of this job, where SystemC time stands
};

/// Posts the commands of a job in order and collects the responses.
class JobSource : public sc_core::sc_module {
 public:
  sc_core::sc_fifo_out<TmuOrder*> orders_out{"orders_out"};
  sc_core::sc_fifo_in<TmuOrder*> orders_in{"orders_in"};

  explicit JobSource(const sc_core::sc_module_name& name);

  /// Posts `orders` as soon as simulation goes on. They stay in place until all are answered.
  void post(std::span<TmuOrder> orders);

  [[nodiscard]] bool done() const { return answered_ == orders_.size(); }

 private:
  void run();
  void collect();

  std::span<TmuOrder> orders_;
  std::size_t posted_orders_ = 0;
  std::size_t answered_ = 0;
  sc_core::sc_event posted_{"posted"};
};

}  // namespace sterna::sim
