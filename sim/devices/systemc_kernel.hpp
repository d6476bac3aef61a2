// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <future>
#include <vector>

#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// SystemC has one kernel a process, which accepts modules until it first runs: construct every SystemC
/// device of a process before the first job of any of them.
/// Errors  std::runtime_error when the kernel has already run
void require_new_systemc_modules();

/// A job on SystemC modules: hands them their work, simulates, returns what they report.
using SystemcJob = std::function<std::vector<CommandReport>()>;

/// Runs `job` behind those posted before, all on one thread of this process.
/// Returns  what the job will return or throw
std::future<std::vector<CommandReport>> post_systemc(SystemcJob job);

/// Simulates until nothing is left to happen. For jobs that were posted.
void simulate_systemc();

}  // namespace sterna::sim
