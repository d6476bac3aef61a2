// SPDX-License-Identifier: Apache-2.0
#include "sim/devices/systemc_tmu.hpp"

#include <stdexcept>
#include <systemc>

#include "sim/devices/systemc_kernel.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "sim/job/job_plan.hpp"
#include "sim/streams/tmu_model.hpp"

namespace sterna::sim {

struct SystemcTmu::Modules {
  Modules(const HardwareConfig& hardware, StreamMemory& memory)
      : source(sc_core::sc_gen_unique_name("source")),
        unit(sc_core::sc_gen_unique_name("tmu"), hardware, memory) {
    source.orders_out(commands);
    unit.orders_in(commands);
    unit.orders_out(responses);
    source.orders_in(responses);
  }

  sc_core::sc_fifo<TmuOrder*> commands;
  sc_core::sc_fifo<TmuOrder*> responses;
  JobSource source;
  TmuModel unit;
};

SystemcTmu::SystemcTmu(const HardwareConfig& hardware, const StallPattern& stalls, ThreadPool* pool)
    : hardware_((hardware.validate(), require_new_systemc_modules(), hardware)),
      memory_(hardware, stalls),
      values_(hardware.unit, pool),
      modules_(std::make_unique<Modules>(hardware_, memory_)) {}

SystemcTmu::~SystemcTmu() = default;

std::vector<CommandReport> SystemcTmu::run(std::span<const TmuTask> tasks) {
  return post_systemc([&] { return run_job(tasks); }).get();
}

std::vector<CommandReport> SystemcTmu::run_job(std::span<const TmuTask> tasks) {
  // (1) Check the job and hand its streams to the memory.
  const JobPlan plan = plan_job(hardware_.unit, tasks);
  memory_.start(plan.weight_beats, plan.activation_beats);
  std::vector<TmuOrder> orders;
  orders.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    orders.push_back({.task = &tasks[i], .legal = plan.legal[i], .report = {}});
  }

  // (2) Simulate until nothing is left to happen.
  modules_->unit.start_job();
  modules_->source.post(orders);
  simulate_systemc();
  if (!modules_->source.done()) throw std::runtime_error("the SystemC model made no progress");

  // (3) Compute, and collect.
  const std::vector<std::uint64_t> nonzero_lanes = values_.compute(tasks, plan.legal);
  std::vector<CommandReport> reports;
  reports.reserve(orders.size());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    reports.push_back(orders[i].report);
    reports.back().counters.nonzero_lanes = nonzero_lanes[i];
  }
  check_against_lower_bound(hardware_, tasks, reports, memory_.moved_bytes());
  return reports;
}

}  // namespace sterna::sim
