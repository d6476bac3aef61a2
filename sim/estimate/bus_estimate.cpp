// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate/bus_estimate.hpp"

#include <algorithm>

#include "sim/bus/bus_layout.hpp"
#include "sim/estimate/bus_steps.hpp"
#include "sim/estimate/column_rates.hpp"
#include "sim/job/job_plan.hpp"
#include "sim/streams/result_path.hpp"

namespace sterna::sim {
namespace {

// docs/tmu.md: from the last result to the response.
constexpr double kResultToRespond = 2;

/// One job, command after command.
class Estimate {
 public:
  Estimate(const HardwareConfig& hardware, const BusRates& rates,
           std::span<const std::uint32_t> nonzero_columns)
      : hardware_(hardware),
        unit_(hardware.unit),
        nonzero_columns_(nonzero_columns),
        rates_(rates),
        steps_(hardware),
        store_(double{1} * hardware.bus->dma_fifo_beats + unit_.weight_fifo_beats) {}

  void add(const TmuCommand& command) {
    const BusSteps::Start start = steps_.begin(command);
    terms_.fetch += start.accept - now_;
    terms_.accept += 1;
    const std::size_t index = commands_++;
    const double last_slot = command.columns != 0
                                 ? compute_columns(command, nonzero_columns_[index], start.accept)
                                 : compute_rows(command, start);
    const double respond = last_slot + kIssueToResult + backlog_ + kResultToRespond;
    terms_.drain += respond - last_slot - 1;
    terms_.respond += 1;
    steps_.end(command, first_result_, respond);
    now_ = respond + 1;
  }

  void end() { terms_.write_back += steps_.done() + 1 - now_; }

  [[nodiscard]] const JobEstimate& terms() const { return terms_; }

 private:
  double compute_rows(const TmuCommand& command, const BusSteps::Start& start) {
    terms_.activation_stall += start.work - start.accept - 1;
    return compute(command, load(command, start.work));
  }

  // Returns the cycle of the last slot, which gathers. The cycle that finds no column left and those that gather
  // are drain cycles.
  double compute_columns(const TmuCommand& command, std::uint32_t columns, double accept) {
    constexpr double kFound = 2;  // a beat of activations taken, a column of it offered
    const ColumnRates rates = column_rates(hardware_, command, columns);
    const double groups = shape_of(unit_, command).groups;
    const double adding = rates.startup + rates.column * command.columns;
    const double issue = double{1} * columns * command.beats;
    const double waiting = std::max(0.0, adding - issue);
    const double activation_stall =
        columns == 0 ? waiting : std::min(waiting, steps_.read_latency() + kFound);
    terms_.issue += issue;
    terms_.activation_stall += activation_stall;
    terms_.weight_stall += waiting - activation_stall;
    terms_.drain += 1 + groups;
    terms_.result_stall += groups * rates.result_stall;
    const double found = accept + 1 + issue + waiting;  // that no column is left
    backlog_ = 0;
    first_result_ = found + 1 + kIssueToResult;
    return found + groups * (1 + rates.result_stall);
  }

  // Weights come from the first address of the job on; none is taken in between.
  void wait_until(double cycle) {
    if (weights_from_ == 0) {
      weights_from_ = weights_to_ = steps_.first_weight_address() + steps_.read_latency();
    }
    stored_ = std::min(store_, stored_ + std::max(0.0, cycle - weights_to_) / rates_.weight_beat);
    weights_to_ = std::max(weights_to_, cycle);
  }

  // Returns the cycle of the first slot.
  double load(const TmuCommand& command, double from) {
    const auto beats = static_cast<double>(activation_beats(unit_, command));
    const double first = weights_from_ == 0 ? rates_.startup : 0.0;
    const double stall = first + beats * (rates_.activation_beat - 1);
    terms_.load += beats;
    terms_.activation_stall += stall;
    wait_until(from + beats + stall);
    return from + beats + stall;
  }

  // Slots from cycle `from`; returns that of the last.
  double compute(const TmuCommand& command, double from) {
    const CommandShape shape = shape_of(unit_, command);
    const double chunks = shape.chunks;
    const double groups = shape.groups;
    const double slots = command.beats * chunks;
    const double bytes = static_cast<double>(result_bytes(unit_, command));

    // A result beat leaves the unit a word a cycle; bursts cost a cycle each, the last of the command aside.
    const double word = hardware_.bus->word_bytes();
    const double packed = std::max(1.0, bytes / (groups * chunks) / word);
    const double ported = bytes / (groups * chunks) / word * (1 + 1.0 / hardware_.bus->burst_beats);
    const double in_group = credit_stall(unit_.result_fifo_beats, shape.chunks, packed);
    const double by_unit =
        std::max({slots + in_group, chunks * ported,
                  chunks * (kIssueToResult + kCreditBack) / unit_.result_fifo_beats});
    const double by_memory = memory_cycles(command.beats, bytes / groups);
    const double first = std::max(0.0, (1 - stored_) * rates_.weight_beat);
    const double result_stall = (by_unit - slots) * groups;
    double weight_stall = first;
    const double saved = std::max(0.0, stored_ - 1) * rates_.weight_beat;
    weight_stall += std::max(0.0, (by_memory - by_unit) * groups - saved);
    stored_ =
        std::clamp(stored_ + (by_unit - by_memory) * groups / rates_.weight_beat, 0.0, store_);
    terms_.issue += slots * groups;
    terms_.result_stall += result_stall;
    terms_.weight_stall += weight_stall;
    first_result_ = from + first + (command.beats - 1) * chunks + kIssueToResult;
    const double end = from + slots * groups + result_stall + weight_stall;
    weights_to_ = end;
    backlog_ = std::max(0.0, (chunks - 1) * (packed - 1) - in_group);
    return end - 1;
  }

  // Of a row group's beats and bytes of results. Few results make the memory turn round for a few at a time.
  [[nodiscard]] double memory_cycles(double beats, double result_bytes) const {
    const double sparse = std::min(result_bytes, beats * rates_.results);
    const double beat_bytes = double{1} * unit_.engines * unit_.beat_bytes();
    return (beats + (result_bytes - sparse) / beat_bytes) * rates_.weight_beat +
           sparse * rates_.result_byte;
  }

  const HardwareConfig& hardware_;
  const UnitConfig& unit_;
  std::span<const std::uint32_t> nonzero_columns_;
  std::size_t commands_ = 0;  // so far
  const BusRates& rates_;
  BusSteps steps_;
  double store_;             // most weight beats of an engine that wait for their slots
  double stored_ = 0;        // of them there are
  double weights_from_ = 0;  // the first is there
  double weights_to_ = 0;    // up to which stored_ is counted
  double first_result_ = 0;
  double backlog_ = 0;
  double now_ = 0;
  JobEstimate terms_;
};

}  // namespace

JobEstimate estimate_bus_job(const HardwareConfig& hardware, const BusRates& rates,
                             std::span<const TmuCommand> commands, const Repeat& repeat,
                             std::span<const std::uint32_t> nonzero_columns) {
  Estimate estimate(hardware, rates, nonzero_columns);
  JobEstimate terms = add_commands(estimate, commands, repeat);
  estimate.end();
  terms.add(estimate.terms(), 1);
  return terms;
}

}  // namespace sterna::sim
