// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/bench/bench.hpp"

namespace sterna::host {

/// A finished run of the bench and what it was run with.
struct BenchReport {
  BenchPlan plan;
  BenchResult result;
  std::string model;  // as the user named it
  std::string isa;    // the kernel that ran
  std::string head;   // form of the output head, as --head has it
  double load_s;      // time to bring the weights into memory
};

/// The run as the JSON document that `sterna bench --json` prints; its keys are fixed (docs/cpu.md).
[[nodiscard]] std::string to_json_text(const BenchReport& report);

/// The run for a reader at a terminal.
[[nodiscard]] std::string to_table(const BenchReport& report);

}  // namespace sterna::host
