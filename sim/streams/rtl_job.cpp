// SPDX-License-Identifier: Apache-2.0
#include "sim/streams/rtl_job.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace sterna::sim {
namespace {

std::span<const std::uint8_t> as_bytes(std::span<const std::int8_t> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size()};
}

}  // namespace

void BeatStream::append(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  ranges_.push_back(bytes);
  if (beat_ == nullptr) next_range();
}

void BeatStream::next_range() {
  const std::span<const std::uint8_t> range =
      range_ < ranges_.size() ? ranges_[range_++] : std::span<const std::uint8_t>{};
  beat_ = range.empty() ? nullptr : range.data();
  end_ = range.empty() ? nullptr : range.data() + range.size();
}

RtlJob::RtlJob(TmuUnit& unit, StreamMemory& memory, const UnitConfig& config,
               std::span<const TmuTask> tasks)
    : unit_(unit),
      memory_(memory),
      config_(config),
      tasks_(tasks),
      plan_(plan_job(config, tasks)),
      weights_(config.engines, BeatStream(config.beat_bytes())) {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!plan_.legal[i]) continue;
    const WeightStreams& streams = *tasks[i].weights;
    for (std::uint32_t e = 0; e < config.engines; ++e) {
      weights_[e].append(std::span(streams.bytes)
                             .subspan(streams.engine_offset[e],
                                      streams.engine_offset[e + 1] - streams.engine_offset[e]));
    }
    activations_.append(as_bytes(tasks[i].activations));
  }
  reports_.reserve(tasks.size());
}

std::vector<CommandReport> RtlJob::run(const std::optional<WaveWindow>& waves) {
  memory_.start(plan_.weight_beats, plan_.activation_beats);
  unit_.reset();
  for (std::uint32_t e = 0; e < config_.engines; ++e) unit_.in.weight_data[e] = weights_[e].beat();
  unit_.in.act_data = activations_.beat();
  unit_.in.rsp_ready = true;
  offer_command();
  WaveRecorder recorder(unit_, waves);
  while (answered_ < tasks_.size()) {
    recorder.before(cycle_);
    clock();
  }
  return std::move(reports_);
}

void RtlJob::clock() {
  // (1) Drive the pins of this cycle from the memory.
  const TmuUnitOutputs& out = unit_.out;
  TmuUnitInputs& in = unit_.in;
  in.act_valid = memory_.activations.arrival() <= cycle_;
  in.weight_valid = arrived_weights();
  in.result_ready = result_ready();

  // (2) See which streams move at the edge; outputs depend on registers only.
  const bool command = in.cmd_valid && out.cmd_ready;
  const bool activation = in.act_valid && out.act_ready;
  const bool result = in.result_ready && out.result_valid;
  const bool response = out.rsp_valid;
  const std::uint8_t status = out.rsp_status;
  const std::uint32_t weights = in.weight_valid & out.weight_ready;
  if (result) take_result();

  // (3) The edge. It reads the payloads, so the streams move on after it.
  unit_.step();
  if (activation) take_activation();
  if (weights != 0) take_weights(weights);
  if (command) accept();
  if (response) answer(status);

  // (4) Watch for a unit that waits for nothing.
  if (command || activation || result || response || weights != 0) last_progress_ = cycle_;
  if (cycle_ >= last_progress_ + kPatienceCycles) check_progress();
  ++cycle_;
}

void RtlJob::offer_command() {
  TmuUnitInputs& in = unit_.in;
  in.cmd_valid = reports_.size() < tasks_.size();
  if (!in.cmd_valid) return;
  const TmuCommand& command = tasks_[reports_.size()].command;
  in.cmd_tokens = static_cast<std::uint16_t>(command.tokens);
  in.cmd_beats = static_cast<std::uint16_t>(command.beats);
  in.cmd_rows = command.rows;
  in.cmd_t2 = command.format == WeightFormat::T2;
  in.cmd_keep = command.keep_activations;
}

std::uint32_t RtlJob::arrived_weights() const {
  std::uint32_t arrived = 0;
  for (std::uint32_t e = 0; e < config_.engines; ++e) {
    arrived |= std::uint32_t{memory_.weights[e].arrival() <= cycle_} << e;
  }
  return arrived;
}

bool RtlJob::result_ready() {
  if (result_ready_from_ < cycle_) result_ready_from_ = memory_.results.first_ready(cycle_);
  return result_ready_from_ == cycle_;
}

void RtlJob::take_weights(std::uint32_t engines) {
  for (std::uint32_t e = 0; e < config_.engines; ++e) {
    if ((engines >> e & 1U) == 0) continue;
    memory_.weights[e].take(cycle_);
    weights_[e].next();
    unit_.in.weight_data[e] = weights_[e].beat();
  }
}

void RtlJob::take_activation() {
  memory_.activations.take(cycle_);
  activations_.next();
  unit_.in.act_data = activations_.beat();
}

// Stores the active sums of the result beat at the pins. Results leave in slot order.
void RtlJob::take_result() {
  const TmuTask& task = tasks_[reports_.size() - 1];
  const bool last_chunk = chunk_ + 1 == shape_.chunks;
  const std::uint32_t engines =
      group_ + 1 == shape_.groups ? shape_.last_group_engines : config_.engines;
  const std::uint32_t slices = last_chunk ? shape_.last_chunk_slices : config_.slices;
  for (std::size_t e = 0; e < engines; ++e) {
    const std::size_t row = std::size_t{group_} * config_.engines + e;
    for (std::size_t s = 0; s < slices; ++s) {
      const std::size_t token = std::size_t{chunk_} * config_.slices + s;
      task.sums[token * task.command.rows + row] = unit_.out.result_data[e * config_.slices + s];
    }
  }
  memory_.results.take(cycle_, engines * slices * StreamMemory::kSumBytes);
  chunk_ = last_chunk ? 0 : chunk_ + 1;
  group_ += last_chunk ? 1 : 0;
}

void RtlJob::accept() {
  const std::size_t index = reports_.size();
  reports_.push_back({.status = TmuStatus::Done,
                      .accept_cycle = cycle_,
                      .respond_cycle = 0,
                      .done_cycle = 0,
                      .counters = {}});
  if (plan_.legal[index]) shape_ = shape_of(config_, tasks_[index].command);
  group_ = 0;
  chunk_ = 0;
  offer_command();
}

// After the edge of the response the counters hold the whole command, until the next is accepted.
void RtlJob::answer(std::uint8_t status) {
  CommandReport& report = reports_[answered_++];
  report.status = static_cast<TmuStatus>(status);
  report.respond_cycle = report.done_cycle = cycle_;
  for (std::uint32_t i = 0; i < std::size(kTmuCounters); ++i) {
    report.counters.*kTmuCounters[i] = unit_.counter(i);
  }
  check_assertions();
}

void RtlJob::check_progress() {
  check_assertions();
  std::uint64_t latest = result_ready_from_ > cycle_ ? result_ready_from_ : last_progress_;
  const auto include = [&](const ReadPort& port) {
    if (port.arrival() != ReadPort::kNever) latest = std::max(latest, port.arrival());
  };
  include(memory_.activations);
  for (const ReadPort& port : memory_.weights) include(port);
  if (latest <= last_progress_) {
    throw std::runtime_error(fmt::format("the RTL made no progress for {} cycles before cycle {}",
                                         kPatienceCycles, cycle_));
  }
  last_progress_ = latest;
}

void RtlJob::check_assertions() const {
  if (unit_.errors() != 0) {
    throw std::runtime_error(fmt::format("an assertion of the RTL failed at or before cycle {}: {}",
                                         cycle_, unit_.first_error()));
  }
}

}  // namespace sterna::sim
