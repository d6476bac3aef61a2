// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/packing/packed_ternary.hpp"
#include "sim/config/hardware.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::host {

/// A run of neighbouring columns whose activation words fit in the unit's SRAM for one chunk.
struct ColumnPiece {
  std::size_t first_col;
  std::size_t cols;
  std::uint32_t beats;  // of a weight row of this piece; the last beat may be padded

  friend bool operator==(const ColumnPiece&, const ColumnPiece&) = default;
};

/// Cuts `cols` columns into pieces of whole beats, as few and as wide as the unit allows.
///
/// Range   every piece but the last fills `activation_words` beats; the pieces cover all columns
/// Errors  std::invalid_argument when cols is 0
[[nodiscard]] std::vector<ColumnPiece> split_columns(std::size_t cols, const sim::UnitConfig& unit,
                                                     sim::WeightFormat format);

/// Largest number of tokens one command may carry for rows of `beats` beats (docs/tmu.md: chunks <=
/// Chunks and chunks * beats <= ActWords). At least Slices where beats <= ActWords.
[[nodiscard]] std::size_t tokens_per_command(std::uint32_t beats, const sim::UnitConfig& unit);

/// A command of a product, and what of the product it does.
struct PlannedCommand {
  sim::TmuCommand command;
  std::size_t first_token;
  std::size_t piece;    // of the columns, as split_columns() cuts them
  std::size_t product;  // which of the matrices
};

/// The commands of matrices of `rows` rows each and `cols` columns times the same `tokens` tokens, in the order
/// in which they are posted: as many tokens as a command takes, for them piece after piece of the columns,
/// for a piece matrix after matrix, of which all but the first keep the activations.
/// Errors  std::invalid_argument when there are no tokens, no columns or no matrix
[[nodiscard]] std::vector<PlannedCommand> plan_commands(std::size_t tokens, std::size_t cols,
                                                        std::span<const std::size_t> rows,
                                                        const sim::UnitConfig& unit,
                                                        sim::WeightFormat format);

/// The columns of `piece` of every row as the engines stream them (layout: sim::WeightStreams,
/// bytes: kernels/packing/trit_stream.hpp). What the last beat of a row does not need is zero trits.
[[nodiscard]] sim::WeightStreams pack_streams(const PackedTernary& weights,
                                              const ColumnPiece& piece, const sim::UnitConfig& unit,
                                              sim::WeightFormat format);

/// Whether the unit can multiply a matrix of this shape column by column.
[[nodiscard]] bool can_skip_columns(std::size_t rows, std::size_t cols, const sim::UnitConfig& unit,
                                    sim::WeightFormat format);

/// Whether one token's product, of whose activations so many are not zero, reads fewer weights by columns than by
/// rows.
[[nodiscard]] bool is_less_by_columns(std::size_t rows, std::size_t cols, std::size_t nonzeros,
                                      const sim::UnitConfig& unit, sim::WeightFormat format);

/// All columns of the matrix as the engines stream them for commands by columns (layout: sim::WeightStreams, Columns).
[[nodiscard]] sim::WeightStreams pack_columns(const PackedTernary& weights,
                                              const sim::UnitConfig& unit,
                                              sim::WeightFormat format);

/// The command of one token by all columns, and its activations: x zero padded to whole beats.
/// Shapes  x (cols,)
[[nodiscard]] sim::TmuCommand column_command(std::size_t rows, std::size_t cols,
                                             const sim::UnitConfig& unit, sim::WeightFormat format);
[[nodiscard]] std::vector<std::int8_t> column_activations(std::span<const std::int8_t> x);

/// Copies the columns of `piece` of every token into whole words.
///
/// Shapes  x (tokens, x_cols) row-major; words (tokens, beats * trits_per_beat), zero padded
void pad_activations(std::span<const std::int8_t> x, std::size_t x_cols, const ColumnPiece& piece,
                     std::span<std::int8_t> words);

}  // namespace sterna::host
