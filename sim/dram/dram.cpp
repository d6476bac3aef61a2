// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

namespace sterna::sim {
namespace {

constexpr std::uint32_t kPipeGranule = 64;  // of Flat and Ideal, which have no bursts of their own

DramConfig validated(const DramConfig& config) {
  config.validate();
  DramConfig result = config;
  if (config.kind == DramKind::Banks) return result;
  // What the fields of the banks hold means nothing here, and may be nonsense.
  const DramConfig stand_in = default_dram(dram_parts().front(), config.asker_khz);
  result.part = stand_in.part;
  result.channels = stand_in.channels;
  result.mapping = stand_in.mapping;
  return result;
}

}  // namespace

Dram::Dram(const DramConfig& config, std::uint32_t ports)
    : config_(validated(config)),
      granule_bytes_(config.kind == DramKind::Banks ? config_.part.access_bytes() : kPipeGranule),
      granule_shift_(static_cast<std::uint32_t>(std::countr_zero(granule_bytes_))),
      ratio_(config.asker_khz, config_.part.clock_khz),
      map_(config_.part, config_.channels, config_.mapping),
      memory_bytes_(config_.bytes()),
      ports_(ports, DramPort(granule_bytes_)) {
  if (config_.kind == DramKind::Banks) {
    for (std::uint32_t c = 0; c < config_.channels; ++c) channels_.emplace_back(config_, c, ports_);
  }
  if (config_.kind == DramKind::Flat) {
    // A byte takes asker_khz / (bandwidth in bytes a millisecond) cycles.
    pipe_unit_ = static_cast<std::uint64_t>(std::llround(config_.flat_gb_s * 1e6));
    pipe_latency_ = static_cast<Cycle>(
        std::ceil(config_.flat_latency_ns * static_cast<double>(config_.asker_khz) / 1e6));
  }
}

void Dram::run_to(Cycle cycle) {
  now_ = cycle;
  clock_ = ratio_.to_clock(cycle);
  for (DramChannel& channel : channels_) channel.run_until(clock_);
}

void Dram::advance(Cycle cycle) {
  if (cycle > kMaxCycle) {
    throw std::invalid_argument(
        fmt::format("the memory is told of cycle {}; it counts to {}", cycle, kMaxCycle));
  }
  if (cycle > now_) run_to(cycle);
}

template <typename Visit>
void Dram::for_channels(std::uint64_t address, std::uint32_t bytes, Visit visit) const {
  if (channels_.size() == 1) return visit(0U);
  const std::uint64_t first = address >> granule_shift_;
  const std::uint64_t last = (address + bytes - 1) >> granule_shift_;
  const std::uint32_t shift = map_.channel_shift();
  const std::uint64_t blocks = (last >> shift) - (first >> shift) + 1;
  const std::uint64_t count = std::min<std::uint64_t>(blocks, channels_.size());
  for (std::uint64_t i = 0; i < count; ++i) visit(map_.channel(first + (i << shift)));
}

bool Dram::room(std::uint64_t address, std::uint32_t bytes, bool write) const {
  bool all = true;
  for_channels(address, bytes, [&](std::uint32_t c) { all &= channels_[c].has_room(write); });
  return all;
}

Dram::Cycle Dram::room_cycle(std::uint64_t address, std::uint32_t bytes, bool write) {
  Cycle cycle = now_;
  for_channels(address, bytes, [&](std::uint32_t c) {
    if (channels_[c].has_room(write)) return;
    cycle = std::max(cycle, ratio_.cycle_after(channels_[c].earliest_room(write)));
  });
  return cycle;
}

Dram::Cycle Dram::advance_until_room(std::uint64_t address, std::uint32_t bytes, bool write,
                                     Cycle limit) {
  while (now_ < limit && !room(address, bytes, write)) {
    advance(std::min(limit, std::max(now_ + 1, room_cycle(address, bytes, write))));
  }
  return now_;
}

void Dram::check(const DramRequest& request) const {
  if (request.cycle < now_) {
    throw std::invalid_argument(
        fmt::format("a request comes from cycle {}, before {}", request.cycle, now_));
  }
  if (request.port >= ports_.size()) {
    throw std::invalid_argument(
        fmt::format("port {} asks; the memory has {} ports", request.port, ports_.size()));
  }
  if (request.bytes == 0 || request.bytes > kMaxRequestBytes) {
    throw std::invalid_argument(fmt::format("a request is for {} bytes; it must be from 1 to {}",
                                            request.bytes, kMaxRequestBytes));
  }
  const std::uint64_t end = memory_bytes_;
  if (end != 0 && (request.address >= end || request.bytes > end - request.address)) {
    throw std::invalid_argument(fmt::format("{} bytes at {:#x} are asked for; the memory has {:#x}",
                                            request.bytes, request.address, end));
  }
}

void Dram::submit(const DramRequest& request) {
  check(request);
  advance(request.cycle);
  if (!room(request.address, request.bytes, request.write)) {
    throw std::invalid_argument(
        fmt::format("{} bytes at {:#x} are asked for in cycle {}, but their queue is full",
                    request.bytes, request.address, request.cycle));
  }
  if (requests_ != nullptr) requests_->push_back(request);
  if (config_.kind == DramKind::Banks) {
    submit_to_banks(request);
  } else {
    submit_to_pipe(request);
  }
}

void Dram::submit_to_banks(const DramRequest& request) {
  const std::uint32_t skip = static_cast<std::uint32_t>(request.address) & (granule_bytes_ - 1);
  const std::uint32_t granules = (skip + request.bytes + granule_bytes_ - 1) >> granule_shift_;
  DramPort& port = ports_[request.port];
  const std::uint64_t slot = request.write
                                 ? port.writes.begin(request.tag, granules)
                                 : port.reads.begin(request.tag, skip, request.bytes, granules);
  const std::uint64_t first = request.address >> granule_shift_;
  const std::uint64_t end = first + granules;
  const std::uint64_t stride = std::uint64_t{1} << map_.column_shift();
  const std::uint64_t span = stride * config_.part.columns();
  // Block by block of addresses that share all fields above the column; in a block, the accesses
  // that differ in nothing but the column are one run.
  for (std::uint64_t block = first; block < end; block = (block & ~(span - 1)) + span) {
    const std::uint64_t block_end = std::min(end, (block & ~(span - 1)) + span);
    for (std::uint64_t a = block; a < std::min(block + stride, block_end); ++a) {
      const DramLocation at = map_.locate(a);
      channels_[at.channel].enqueue(
          {.age = age_ + (a - first),
           .slot = request.write ? slot : slot + (a - first),
           .stride = stride,
           .row = at.row,
           .column = at.column,
           .left = static_cast<std::uint32_t>((block_end - a - 1) >> map_.column_shift()) + 1,
           .bank =
               (at.rank * config_.part.bank_groups + at.bank_group) * config_.part.banks + at.bank,
           .port = request.port,
           .write = request.write});
    }
  }
  age_ += granules;
  for_channels(request.address, request.bytes, [&](std::uint32_t c) { channels_[c].settle(); });
}

Dram::Cycle Dram::next_decision() {
  Cycle next = kNever;
  for (DramChannel& channel : channels_) {
    if (!channel.idle()) next = std::min(next, ratio_.cycle_after(channel.wake()));
  }
  return next;
}

Dram::Cycle Dram::next_change() {
  Cycle next = next_decision();
  const auto consider = [&](Cycle cycle) {
    if (cycle > now_) next = std::min(next, cycle);
  };
  for (const DramPort& port : ports_) {
    consider(port.reads.next_cycle());
    consider(port.writes.next_cycle());
  }
  return next == kNever ? kNever : std::max(next, now_ + 1);
}

Dram::Cycle Dram::advance_until_read(std::uint32_t port, Cycle limit) {
  const ReadStream& reads = ports_[port].reads;
  if (reads.empty()) return now_;
  const std::uint64_t end = reads.end_of_first();
  while (now_ < limit && !reads.known_up_to(end)) {
    advance(std::min(limit, std::max(next_decision(), now_ + 1)));
  }
  return now_;
}

Dram::Cycle Dram::drain() {
  while (true) {
    const Cycle next = next_decision();
    if (next == kNever) return now_;
    advance(std::max(next, now_ + 1));
  }
}

std::vector<DramStatistics> Dram::statistics() const {
  if (config_.kind != DramKind::Banks) return {pipe_statistics_};
  std::vector<DramStatistics> result;
  for (const DramChannel& channel : channels_) result.push_back(channel.statistics());
  return result;
}

void Dram::record_commands(std::vector<DramCommand>* commands) {
  for (DramChannel& channel : channels_) channel.record(commands);
}

}  // namespace sterna::sim
