// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate/job_estimate.hpp"

#include <algorithm>
#include <cmath>

#include "sim/estimate/bus_estimate.hpp"
#include "sim/job/job_plan.hpp"
#include "sim/streams/result_path.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {
namespace {

// From the cycle in which a result is handed over to the end of Drain (docs/tmu.md).
constexpr double kResultToRespond = 1;

/// How fast a port moves beats, in cycles.
struct Rate {
  double latency;           // of a beat asked for when nothing else is
  double beat;              // between beats of a stream that waits for nothing else
  double supply;            // the same if more than one could be handed over a cycle
  double refresh_interval;  // 0: none
  double refresh;           // in which nothing moves

  Rate(const HardwareConfig& hardware, double bytes, double gb_s) {
    const MemoryConfig& memory = hardware.memory;
    const double cycles_per_ns = hardware.clock_mhz / 1000;
    const double bus = bytes / gb_s * cycles_per_ns;
    latency = std::ceil(memory.latency_ns * cycles_per_ns + bus);
    beat = bus;
    supply = bus;
    refresh_interval = memory.refresh_interval_ns * cycles_per_ns;
    refresh = refresh_interval > 0 ? memory.refresh_ns * cycles_per_ns : 0.0;
  }

  /// The same where a beat comes at most once in `least` cycles. What the memory alone bounds stands still
  /// during a refresh.
  void bound_by(double least) {
    beat = std::max(beat, least);
    if (beat > 1 && refresh > 0) beat /= 1 - refresh / refresh_interval;
  }

  /// Cycles lost in `cycles` of use to refreshes that outlast `bridged` cycles of what is in store.
  [[nodiscard]] double lost_to_refresh(double cycles, double bridged) const {
    return refresh > bridged ? cycles / refresh_interval * (refresh - bridged) : 0.0;
  }
};

/// Beats of a stream that are there before they are needed: below 0 as long as the first is on its way.
class Stock {
 public:
  Stock(const Rate& rate, double capacity)
      : rate_(rate), capacity_(capacity), beats_(-rate.latency / rate.beat) {}

  /// Nothing is taken for `cycles`.
  void wait(double cycles) { beats_ = std::min(capacity_, beats_ + cycles / rate_.beat); }

  /// Takes `beats`, one every `each` cycles if they are there; returns the cycles it waited for them.
  double take(double beats, double each) {
    const double first = std::max(0.0, (1 - beats_) * rate_.beat);
    beats_ = std::max(beats_, 1.0);
    const double kept = each / rate_.beat - 1;  // change of the stock a beat
    if (kept >= 0) {
      // What is in store beyond what comes back from refresh to refresh helps once.
      const double steady = bridged(each);
      const double lost = rate_.lost_to_refresh(beats * each, steady * each);
      const double saved = std::min(lost, std::max(0.0, beats_ - steady) * each);
      beats_ = std::min(capacity_, beats_ - saved / each + beats * kept);
      return first + lost - saved;
    }
    const double lasting = std::min(beats, beats_ / -kept);
    beats_ += lasting * kept;
    return first + (beats - lasting) * (rate_.beat - each);
  }

 private:
  // Beats in store when a refresh begins: what came in excess since the one before, as far as there is room
  // beside those under way.
  [[nodiscard]] double bridged(double each) const {
    const double excess =
        (rate_.refresh_interval - rate_.refresh) * std::max(0.0, 1 / rate_.supply - 1 / each);
    const double room = capacity_ - rate_.latency / each;
    return std::clamp(excess, 0.0, std::max(0.0, room));
  }

  Rate rate_;
  double capacity_;
  double beats_;
};

/// A read port: one beat a cycle at most, a window of them under way at a time.
Rate read_rate(const HardwareConfig& hardware, double bytes, double gb_s) {
  Rate rate(hardware, bytes, gb_s);
  rate.supply = std::max(rate.beat, (rate.latency + 1) / hardware.memory.window_beats);
  rate.bound_by(std::max(1.0, rate.supply));
  return rate;
}

/// The result port. The last chunk and the last group may give fewer sums, so the bytes are those of a mean
/// beat.
Rate result_rate(const HardwareConfig& hardware, const TmuCommand& command,
                 const CommandShape& shape) {
  const double sums = double{1} * command.rows * command.tokens;
  const double beats = double{1} * shape.groups * shape.chunks;
  Rate rate(hardware, sums / beats * StreamMemory::kSumBytes, hardware.memory.result_gb_s);
  rate.bound_by(1.0);
  return rate;
}

/// One job, command after command.
class Estimate {
 public:
  explicit Estimate(const HardwareConfig& hardware)
      : hardware_(hardware),
        unit_(hardware.unit),
        weights_(
            read_rate(hardware, unit_.beat_bytes(), hardware.memory.weight_gb_s / unit_.engines),
            unit_.weight_fifo_beats + hardware.memory.window_beats),
        activations_(read_rate(hardware, kActivationBeatBytes, hardware.memory.activation_gb_s),
                     hardware.memory.window_beats) {}

  void add(const TmuCommand& command) {
    pass(1, terms_.accept);
    if (!command.keep_activations) load(command);
    compute(command);
    pass(1, terms_.respond);
  }

  [[nodiscard]] const JobEstimate& terms() const { return terms_; }

 private:
  // Neither stream is used.
  void pass(double cycles, double& term) {
    term += cycles;
    weights_.wait(cycles);
    activations_.wait(cycles);
  }

  void load(const TmuCommand& command) {
    const auto beats = static_cast<double>(activation_beats(unit_, command));
    const double stall = activations_.take(beats, 1);
    terms_.load += beats;
    terms_.activation_stall += stall;
    weights_.wait(beats + stall);
  }

  void compute(const TmuCommand& command) {
    const CommandShape shape = shape_of(unit_, command);
    const double chunks = shape.chunks;
    const double beats = double{1} * shape.groups * command.beats;
    const Rate results = result_rate(hardware_, command, shape);
    const double in_group = credit_stall(unit_.result_fifo_beats, shape.chunks, results.beat);
    // A group takes its slots, or as long as its results take to leave: by the port, which the refreshes of
    // its rate slow already, or credit by credit.
    const double credits = unit_.result_fifo_beats;
    const double by_port = chunks * results.beat;
    const double by_credits = chunks * (kIssueToResult + kCreditBack) / credits;
    const double group = std::max({command.beats * chunks + in_group, by_port, by_credits});
    const double stored = group > by_credits ? credits * group / chunks : 0.0;
    const double bridged = group > by_port ? stored : results.refresh;
    const double result_stall = (group - command.beats * chunks) * shape.groups +
                                results.lost_to_refresh(group * shape.groups, bridged);
    const double weight_stall = weights_.take(beats, chunks + result_stall / beats);
    terms_.issue += beats * chunks;
    terms_.weight_stall += weight_stall;
    terms_.result_stall += result_stall;
    activations_.wait(beats * chunks + weight_stall + result_stall);
    const double backlog = std::max(0.0, (chunks - 1) * (results.beat - 1) - in_group);
    pass(kIssueToResult + kResultToRespond + backlog, terms_.drain);
  }

  const HardwareConfig& hardware_;
  const UnitConfig& unit_;
  Stock weights_;
  Stock activations_;
  JobEstimate terms_;
};

}  // namespace

std::span<const NamedTerm> named_terms() {
  static constexpr NamedTerm kTerms[] = {{"fetch", &JobEstimate::fetch},
                                         {"accept", &JobEstimate::accept},
                                         {"load", &JobEstimate::load},
                                         {"activation_stall", &JobEstimate::activation_stall},
                                         {"issue", &JobEstimate::issue},
                                         {"weight_stall", &JobEstimate::weight_stall},
                                         {"result_stall", &JobEstimate::result_stall},
                                         {"drain", &JobEstimate::drain},
                                         {"respond", &JobEstimate::respond},
                                         {"write_back", &JobEstimate::write_back}};
  return kTerms;
}

double JobEstimate::cycles() const {
  double sum = 0;
  for (const NamedTerm& term : named_terms()) sum += this->*term.field;
  return sum;
}

void JobEstimate::add(const JobEstimate& part, double times) {
  for (const NamedTerm& term : named_terms()) this->*term.field += part.*term.field * times;
}

JobEstimate estimate_job(const HardwareConfig& hardware, std::span<const TmuCommand> commands) {
  return estimate_job(hardware, commands, lower_bound(hardware, commands));
}

JobEstimate estimate_job(const HardwareConfig& hardware, std::span<const TmuCommand> commands,
                         const LowerBound& bound, const Repeat& repeat,
                         std::span<const std::uint32_t> nonzero_columns) {
  JobEstimate terms;
  if (hardware.bus) {
    terms = estimate_bus_job(hardware, bus_rates(hardware), commands, repeat, nonzero_columns);
  } else {
    Estimate estimate(hardware);
    terms = add_commands(estimate, commands, repeat);
    terms.add(estimate.terms(), 1);
  }
  // Rounding of fluids may fall short of what whole beats need: no estimate undercuts the bound.
  terms.weight_stall += std::max(0.0, static_cast<double>(bound.cycles) - terms.cycles());
  return terms;
}

}  // namespace sterna::sim
