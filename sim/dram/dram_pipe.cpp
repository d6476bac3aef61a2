// SPDX-License-Identifier: Apache-2.0

// The part of Dram that has no banks: Flat and Ideal.

#include <algorithm>

#include "sim/dram/dram.hpp"

namespace sterna::sim {

Dram::Cycle Dram::pipe(std::uint32_t bytes) {
  if (config_.kind == DramKind::Ideal) return now_;
  const Cycle ready = now_ + pipe_latency_;
  if (pipe_whole_ < ready) {
    pipe_whole_ = ready;
    pipe_part_ = 0;
  }
  pipe_part_ += std::uint64_t{bytes} * config_.asker_khz;
  pipe_whole_ += pipe_part_ / pipe_unit_;
  pipe_part_ %= pipe_unit_;
  return pipe_whole_ + (pipe_part_ > 0 ? 1 : 0);
}

void Dram::submit_to_pipe(const DramRequest& request) {
  const auto skip = static_cast<std::uint32_t>(request.address % granule_bytes_);
  const std::uint32_t granules = (skip + request.bytes + granule_bytes_ - 1) / granule_bytes_;
  DramPort& port = ports_[request.port];
  const std::uint64_t slot = request.write
                                 ? port.writes.begin(request.tag, granules)
                                 : port.reads.begin(request.tag, skip, request.bytes, granules);
  // A pipe has no bursts that must be moved whole: only the bytes asked for take time.
  std::uint32_t before = skip;
  std::uint32_t left = request.bytes;
  for (std::uint32_t g = 0; g < granules; ++g) {
    const std::uint32_t bytes = std::min(granule_bytes_ - before, left);
    const Cycle cycle = pipe(bytes);
    if (request.write) {
      port.writes.written(slot, 1, cycle);
    } else {
      port.reads.arrive(slot + g, cycle);
    }
    before = 0;
    left -= bytes;
  }
  (request.write ? pipe_statistics_.writes : pipe_statistics_.reads) += granules;
  (request.write ? pipe_statistics_.write_bytes : pipe_statistics_.read_bytes) += request.bytes;
}

}  // namespace sterna::sim
