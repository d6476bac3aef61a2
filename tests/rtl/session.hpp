// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "rtl/tmu_unit.hpp"
#include "tests/rtl/command.hpp"

namespace sterna {

/// How the world around the unit behaves; percentages of cycles, drawn from `seed`.
struct Traffic {
  std::uint32_t seed = 1;
  std::uint32_t gap_percent = 0;    // sources wait before they offer the next beat
  std::uint32_t stall_percent = 0;  // result and response sinks are not ready
};

/// What one command did, cycles since reset.
struct Observed {
  std::uint64_t offer = 0;    // first cycle of cmd_valid_i
  std::uint64_t accept = 0;   // command handshake
  std::uint64_t respond = 0;  // response handshake
  std::uint8_t status = 0;
  std::array<std::uint64_t, 14> counters{};
  std::vector<std::int32_t> sums;                  // (tokens, rows)
  std::vector<std::uint64_t> activation_arrivals;  // first cycle each beat was offered
  std::vector<std::uint64_t> results;              // cycle of each result handshake
};

/// Drives a unit through commands, watches every handshake, and keeps what it saw.
///
/// Protocol  every stream is checked: valid and payload of the unit hold until the handshake. A breach,
///           a sum where there is no row or token, and an assertion that fails are test failures
class Session {
 public:
  /// Resets the unit.
  Session(TmuUnit& unit, const Traffic& traffic);

  /// Runs the commands one after the other, weights of later ones on offer from the start.
  /// Returns one record a command; a hang is a test failure and ends the session
  std::vector<Observed> run(std::span<const Command> commands);

  /// Whether the result sink is ready in this cycle.
  [[nodiscard]] bool sink_ready(std::uint64_t cycle) const;

  /// Cycles in which beat n of engine e was first offered and taken, over the whole session.
  [[nodiscard]] const std::vector<std::uint64_t>& weight_arrivals(std::size_t engine) const {
    return weights_[engine].arrivals;
  }
  [[nodiscard]] const std::vector<std::uint64_t>& weight_takes(std::size_t engine) const {
    return weights_[engine].takes;
  }

 private:
  // One stream of beats into the unit: offers the next after a random gap, holds it until taken.
  struct Source {
    std::vector<const std::uint8_t*> beats;
    std::vector<std::uint64_t> arrivals;
    std::vector<std::uint64_t> takes;
    std::uint64_t next_offer = 0;

    [[nodiscard]] bool offers(std::uint64_t cycle);
    void take(std::uint64_t cycle, std::uint32_t gap);
  };

  void cycle(const Command& command, Observed& seen, Source& activations);
  void collect_result(const Command& command, Observed& seen);
  void check_outputs(const TmuUnitOutputs& before, const std::vector<std::int32_t>& data) const;
  [[nodiscard]] std::uint32_t gap();

  TmuUnit& unit_;
  Traffic traffic_;
  std::mt19937 random_;
  std::vector<Source> weights_;
  bool accepted_ = false;
  bool responded_ = false;
};

}  // namespace sterna
