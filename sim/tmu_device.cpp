// SPDX-License-Identifier: Apache-2.0
#include "sim/tmu_device.hpp"

namespace sterna::sim {

TmuCounters& TmuCounters::operator+=(const TmuCounters& other) {
  load_cycles += other.load_cycles;
  activation_stall_cycles += other.activation_stall_cycles;
  issue_cycles += other.issue_cycles;
  weight_stall_cycles += other.weight_stall_cycles;
  result_stall_cycles += other.result_stall_cycles;
  drain_cycles += other.drain_cycles;
  respond_cycles += other.respond_cycles;
  weight_beats += other.weight_beats;
  row_slots += other.row_slots;
  nonzero_lanes += other.nonzero_lanes;
  activation_reads += other.activation_reads;
  activation_writes += other.activation_writes;
  result_beats += other.result_beats;
  sums += other.sums;
  return *this;
}

}  // namespace sterna::sim
