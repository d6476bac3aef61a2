// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/command.hpp"

#include <algorithm>
#include <array>
#include <random>

namespace sterna {
namespace {

// Trit j of a byte. Written with a division, unlike the RTL and the kernels.
int trit(std::uint8_t byte, std::size_t j, bool t2) {
  constexpr std::array<int, 5> kPower = {1, 3, 9, 27, 81};
  if (t2) {
    const int code = byte >> (2 * j) & 3;
    return code == 3 ? 0 : code - 1;
  }
  return byte > 242 ? 0 : byte / kPower[j] % 3 - 1;
}

}  // namespace

std::size_t trits_per_beat(const TmuUnitParameters& unit, bool t2) {
  return t2 ? unit.lanes / 5 * 4 : unit.lanes;
}

Command make_command(const TmuUnitParameters& unit, const CommandShape& shape,
                     const ByteOf& byte_of, const ActivationOf& activation_of) {
  Command command{shape.tokens, shape.beats, shape.rows, shape.t2, shape.keep, {}, {}, {}};
  const std::size_t k_size = shape.beats * trits_per_beat(unit, shape.t2);
  const std::size_t in_byte = shape.t2 ? 4 : 5;
  for (std::size_t t = 0; t < shape.tokens; ++t) {
    for (std::size_t k = 0; k < k_size; ++k) command.activations.push_back(activation_of(t, k));
  }
  command.weights.resize(unit.engines);
  command.expected.resize(std::size_t{shape.tokens} * shape.rows);
  std::vector<int> trits(k_size);
  for (std::size_t r = 0; r < shape.rows; ++r) {
    for (std::size_t i = 0; i < k_size / in_byte; ++i) {
      const std::uint8_t byte = byte_of(r, i);
      command.weights[r % unit.engines].push_back(byte);
      for (std::size_t j = 0; j < in_byte; ++j) trits[in_byte * i + j] = trit(byte, j, shape.t2);
    }
    for (std::size_t t = 0; t < shape.tokens; ++t) {
      int sum = 0;
      for (std::size_t k = 0; k < k_size; ++k)
        sum += trits[k] * command.activations[t * k_size + k];
      command.expected[t * shape.rows + r] = sum;
    }
  }
  return command;
}

Command random_command(const TmuUnitParameters& unit, const CommandShape& shape,
                       std::uint32_t seed) {
  std::mt19937 weights(seed);
  std::mt19937 activations(seed + 1);
  const auto byte_of = [&](std::size_t, std::size_t) {
    return static_cast<std::uint8_t>(weights() % (shape.t2 ? 256U : 243U));
  };
  const auto activation_of = [&](std::size_t, std::size_t) {
    return static_cast<std::int8_t>(static_cast<int>(activations() % 256U) - 128);
  };
  return make_command(unit, shape, byte_of, activation_of);
}

CommandShape random_shape(const TmuUnitParameters& unit, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  const std::array<std::uint32_t, 5> tokens = {1, unit.slices, unit.slices + 1,
                                               unit.slices * unit.chunks,
                                               1 + below(unit.slices * unit.chunks)};
  CommandShape shape{};
  shape.tokens = std::clamp(tokens[below(5)], 1U, unit.slices * unit.chunks);
  const std::uint32_t chunks = (shape.tokens + unit.slices - 1) / unit.slices;
  const std::uint32_t most_beats = std::min(unit.activation_words / chunks, 9U);
  shape.beats = below(3) == 0 ? most_beats : 1 + below(most_beats);
  const std::array<std::uint32_t, 4> rows = {1, unit.engines, unit.engines + 1, 1 + below(13)};
  shape.rows = rows[below(4)];
  shape.t2 = below(3) == 0;
  return shape;
}

}  // namespace sterna
