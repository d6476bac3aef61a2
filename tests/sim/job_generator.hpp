// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <random>
#include <string>

#include "sim/job/random_job.hpp"

namespace sterna::sim {

/// A number from the environment, for the replay of a case.
inline std::uint32_t environment_number(const char* variable, std::uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::stoul(text));
}

/// Draws the commands of a job for a unit; what else a case needs, a derived class draws.
class JobGenerator {
 public:
  JobGenerator(const UnitConfig& unit, std::uint32_t seed) : unit_(unit), random_(seed) {}

  /// Up to six commands: ragged and full shapes, both formats, kept activations, by columns where the unit can;
  /// `with_illegal`: others that the unit must refuse between them.
  void fill(RandomJob& job, bool with_illegal) {
    std::optional<ProductShape> held;
    for (std::uint32_t i = draw(1, 6); i > 0; --i) {
      if (with_illegal && draw(0, 9) == 0) job.add_illegal(illegal());
      ProductShape shape = legal();
      if (unit_.column_words != 0 && draw(0, 2) == 0) {
        shape = by_columns();
      } else if (held && !held->by_columns && draw(0, 2) == 0) {
        shape = *held;
        shape.keep_activations = true;
        shape.rows = draw(1, 40);
        shape.fill = Fill::Uniform;
      }
      job.add(shape);
      held = shape;
    }
  }

 protected:
  std::uint32_t draw(std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(random_() % (high - low + 1));
  }

  std::uint64_t draw_seed() { return random_(); }

  [[nodiscard]] const UnitConfig& unit() const { return unit_; }

 private:
  ProductShape legal() {
    const auto format = draw(0, 2) == 0 ? WeightFormat::T2 : WeightFormat::T5;
    const std::uint32_t tokens = draw(1, std::min(unit_.chunks * unit_.slices, 12U));
    const std::uint32_t chunks = (tokens - 1) / unit_.slices + 1;
    const std::uint32_t beats = draw(1, std::min(unit_.activation_words / chunks, 8U));
    const std::uint32_t trits = unit_.trits_per_beat(format);
    const std::uint32_t ragged = draw(0, 1) == 0 ? 0 : draw(0, trits - 1);
    constexpr Fill kFills[] = {Fill::Uniform,  Fill::Uniform, Fill::Sparse,
                               Fill::AllMinus, Fill::AllPlus, Fill::Zero};
    return {.tokens = tokens,
            .cols = beats * trits - ragged,
            .rows = draw(1, 40),
            .format = format,
            .keep_activations = false,
            .fill = kFills[draw(0, std::size(kFills) - 1)]};
  }

  // Mostly a few rows; also around the end of a beat, up to all that fit.
  ProductShape by_columns() {
    const auto format = draw(0, 2) == 0 ? WeightFormat::T2 : WeightFormat::T5;
    const std::uint32_t beat_rows = unit_.trits_per_beat(format) * unit_.engines;
    const std::uint32_t most_rows = beat_rows * unit_.column_words;
    std::uint32_t rows = draw(1, 40);
    if (draw(0, 2) == 0) {
      rows = draw(1, unit_.column_words) * beat_rows + draw(0, 2 * unit_.engines);
      rows -= unit_.engines;
    }
    constexpr Fill kFills[] = {Fill::Uniform, Fill::Uniform, Fill::Sparse, Fill::AllMinus,
                               Fill::AllPlus};
    constexpr double kZeros[] = {0, 0.1, 0.6, 0.6, 0.95, 1};
    return {.tokens = 1,
            .cols = draw(0, 2) == 0 ? draw(1, 17) : draw(18, 100),
            .rows = std::min(rows, most_rows),
            .format = format,
            .fill = kFills[draw(0, std::size(kFills) - 1)],
            .by_columns = true,
            .zeros = kZeros[draw(0, std::size(kZeros) - 1)]};
  }

  // Breaks one rule of docs/tmu.md; what is kept can never match, at one beat more than fits.
  TmuCommand illegal() {
    TmuCommand command = {
        .tokens = 1, .beats = 1, .rows = 1, .format = WeightFormat::T5, .keep_activations = false};
    switch (draw(0, 5)) {
      case 0:
        command.tokens = 0;
        break;
      case 1:
        command.beats = 0;
        break;
      case 2:
        command.rows = 0;
        break;
      case 3:
        command.tokens = unit_.chunks * unit_.slices + 1;
        break;
      case 4:
        command.beats = unit_.activation_words + 1;
        break;
      default:
        command.tokens = 65535;
        command.keep_activations = true;
    }
    return command;
  }

  UnitConfig unit_;
  std::mt19937_64 random_;
};

}  // namespace sterna::sim
