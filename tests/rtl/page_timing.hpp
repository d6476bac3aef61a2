// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tests/rtl/command.hpp"
#include "tests/rtl/session.hpp"

namespace sterna {

/// When a command of a session must do what, and what it must count.
struct Predicted {
  std::uint64_t accept = 0;
  std::uint64_t respond = 0;
  std::array<std::uint64_t, 14> counters{};
  std::vector<std::uint64_t> results;
};

/// The closed steps of docs/tmu.md ("Abort-free timing"), evaluated from when the sources offered their
/// beats and when the sinks were ready, and from nothing else that the unit did. All commands legal.
class PageTiming {
 public:
  PageTiming(const TmuUnitParameters& unit, const Session& session);

  /// Call for each command of the session in order.
  [[nodiscard]] Predicted next(const Command& command, const Observed& seen);

  /// Cycle in which beat n of engine e is taken, for every beat that a slot has consumed.
  [[nodiscard]] const std::vector<std::uint64_t>& pushes(std::size_t engine) const {
    return pushes_[engine];
  }

 private:
  std::uint64_t load(const Command& command, const Observed& seen, Predicted& predicted);
  std::uint64_t compute(const Command& command, std::uint64_t first_cycle, Predicted& predicted);
  std::uint64_t push_of_next_beat(std::size_t engine);
  void count_slot(const Command& command, std::size_t row, std::size_t beat, std::size_t chunk,
                  Predicted& predicted) const;
  [[nodiscard]] std::uint64_t first_ready(std::uint64_t cycle) const;

  const TmuUnitParameters& unit_;
  const Session& session_;
  std::uint64_t idle_from_ = 0;
  std::vector<std::vector<std::uint64_t>> pushes_;  // of each engine
  std::vector<std::vector<std::uint64_t>> pops_;
};

/// Nonzero trits among those of beat `beat` of `row` of the command.
[[nodiscard]] std::uint64_t nonzero_trits(const TmuUnitParameters& unit, const Command& command,
                                          std::size_t row, std::size_t beat);

}  // namespace sterna
