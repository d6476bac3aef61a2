// SPDX-License-Identifier: Apache-2.0
#include "sim/devices/systemc_bus_tmu.hpp"

#include <algorithm>
#include <exception>
#include <list>
#include <stdexcept>
#include <string>
#include <systemc>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "sim/bus/bus_layout.hpp"
#include "sim/bus/bus_timing.hpp"
#include "sim/devices/systemc_kernel.hpp"
#include "sim/estimate/lower_bound.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::sim {
namespace {

/// Reports of jobs timed before. Every job begins on an idle unit and an idle memory, so when what happens is
/// a function of its descriptors (and the rings', which follow from how many there are): layers of a model that
/// ask for the same are timed once. By columns also of which activations are zero, so such jobs are not kept.
class TimedJobs {
 public:
  using Key = std::vector<axi::Descriptor>;

  [[nodiscard]] const std::vector<CommandReport>* find(const Key& descriptors) const {
    const auto found = jobs_.find(bytes(descriptors));
    return found == jobs_.end() ? nullptr : &found->second;
  }

  void keep(const Key& descriptors, const std::vector<CommandReport>& reports) {
    const auto by_columns = [](const axi::Descriptor& d) { return d.columns != 0; };
    if (std::any_of(descriptors.begin(), descriptors.end(), by_columns)) return;
    constexpr std::size_t kMostReports = 1U << 16;  // some ten megabytes
    if (kept_ + reports.size() > kMostReports) jobs_.clear();
    kept_ = jobs_.empty() ? reports.size() : kept_ + reports.size();
    jobs_[bytes(descriptors)] = reports;
  }

 private:
  static std::string bytes(const Key& descriptors) {
    return {reinterpret_cast<const char*>(descriptors.data()),
            descriptors.size() * sizeof(axi::Descriptor)};
  }

  std::unordered_map<std::string, std::vector<CommandReport>> jobs_;
  std::size_t kept_ = 0;
};

}  // namespace

/// A job at a time, from the doorbell to the last completion record.
class SystemcBusTmu::Model : public sc_core::sc_module {
 public:
  Model(const sc_core::sc_module_name& name, const HardwareConfig& hardware)
      : sc_module(name),
        hardware_(hardware),
        clock_period_(1000 / hardware.clock_mhz, sc_core::SC_NS),
        timing_(hardware) {
    SC_HAS_PROCESS(Model);
    SC_THREAD(run);
  }

  /// Starts `tasks` as soon as simulation goes on; both stay in place until done().
  void post(const BusLayout& layout, std::span<const TmuTask> tasks) {
    layout_ = &layout;
    tasks_ = tasks;
    done_ = tasks.empty();
    reports_.clear();
    bell_.notify(sc_core::SC_ZERO_TIME);
  }

  [[nodiscard]] bool done() const { return done_; }

  /// Errors  what the simulation of the job threw
  const std::vector<CommandReport>& reports() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return reports_;
  }

 private:
  /// How far the process may run ahead of SystemC time: far enough that switching to it costs little a cycle.
  static constexpr std::uint64_t kQuantumCycles = 4096;

  void run() {
    for (;;) {
      while (done_) wait(bell_);
      try {
        run_job();
      } catch (const sc_core::sc_unwind_exception&) {
        throw;  // the kernel ends the process
      } catch (...) {
        failure_ = std::current_exception();  // what leaves a process of SystemC ends it
      }
      done_ = true;
    }
  }

  void run_job() {
    if (const auto* known = timed_.find(layout_->descriptors)) {
      reports_ = *known;
      pass(reports_.back().done_cycle + 1);
      return;
    }
    simulate();
    reports_ = timing_.reports();
    check_against_lower_bound(hardware_, tasks_, reports_, timing_.moved_bytes());
    timed_.keep(layout_->descriptors, reports_);
  }

  void simulate() {
    timing_.start(*layout_, tasks_);
    std::uint64_t synchronized = 0;
    while (timing_.leap() || timing_.step()) {
      if (timing_.cycle() - synchronized < kQuantumCycles) continue;
      pass(timing_.cycle() - synchronized);
      synchronized = timing_.cycle();
    }
    pass(timing_.cycle() + 1 - synchronized);
  }

  void pass(std::uint64_t cycles) { wait(clock_period_ * static_cast<double>(cycles)); }

  const HardwareConfig& hardware_;
  sc_core::sc_time clock_period_;
  BusTiming timing_;
  TimedJobs timed_;
  const BusLayout* layout_ = nullptr;
  std::span<const TmuTask> tasks_;
  std::vector<CommandReport> reports_;
  bool done_ = true;
  std::exception_ptr failure_;
  sc_core::sc_event bell_{"bell"};
};

/// What its timing needs of a job whose sums are written: of the tasks' data the activations by columns alone.
struct SystemcBusTmu::Job {
  Job(const HardwareConfig& hardware, std::span<const TmuTask> with_data)
      : layout(lay_out_job(hardware, with_data)), tasks(with_data.begin(), with_data.end()) {
    for (TmuTask& task : tasks) {
      const auto kept =
          task.command.columns != 0 ? task.activations : std::span<const std::int8_t>();
      task.activations = activations.emplace_back(kept.begin(), kept.end());
      task.weights = nullptr;
      task.sums = {};
    }
  }

  BusLayout layout;
  std::vector<TmuTask> tasks;
  std::list<std::vector<std::int8_t>> activations;
  std::vector<std::uint64_t> nonzero_lanes;  // (tasks,)
};

SystemcBusTmu::SystemcBusTmu(const HardwareConfig& hardware, ThreadPool* pool)
    : hardware_((hardware.validate_on_bus(), require_new_systemc_modules(), hardware)),
      model_(std::make_unique<Model>(sc_core::sc_gen_unique_name("tmu_axi"), hardware_)),
      values_(hardware_.unit, pool) {}

// Behind the jobs that were posted: none of them is under way any longer.
SystemcBusTmu::~SystemcBusTmu() {
  ends_ = true;
  post_systemc([] { return std::vector<CommandReport>(); }).wait();
}

std::vector<CommandReport> SystemcBusTmu::run(std::span<const TmuTask> tasks) {
  return start(tasks).get();
}

// What and when: neither depends on the other, so the times of a job are found while the caller goes on.
std::future<std::vector<CommandReport>> SystemcBusTmu::start(std::span<const TmuTask> tasks) {
  require_legal(plan_job(hardware_.unit, tasks));
  auto job = std::make_shared<Job>(hardware_, tasks);
  job->nonzero_lanes = values_.compute(tasks, std::vector<bool>(tasks.size(), true));
  return post_systemc([this, job] { return time(*job); });
}

std::vector<CommandReport> SystemcBusTmu::time(const Job& job) {
  if (ends_) return {};
  model_->post(job.layout, job.tasks);
  simulate_systemc();
  if (!model_->done()) throw std::runtime_error("the SystemC model made no progress");
  std::vector<CommandReport> reports = model_->reports();
  for (std::size_t i = 0; i < reports.size(); ++i) {
    reports[i].counters.nonzero_lanes = job.nonzero_lanes[i];
  }
  return reports;
}

}  // namespace sterna::sim
