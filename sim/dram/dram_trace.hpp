// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <vector>

#include "sim/dram/dram.hpp"

namespace sterna::sim {

// Request traces for other simulators, so that their figures can be set against ours. A request
// becomes one line for each column access, in the order of addresses.

/// DRAMsim3's trace: `0xADDRESS READ|WRITE CYCLE`, cycles of the part's clock.
///
/// Errors  std::runtime_error if the stream fails; likewise below
void write_dramsim3_trace(std::ostream& out, const DramConfig& config,
                          const std::vector<DramRequest>& requests);

/// Ramulator 2's LoadStoreTrace: `LD 0xADDRESS` or `ST 0xADDRESS`; it has no cycles.
void write_load_store_trace(std::ostream& out, const DramConfig& config,
                            const std::vector<DramRequest>& requests);

/// Ramulator 2's ReadWriteTrace: `R` or `W` and the fields of the place in the order of its DDR4
/// model, `channel,rank,bankgroup,bank,row,column`; columns in accesses, as its own address mappers count them.
void write_read_write_trace(std::ostream& out, const DramConfig& config,
                            const std::vector<DramRequest>& requests);

/// Commands as text, a line each: `clock channel kind rank bank row column`.
void write_commands(std::ostream& out, const std::vector<DramCommand>& commands);

}  // namespace sterna::sim
