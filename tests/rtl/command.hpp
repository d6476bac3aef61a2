// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "rtl/tmu_unit.hpp"

namespace sterna {

/// One command with its streams and the sums it must give.
struct Command {
  std::uint32_t tokens;
  std::uint32_t beats;
  std::uint32_t rows;
  bool t2 = false;
  bool keep = false;
  std::vector<std::int8_t> activations;            // (tokens, beats * trits a beat); also when kept
  std::vector<std::vector<std::uint8_t>> weights;  // of each engine, beat after beat
  std::vector<std::int32_t> expected;              // (tokens, rows)
};

/// Sizes of a command and where its numbers come from.
struct CommandShape {
  std::uint32_t tokens;
  std::uint32_t beats;
  std::uint32_t rows;
  bool t2 = false;
  bool keep = false;
};

/// Trits in one beat.
[[nodiscard]] std::size_t trits_per_beat(const TmuUnitParameters& unit, bool t2);

/// The weight byte `position` (counted along the row) of `row`; and the activation k of `token`.
using ByteOf = std::function<std::uint8_t(std::size_t row, std::size_t position)>;
using ActivationOf = std::function<std::int8_t(std::size_t token, std::size_t k)>;

/// Builds the streams and, by a plain loop over decoded trits, the expected sums.
[[nodiscard]] Command make_command(const TmuUnitParameters& unit, const CommandShape& shape,
                                   const ByteOf& byte_of, const ActivationOf& activation_of);

/// Random legal weight bytes and activations, a function of `seed`.
[[nodiscard]] Command random_command(const TmuUnitParameters& unit, const CommandShape& shape,
                                     std::uint32_t seed);

/// A shape the unit accepts, edges of its structure more often than not.
[[nodiscard]] CommandShape random_shape(const TmuUnitParameters& unit, std::uint32_t seed);

}  // namespace sterna
