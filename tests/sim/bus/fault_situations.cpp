// SPDX-License-Identifier: Apache-2.0

// Which situation a round was: counted after its checks have passed.
#include <iterator>
#include <string>

#include "tests/sim/bus/fault_case.hpp"

namespace sterna::sim {
namespace {

using Names = std::vector<std::string>;

constexpr std::uint32_t kIssueCycles = 2;  // selectors, docs/tmu.md
constexpr std::uint32_t kRespondCycles = 6;

const Names kMasters = {"weights", "activations", "descriptors"};
const Names kResponses = {"SLVERR", "DECERR"};
const Names kPhases = {"idle", "descriptors", "writes", "load", "compute", "drain", "counters"};

std::string response_name(const FaultPlan& plan) { return kResponses[plan.faults.response - 2U]; }

std::string master_name(std::uint32_t reader, std::uint32_t engines) {
  return kMasters[reader < engines ? 0 : reader - engines + 1];
}

}  // namespace

void declare_situations(Coverage& coverage) {
  const Names stops(std::begin(kFaultNames) + 1, std::end(kFaultNames));
  coverage.declare("read error",
                   {{"weights", "activations"}, kResponses, {"ahead of its command", "in it"}});
  coverage.declare("read error", {{"descriptors"}, kResponses, {"a command runs", "none runs"}});
  coverage.declare("write error",
                   {{"results"}, kResponses, {"its command runs", "another runs", "none runs"}});
  coverage.declare("write error", {{"record"}, kResponses, {"another runs", "none runs"}});
  coverage.declare("descriptor", {{"illegal", "refused", "weights", "activations", "results"},
                                  {"a command runs", "none runs"}});
  coverage.declare("cancel", {kPhases});
  coverage.declare("overrun", {kPhases});
  coverage.declare("silence", {{"AR", "R"}, kMasters, {"speaks again", "reset"}});
  coverage.declare("silence", {{"AW", "W", "B"}, {"speaks again", "reset"}});
  coverage.declare("afterwards", {stops, {"goes on", "posted again", "reset"}});
  coverage.declare("waits", {{"weights AR", "activations AR", "descriptors AR", "AW", "W"}});
  coverage.declare("done", {{"t5", "t2"}, {"loads", "keeps"}, {"counters", "no counters"}});
}

// At the cycle: whether this command, or any, has started and not answered.
bool FaultCase::runs(std::size_t command, std::uint64_t cycle) const {
  const FaultyBus::Seen& seen = bus_.seen();
  return command < seen.starts.size() && seen.starts[command] < cycle &&
         (command >= seen.answers.size() || seen.answers[command] >= cycle);
}

std::string FaultCase::running(std::uint64_t cycle) const {
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    if (runs(i, cycle)) return "a command runs";
  }
  return "none runs";
}

// What the unit does in this cycle.
std::string FaultCase::phase() const {
  const FaultyBus::Seen& seen = bus_.seen();
  if (seen.starts.size() > seen.answers.size()) {
    const TmuCommand& c = commands_[seen.answers.size()].command;
    const std::uint64_t groups = (c.rows - 1) / hardware_.unit.engines + 1;
    const std::uint64_t chunks = (c.tokens - 1) / hardware_.unit.slices + 1;
    const std::uint64_t slots = bus_.unit().counter(kIssueCycles);
    if (slots == 0) return "load";
    if (slots < groups * chunks * c.beats) return "compute";
    return bus_.unit().counter(kRespondCycles) == 0 ? "drain" : "counters";
  }
  std::uint64_t bursts = 0;
  for (std::size_t i = 0; i < seen.answers.size(); ++i) {
    bursts += write_bursts(hardware_, commands_[i].command);
  }
  if (bus_.written().size() < bursts) return "writes";
  return seen.starts.size() < commands_.size() ? "descriptors" : "idle";
}

void FaultCase::count(Coverage& coverage) const {
  if (!recovery_.empty()) coverage.hit("afterwards", recovery_);
  if (stopped_) {
    count_stop(coverage);
    return;
  }
  const FaultyBus::Seen& seen = bus_.seen();
  const std::uint32_t engines = hardware_.unit.engines;
  for (std::uint32_t r = 0; r < engines + 2; ++r) {
    if (seen.waited[r]) coverage.hit("waits", {master_name(r, engines) + " AR"});
  }
  if (seen.waited[engines + 2]) coverage.hit("waits", {"AW"});
  if (seen.waited[engines + 3]) coverage.hit("waits", {"W"});
  for (const PlannedCommand& c : commands_) {
    const bool counters = (c.descriptor.flags & axi::kFlagCounters) != 0;
    coverage.hit("done", {c.command.format == WeightFormat::T5 ? "t5" : "t2",
                          c.command.keep_activations ? "keeps" : "loads",
                          counters ? "counters" : "no counters"});
  }
}

void FaultCase::count_stop(Coverage& coverage) const {
  const FaultyBus::Seen& seen = bus_.seen();
  const std::uint32_t engines = hardware_.unit.engines;
  const BusFaults& faults = plan_.faults;
  const std::string end = plan_.for_ever ? "reset" : "speaks again";
  if (plan_.kind == FaultKind::Read) {
    const bool ring = faults.reader == engines + 1;
    const bool ahead = !ring && seen.fault->cycle < seen.starts.at(plan_.command);
    coverage.hit("read error", {master_name(faults.reader, engines), response_name(plan_),
                                ring    ? running(seen.fault->cycle)
                                : ahead ? "ahead of its command"
                                        : "in it"});
  } else if (plan_.kind == FaultKind::Write) {
    const std::string other =
        running(seen.fault->cycle) == "none runs" ? "none runs" : "another runs";
    coverage.hit("write error",
                 {plan_.in_record ? "record" : "results", response_name(plan_),
                  runs(plan_.command, seen.fault->cycle) ? "its command runs" : other});
  } else if (plan_.spoils()) {
    const bool address = plan_.kind == FaultKind::Address;
    const std::string spoilt =
        address ? plan_.range : kFaultNames[static_cast<std::size_t>(plan_.kind)];
    coverage.hit("descriptor", {spoilt, running(seen.descriptor_beats[4 * plan_.command + 3])});
  } else if (acts()) {
    coverage.hit(plan_.kind == FaultKind::Cancel ? "cancel" : "overrun", {phase_});
  } else {
    for (std::uint32_t r = 0; r < engines + 2; ++r) {
      const std::string master = master_name(r, engines);
      if ((faults.silent_ar >> r & 1U) != 0) coverage.hit("silence", {"AR", master, end});
      if ((faults.silent_r >> r & 1U) != 0) coverage.hit("silence", {"R", master, end});
    }
    if (faults.silent_aw) coverage.hit("silence", {"AW", end});
    if (faults.silent_w) coverage.hit("silence", {"W", end});
    if (faults.silent_b) coverage.hit("silence", {"B", end});
  }
}

}  // namespace sterna::sim
