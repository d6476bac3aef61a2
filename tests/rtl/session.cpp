// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/session.hpp"

#include <gtest/gtest.h>

namespace sterna {
namespace {

constexpr std::uint64_t kHangCycles = 100000;

std::vector<std::int32_t> result_of(const TmuUnit& unit) {
  const std::size_t size = std::size_t{unit.parameters().engines} * unit.parameters().slices;
  return unit.out.result_valid
             ? std::vector<std::int32_t>(unit.out.result_data, unit.out.result_data + size)
             : std::vector<std::int32_t>();
}

}  // namespace

bool Session::Source::offers(std::uint64_t cycle) {
  if (takes.size() == beats.size() || cycle < next_offer) return false;
  if (arrivals.size() == takes.size()) arrivals.push_back(cycle);
  return true;
}

void Session::Source::take(std::uint64_t cycle, std::uint32_t gap) {
  takes.push_back(cycle);
  next_offer = cycle + 1 + gap;
}

Session::Session(TmuUnit& unit, const Traffic& traffic)
    : unit_(unit), traffic_(traffic), random_(traffic.seed), weights_(unit.parameters().engines) {
  unit_.reset();
}

std::uint32_t Session::gap() {
  return random_() % 100 < traffic_.gap_percent ? static_cast<std::uint32_t>(random_() % 12) : 0;
}

bool Session::sink_ready(std::uint64_t cycle) const {
  // Stalls come in runs of three cycles, so that the result FIFO fills.
  std::uint64_t hash = (cycle / 3 + traffic_.seed) * 0x9E3779B97F4A7C15ULL;
  hash = (hash ^ hash >> 29) * 0xBF58476D1CE4E5B9ULL;
  return (hash >> 32) % 100 >= traffic_.stall_percent;
}

std::vector<Observed> Session::run(std::span<const Command> commands) {
  const std::size_t beat_bytes = unit_.parameters().lanes / 5;
  for (const Command& command : commands) {
    for (std::size_t e = 0; e < weights_.size(); ++e) {
      const auto& bytes = command.weights[e];
      for (std::size_t i = 0; i < bytes.size(); i += beat_bytes) {
        weights_[e].beats.push_back(bytes.data() + i);
      }
    }
  }
  std::vector<Observed> all;
  for (const Command& command : commands) {
    Observed& seen = all.emplace_back();
    seen.sums.resize(command.expected.size());
    Source activations;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(command.activations.data());
    for (std::size_t i = 0; !command.keep && i < command.activations.size(); i += 16) {
      activations.beats.push_back(bytes + i);
    }
    accepted_ = responded_ = false;
    seen.offer = unit_.cycles();
    while (!responded_) {
      cycle(command, seen, activations);
      if (unit_.cycles() - seen.offer > kHangCycles) {
        ADD_FAILURE() << "no response after " << kHangCycles << " cycles";
        return all;
      }
    }
    for (std::uint32_t i = 0; i < seen.counters.size(); ++i) seen.counters[i] = unit_.counter(i);
    seen.activation_arrivals = activations.arrivals;
  }
  EXPECT_EQ(unit_.errors(), 0U) << unit_.first_error();
  return all;
}

void Session::cycle(const Command& command, Observed& seen, Source& activations) {
  const std::uint64_t now = unit_.cycles();
  auto& in = unit_.in;
  const auto& out = unit_.out;
  in.cmd_valid = !accepted_;
  in.cmd_tokens = static_cast<std::uint16_t>(command.tokens);
  in.cmd_beats = static_cast<std::uint16_t>(command.beats);
  in.cmd_rows = command.rows;
  in.cmd_t2 = command.t2;
  in.cmd_keep = command.keep;
  in.act_valid = accepted_ && activations.offers(now);
  if (in.act_valid) in.act_data = activations.beats[activations.takes.size()];
  in.weight_valid = 0;
  for (std::size_t e = 0; e < weights_.size(); ++e) {
    if (!weights_[e].offers(now)) continue;
    in.weight_valid |= 1U << e;
    in.weight_data[e] = weights_[e].beats[weights_[e].takes.size()];
  }
  in.result_ready = sink_ready(now);
  in.rsp_ready = sink_ready(now + 1);

  if (in.cmd_valid && out.cmd_ready) {
    accepted_ = true;
    seen.accept = now;
  }
  if (in.act_valid && out.act_ready) activations.take(now, gap());
  for (std::size_t e = 0; e < weights_.size(); ++e) {
    if ((in.weight_valid & out.weight_ready) >> e & 1U) weights_[e].take(now, gap());
  }
  if (out.result_valid && in.result_ready) collect_result(command, seen);
  if (out.rsp_valid && in.rsp_ready) {
    responded_ = true;
    seen.respond = now;
    seen.status = out.rsp_status;
  }
  const TmuUnitOutputs before = out;
  const std::vector<std::int32_t> data = result_of(unit_);
  unit_.step();
  check_outputs(before, data);
}

void Session::collect_result(const Command& command, Observed& seen) {
  const auto& sizes = unit_.parameters();
  const std::size_t chunks = (command.tokens + sizes.slices - 1) / sizes.slices;
  const std::size_t group = seen.results.size() / chunks;
  const std::size_t chunk = seen.results.size() % chunks;
  seen.results.push_back(unit_.cycles());
  for (std::size_t e = 0; e < sizes.engines; ++e) {
    for (std::size_t s = 0; s < sizes.slices; ++s) {
      const std::size_t row = group * sizes.engines + e;
      const std::size_t token = chunk * sizes.slices + s;
      const std::int32_t sum = unit_.out.result_data[e * sizes.slices + s];
      if (row < command.rows && token < command.tokens) {
        seen.sums.at(token * command.rows + row) = sum;  // throws for a command without data
      } else {
        EXPECT_EQ(sum, 0) << "engine " << e << ", slice " << s << " is inactive";
      }
    }
  }
}

void Session::check_outputs(const TmuUnitOutputs& before,
                            const std::vector<std::int32_t>& data) const {
  if (before.result_valid && !unit_.in.result_ready) {
    EXPECT_EQ(result_of(unit_), data) << "a result changed before its handshake";
  }
  if (before.rsp_valid && !unit_.in.rsp_ready) {
    EXPECT_TRUE(unit_.out.rsp_valid) << "a response went away before its handshake";
    EXPECT_EQ(unit_.out.rsp_status, before.rsp_status);
  }
  EXPECT_LE(int{unit_.out.cmd_ready} + int{unit_.out.act_ready} + int{unit_.out.rsp_valid}, 1)
      << "each belongs to a state of its own";
}

}  // namespace sterna
