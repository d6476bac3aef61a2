// SPDX-License-Identifier: Apache-2.0
#include "host/stream_layout.hpp"

#include <algorithm>
#include <stdexcept>

#include "kernels/packing/trit_stream.hpp"
#include "sim/job/job_plan.hpp"

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

namespace {

/// Rows of an engine, transposed: a column's trits follow each other, zeros beyond the last row.
class EngineColumns {
 public:
  EngineColumns(std::size_t cols, std::size_t column_trits)
      : column_trits_(column_trits), trits_(cols * column_trits) {}

  void read(const PackedTernary& weights, std::size_t engine, std::size_t engines) {
    const std::size_t cols = weights.cols();
    std::vector<Trit> rows(kTile * cols);
    std::fill(trits_.begin(), trits_.end(), Trit{0});
    for (std::size_t first = 0; engine + first * engines < weights.rows(); first += kTile) {
      const std::size_t left = (weights.rows() - engine - first * engines - 1) / engines + 1;
      const std::size_t count = std::min(kTile, left);
      for (std::size_t i = 0; i < count; ++i) {
        weights.unpack_row(engine + (first + i) * engines, std::span(rows).subspan(i * cols, cols));
      }
      for (std::size_t c = 0; c < cols; ++c) {
        Trit* const to = trits_.data() + c * column_trits_ + first;
        for (std::size_t i = 0; i < count; ++i) to[i] = rows[i * cols + c];
      }
    }
  }

  [[nodiscard]] std::span<const Trit> column(std::size_t c) const {
    return std::span(trits_).subspan(c * column_trits_, column_trits_);
  }

 private:
  static constexpr std::size_t kTile =
      64;  // rows that stay in the first cache while they are turned

  std::size_t column_trits_;
  std::vector<Trit> trits_;
};

}  // namespace

sim::WeightStreams pack_columns(const PackedTernary& weights, const sim::UnitConfig& unit,
                                sim::WeightFormat format) {
  const std::uint32_t beats = sim::column_beats(unit, weights.rows(), format);
  const std::size_t column_bytes = std::size_t{beats} * unit.beat_bytes();
  const auto encode = format == sim::WeightFormat::T5 ? encode_t5 : encode_t2;
  EngineColumns columns(weights.cols(), std::size_t{beats} * unit.trits_per_beat(format));
  sim::WeightStreams streams;
  streams.bytes.resize(unit.engines * weights.cols() * column_bytes);
  std::size_t offset = 0;
  for (std::size_t engine = 0; engine < unit.engines; ++engine) {
    streams.engine_offset.push_back(offset);
    columns.read(weights, engine, unit.engines);
    for (std::size_t c = 0; c < weights.cols(); ++c) {
      encode(columns.column(c), std::span(streams.bytes).subspan(offset, column_bytes));
      offset += column_bytes;
    }
  }
  streams.engine_offset.push_back(offset);
  return streams;
}

bool can_skip_columns(std::size_t rows, std::size_t cols, const sim::UnitConfig& unit,
                      sim::WeightFormat format) {
  constexpr std::size_t kMostColumns = 0xFFFF;  // of a command
  return cols <= kMostColumns && sim::column_beats(unit, rows, format) <= unit.column_words;
}

bool is_less_by_columns(std::size_t rows, std::size_t cols, std::size_t nonzeros,
                        const sim::UnitConfig& unit, sim::WeightFormat format) {
  std::size_t row_beats = 0;
  for (const ColumnPiece& piece : split_columns(cols, unit, format)) row_beats += piece.beats;
  const std::size_t groups = (rows - 1) / unit.engines + 1;
  return nonzeros * sim::column_beats(unit, rows, format) < row_beats * groups;
}

sim::TmuCommand column_command(std::size_t rows, std::size_t cols, const sim::UnitConfig& unit,
                               sim::WeightFormat format) {
  return {.tokens = 1,
          .beats = sim::column_beats(unit, rows, format),
          .rows = static_cast<std::uint32_t>(rows),
          .format = format,
          .keep_activations = false,
          .columns = static_cast<std::uint32_t>(cols)};
}

std::vector<std::int8_t> column_activations(std::span<const std::int8_t> x) {
  constexpr std::size_t kBeat = sim::kActivationBeatBytes;
  std::vector<std::int8_t> padded(x.begin(), x.end());
  padded.resize((x.size() + kBeat - 1) / kBeat * kBeat);
  return padded;
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
