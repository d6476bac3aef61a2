// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>

#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

inline void PrintTo(const TmuCounters& c, std::ostream* out) {
  *out << "load " << c.load_cycles << ", activation_stall " << c.activation_stall_cycles
       << ", issue " << c.issue_cycles << ", weight_stall " << c.weight_stall_cycles
       << ", result_stall " << c.result_stall_cycles << ", drain " << c.drain_cycles << ", respond "
       << c.respond_cycles << ", weight_beats " << c.weight_beats << ", row_slots " << c.row_slots
       << ", nonzero_lanes " << c.nonzero_lanes << ", activation_reads " << c.activation_reads
       << ", activation_writes " << c.activation_writes << ", result_beats " << c.result_beats
       << ", sums " << c.sums;
}

inline void PrintTo(const CommandReport& report, std::ostream* out) {
  *out << "status " << static_cast<int>(report.status) << ", accept " << report.accept_cycle
       << ", respond " << report.respond_cycle << ", done " << report.done_cycle << ", ";
  PrintTo(report.counters, out);
}

}  // namespace sterna::sim
