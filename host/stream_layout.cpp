// SPDX-License-Identifier: Apache-2.0
#include "host/stream_layout.hpp"

#include <algorithm>
#include <stdexcept>

#include "kernels/packing/trit_stream.hpp"

namespace sterna::host {
std::vector<ColumnPiece> split_columns(std::size_t cols, const sim::UnitConfig& unit,
                                       sim::WeightFormat format) {
  if (cols == 0) throw std::invalid_argument("split_columns: a matrix without columns");
  const std::size_t beat_cols = unit.trits_per_beat(format);
  const std::size_t widest = unit.activation_words * beat_cols;
  std::vector<ColumnPiece> pieces;
  for (std::size_t first = 0; first < cols; first += widest) {
    const std::size_t width = std::min(widest, cols - first);
    const auto beats = static_cast<std::uint32_t>((width + beat_cols - 1) / beat_cols);
    pieces.push_back({first, width, beats});
  }
  return pieces;
}

std::size_t tokens_per_command(std::uint32_t beats, const sim::UnitConfig& unit) {
  const std::size_t chunks = std::min(unit.chunks, unit.activation_words / beats);
  // The command carries tokens in 16 bits.
  return std::min<std::size_t>(chunks * unit.slices, 0xFFFF);
}

std::vector<PlannedCommand> plan_commands(std::size_t tokens, std::size_t cols,
                                          std::span<const std::size_t> rows,
                                          const sim::UnitConfig& unit, sim::WeightFormat format) {
  if (tokens == 0 || rows.empty()) {
    throw std::invalid_argument("plan_commands: no tokens or no matrices");
  }
  const std::vector<ColumnPiece> pieces = split_columns(cols, unit, format);
  // The widest piece sets the batch.
  const std::size_t batch = tokens_per_command(pieces[0].beats, unit);
  std::vector<PlannedCommand> commands;
  for (std::size_t first = 0; first < tokens; first += batch) {
    const auto count = static_cast<std::uint32_t>(std::min(batch, tokens - first));
    for (std::size_t piece = 0; piece < pieces.size(); ++piece) {
      for (std::size_t product = 0; product < rows.size(); ++product) {
        commands.push_back({{.tokens = count,
                             .beats = pieces[piece].beats,
                             .rows = static_cast<std::uint32_t>(rows[product]),
                             .format = format,
                             .keep_activations = product > 0},
                            first,
                            piece,
                            product});
      }
    }
  }
  return commands;
}

sim::WeightStreams pack_streams(const PackedTernary& weights, const ColumnPiece& piece,
                                const sim::UnitConfig& unit, sim::WeightFormat format) {
  const std::size_t row_bytes = std::size_t{piece.beats} * unit.beat_bytes();
  sim::WeightStreams streams;
  streams.bytes.resize(weights.rows() * row_bytes);
  std::vector<Trit> row(weights.cols());
  const auto encode = format == sim::WeightFormat::T5 ? encode_t5 : encode_t2;
  const auto trits = std::span<const Trit>(row).subspan(piece.first_col, piece.cols);
  std::size_t offset = 0;
  for (std::size_t engine = 0; engine < unit.engines; ++engine) {
    streams.engine_offset.push_back(offset);
    for (std::size_t r = engine; r < weights.rows(); r += unit.engines) {
      weights.unpack_row(r, row);
      encode(trits, std::span(streams.bytes).subspan(offset, row_bytes));
      offset += row_bytes;
    }
  }
  streams.engine_offset.push_back(offset);
  return streams;
}

void pad_activations(std::span<const std::int8_t> x, std::size_t x_cols, const ColumnPiece& piece,
                     std::span<std::int8_t> words) {
  const std::size_t tokens = x.size() / x_cols;
  const std::size_t word_cols = words.size() / tokens;
  for (std::size_t t = 0; t < tokens; ++t) {
    const auto from = x.subspan(t * x_cols + piece.first_col, piece.cols);
    const auto to = words.subspan(t * word_cols, word_cols);
    const auto padding = std::copy(from.begin(), from.end(), to.begin());
    std::fill(padding, to.end(), std::int8_t{0});
  }
}

}  // namespace sterna::host
