// SPDX-License-Identifier: Apache-2.0
#include "sim/job/random_job.hpp"

#include <algorithm>
#include <numeric>

#include "kernels/packing/trit_stream.hpp"

namespace sterna::sim {
namespace {

constexpr std::uint32_t kActivationBeat = 16;  // columns

std::uint32_t divide_up(std::uint32_t value, std::uint32_t by) { return (value + by - 1) / by; }

}  // namespace

void RandomJob::add(const ProductShape& shape) {
  const std::uint32_t trits = unit_.trits_per_beat(shape.format);
  const std::uint32_t in_beats =
      shape.by_columns ? divide_up(shape.rows, unit_.engines) : shape.cols;
  const TmuCommand command = {.tokens = shape.tokens,
                              .beats = divide_up(in_beats, trits),
                              .rows = shape.rows,
                              .format = shape.format,
                              .keep_activations = shape.keep_activations,
                              .columns = shape.by_columns ? shape.cols : 0};
  const std::uint32_t padded_cols = shape.by_columns
                                        ? divide_up(shape.cols, kActivationBeat) * kActivationBeat
                                        : command.beats * trits;
  if (!shape.keep_activations) refill_activations(shape, padded_cols);
  const std::vector<Trit> weights = random_trits(shape);
  Entry& entry = entries_.emplace_back();
  entry.command = command;
  entry.macs = std::uint64_t{shape.rows} * shape.cols * shape.tokens;
  entry.streams =
      shape.by_columns ? lay_out_columns(weights, command) : lay_out_rows(weights, command);
  if (!shape.keep_activations) entry.activations = x_;
  entry.sums.resize(std::size_t{shape.tokens} * shape.rows);
  entry.expected = plain_product(weights, shape, padded_cols);
}

void RandomJob::add_illegal(const TmuCommand& command) {
  entries_.emplace_back().command = command;
}

std::span<const TmuTask> RandomJob::tasks() {
  tasks_.clear();
  for (Entry& entry : entries_) {
    std::fill(entry.sums.begin(), entry.sums.end(), -1);
    tasks_.push_back({.command = entry.command,
                      .weights = &entry.streams,
                      .activations = entry.activations,
                      .sums = entry.sums});
  }
  return tasks_;
}

int RandomJob::first_wrong_task() const {
  const auto wrong = std::find_if(entries_.begin(), entries_.end(),
                                  [](const Entry& entry) { return entry.sums != entry.expected; });
  return wrong == entries_.end() ? -1 : static_cast<int>(wrong - entries_.begin());
}

std::uint64_t RandomJob::macs() const {
  return std::accumulate(entries_.begin(), entries_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Entry& entry) { return sum + entry.macs; });
}

// Shape  (rows, cols)
std::vector<Trit> RandomJob::random_trits(const ProductShape& shape) {
  std::vector<Trit> weights(std::size_t{shape.rows} * shape.cols);
  const auto draw = [&]() -> int {
    switch (shape.fill) {
      case Fill::AllMinus:
        return -1;
      case Fill::AllPlus:
        return 1;
      case Fill::Zero:
        return 0;
      case Fill::Sparse:
        return random_() % 10 == 0 ? 1 : 0;
      default:
        return static_cast<int>(random_() % 3) - 1;
    }
  };
  for (Trit& weight : weights) weight = static_cast<Trit>(draw());
  return weights;
}

void RandomJob::refill_activations(const ProductShape& shape, std::uint32_t padded_cols) {
  x_.assign(std::size_t{shape.tokens} * padded_cols, 0);
  for (std::uint32_t t = 0; t < shape.tokens; ++t) {
    for (std::uint32_t c = 0; c < shape.cols; ++c) {
      x_[std::size_t{t} * padded_cols + c] = random_activation(shape);
    }
  }
}

std::int8_t RandomJob::random_activation(const ProductShape& shape) {
  const bool extreme = shape.fill == Fill::AllMinus || shape.fill == Fill::AllPlus;
  if (!shape.zeros) return extreme ? std::int8_t{-128} : static_cast<std::int8_t>(random_());
  if (std::uniform_real_distribution<>()(random_) < *shape.zeros) return 0;
  const auto drawn = static_cast<std::int8_t>(random_());
  return extreme || drawn == 0 ? std::int8_t{-128} : drawn;
}

WeightStreams RandomJob::lay_out_rows(std::span<const Trit> weights,
                                      const TmuCommand& command) const {
  const std::size_t row_bytes = std::size_t{command.beats} * unit_.beat_bytes();
  const std::size_t cols = weights.size() / command.rows;
  WeightStreams streams;
  streams.bytes.resize(row_bytes * command.rows);
  streams.engine_offset.push_back(0);
  std::size_t next = 0;
  for (std::uint32_t engine = 0; engine < unit_.engines; ++engine) {
    for (std::size_t row = engine; row < command.rows; row += unit_.engines) {
      const auto trits = weights.subspan(row * cols, cols);
      const auto bytes = std::span(streams.bytes).subspan(next, row_bytes);
      command.format == WeightFormat::T5 ? encode_t5(trits, bytes) : encode_t2(trits, bytes);
      next += row_bytes;
    }
    streams.engine_offset.push_back(next);
  }
  return streams;
}

WeightStreams RandomJob::lay_out_columns(std::span<const Trit> weights,
                                         const TmuCommand& command) const {
  const std::size_t column_bytes = std::size_t{command.beats} * unit_.beat_bytes();
  WeightStreams streams;
  streams.bytes.resize(column_bytes * command.columns * unit_.engines);
  std::vector<Trit> trits;
  std::size_t next = 0;
  for (std::uint32_t engine = 0; engine < unit_.engines; ++engine) {
    streams.engine_offset.push_back(next);
    for (std::uint32_t column = 0; column < command.columns; ++column) {
      trits.clear();
      for (std::size_t row = engine; row < command.rows; row += unit_.engines) {
        trits.push_back(weights[row * command.columns + column]);
      }
      const auto bytes = std::span(streams.bytes).subspan(next, column_bytes);
      command.format == WeightFormat::T5 ? encode_t5(trits, bytes) : encode_t2(trits, bytes);
      next += column_bytes;
    }
  }
  streams.engine_offset.push_back(next);
  return streams;
}

std::vector<std::int32_t> RandomJob::plain_product(std::span<const Trit> weights,
                                                   const ProductShape& shape,
                                                   std::uint32_t padded_cols) const {
  std::vector<std::int32_t> sums(std::size_t{shape.tokens} * shape.rows);
  for (std::size_t t = 0; t < shape.tokens; ++t) {
    for (std::size_t r = 0; r < shape.rows; ++r) {
      std::int32_t sum = 0;
      for (std::size_t c = 0; c < shape.cols; ++c) {
        sum += weights[r * shape.cols + c] * x_[t * padded_cols + c];
      }
      sums[t * shape.rows + r] = sum;
    }
  }
  return sums;
}

}  // namespace sterna::sim
