// SPDX-License-Identifier: Apache-2.0
#include "sim/streams/tmu_model.hpp"

#include "sim/job/job_plan.hpp"

namespace sterna::sim {

TmuModel::TmuModel(const sc_core::sc_module_name& name, const HardwareConfig& hardware,
                   StreamMemory& memory)
    : sc_module(name),
      clock_period_(1000 / hardware.clock_mhz, sc_core::SC_NS),
      timing_(hardware.unit, memory) {
  SC_HAS_PROCESS(TmuModel);
  SC_THREAD(run);
}

void TmuModel::start_job() {
  timing_.start();
  synchronized_cycle_ = 0;
}

void TmuModel::run() {
  for (;;) {
    // (1) Idle: take the next command; blocks while there is none.
    TmuOrder& order = *orders_in.read();
    const TmuCommand& command = order.task->command;
    timing_.accept();
    if (order.legal) {
      // (2) Load the activations, unless those of the last command are kept.
      if (!command.keep_activations) timing_.load(command);
      // (3) Compute, group by group.
      compute(command);
      // (4) Drain the pipeline and the result FIFO.
      timing_.drain();
    }
    // (5) Respond at the exact time.
    timing_.respond();
    order.report.status = order.legal ? TmuStatus::Done : TmuStatus::Illegal;
    order.report.accept_cycle = timing_.accept_cycle();
    order.report.respond_cycle = order.report.done_cycle = timing_.cycle() - 1;
    order.report.counters = timing_.counters();
    synchronize();
    orders_out.write(&order);
  }
}

void TmuModel::compute(const TmuCommand& command) {
  const std::uint32_t groups = shape_of(timing_.unit(), command).groups;
  for (std::uint32_t group = 0; group < groups; ++group) {
    timing_.compute_group(command, group);
    if (timing_.cycle() - synchronized_cycle_ >= kQuantumCycles) synchronize();
  }
}

// Lets SystemC time catch up; the one place where cycles become time.
void TmuModel::synchronize() {
  wait(clock_period_ * static_cast<double>(timing_.cycle() - synchronized_cycle_));
  synchronized_cycle_ = timing_.cycle();
}

JobSource::JobSource(const sc_core::sc_module_name& name) : sc_module(name) {
  SC_HAS_PROCESS(JobSource);
  SC_THREAD(run);
  SC_THREAD(collect);
}

void JobSource::post(std::span<TmuOrder> orders) {
  orders_ = orders;
  posted_orders_ = 0;
  answered_ = 0;
  posted_.notify(sc_core::SC_ZERO_TIME);
}

void JobSource::run() {
  for (;;) {
    while (posted_orders_ == orders_.size()) wait(posted_);
    orders_out.write(&orders_[posted_orders_++]);
  }
}

void JobSource::collect() {
  for (;;) {
    orders_in.read();
    ++answered_;
  }
}

}  // namespace sterna::sim
