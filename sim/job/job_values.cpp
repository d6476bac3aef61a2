// SPDX-License-Identifier: Apache-2.0
#include "sim/job/job_values.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <vector>

#include "kernels/packing/packed_ternary.hpp"
#include "kernels/packing/trit_stream.hpp"
#include "sim/job/job_plan.hpp"

namespace sterna::sim {
namespace {

using HashWords = std::array<std::uint64_t, 4>;
constexpr std::uint64_t kHashMultiplier = 0x9E3779B97F4A7C15U;  // 2^64 / golden ratio, odd

void mix(HashWords& hash, const std::uint8_t* bytes, std::size_t count) {
  HashWords words{};
  std::memcpy(words.data(), bytes, count);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t mixed = (hash[i] ^ words[i]) * kHashMultiplier;
    hash[i] = mixed ^ (mixed >> 32);
  }
}

// Four chains of multiplications run side by side, so the hash is about as fast as memory.
std::uint64_t fingerprint(std::span<const std::uint8_t> bytes) {
  HashWords hash = {0, 1, 2, 3};
  const std::size_t whole = bytes.size() / sizeof(HashWords) * sizeof(HashWords);
  for (std::size_t i = 0; i < whole; i += sizeof(HashWords)) {
    mix(hash, bytes.data() + i, sizeof(HashWords));
  }
  mix(hash, bytes.data() + whole, bytes.size() - whole);
  std::uint64_t all = bytes.size();
  for (const std::uint64_t lane : hash) {
    all = (all ^ lane) * kHashMultiplier;
    all ^= all >> 32;
  }
  return all;
}

// Rows [begin, end) of the matrix, row r from the stream of engine r % engines; returns the weights that are not
// zero.
std::uint64_t decode_rows(const UnitConfig& unit, const WeightStreams& weights,
                          const TmuCommand& command, std::size_t begin, std::size_t end,
                          PackedTernary& packed) {
  const auto decode = command.format == WeightFormat::T5 ? decode_t5 : decode_t2;
  const std::size_t row_bytes = std::size_t{command.beats} * unit.beat_bytes();
  std::vector<Trit> row(packed.cols());
  std::uint64_t nonzeros = 0;
  for (std::size_t r = begin; r < end; ++r) {
    const std::size_t first =
        weights.engine_offset[r % unit.engines] + r / unit.engines * row_bytes;
    decode(std::span(weights.bytes).subspan(first, row_bytes), row);
    nonzeros += count_nonzeros(row);
    packed.set_row(r, row);
  }
  return nonzeros;
}

// The rows whose weights are in beats [begin, end) of the columns; returns (columns,) the weights of each there
// that are not zero.
std::vector<std::uint32_t> decode_column_beats(const UnitConfig& unit, const WeightStreams& weights,
                                               const TmuCommand& command, std::size_t begin,
                                               std::size_t end, PackedTernary& packed) {
  const auto decode = command.format == WeightFormat::T5 ? decode_t5 : decode_t2;
  const std::size_t beat_rows = std::size_t{unit.trits_per_beat(command.format)} * unit.engines;
  const std::size_t cols = packed.cols();
  std::vector<Trit> beat(unit.trits_per_beat(command.format));
  std::vector<Trit> rows(beat_rows * cols);  // (beat_rows, cols)
  std::vector<std::uint32_t> nonzeros(command.columns);
  for (std::size_t j = begin; j < end; ++j) {
    for (std::size_t i = 0; i < std::size_t{command.columns} * unit.engines; ++i) {
      const std::size_t column = i / unit.engines;
      const std::size_t engine = i % unit.engines;
      const std::size_t first =
          weights.engine_offset[engine] + (column * command.beats + j) * unit.beat_bytes();
      decode(std::span(weights.bytes).subspan(first, unit.beat_bytes()), beat);
      nonzeros[column] += static_cast<std::uint32_t>(count_nonzeros(beat));
      Trit* to = rows.data() + engine * cols + column;
      for (std::size_t k = 0; k < beat.size(); ++k) to[k * unit.engines * cols] = beat[k];
    }
    const std::size_t count = std::min(beat_rows, packed.rows() - j * beat_rows);
    for (std::size_t r = 0; r < count; ++r) {
      packed.set_row(j * beat_rows + r, std::span(rows).subspan(r * cols, cols));
    }
  }
  return nonzeros;
}

// Of a token in a task.
std::size_t activation_cols(const UnitConfig& unit, const TmuCommand& command) {
  if (command.columns == 0) return std::size_t{command.beats} * unit.trits_per_beat(command.format);
  return activation_beats(unit, command) * kActivationBeatBytes;
}

}  // namespace

DecodedMatrix::DecodedMatrix(const UnitConfig& unit, const WeightStreams& weights,
                             const TmuCommand& command, ThreadPool& pool,
                             std::pmr::memory_resource* memory)
    : weights_(command.rows, activation_cols(unit, command), memory) {
  if (command.columns != 0) {
    decode_columns(unit, weights, command, pool);
  } else {
    decode_rows(unit, weights, command, pool);
  }
}

void DecodedMatrix::decode_rows(const UnitConfig& unit, const WeightStreams& weights,
                                const TmuCommand& command, ThreadPool& pool) {
  std::atomic<std::uint64_t> nonzeros = 0;
  pool.parallel_for(
      weights_.rows(),
      [&](std::size_t begin, std::size_t end) {
        nonzeros += sim::decode_rows(unit, weights, command, begin, end, weights_);
      },
      kPanelRows);
  nonzeros_ = nonzeros;
}

// A beat's rows are whole panels, so threads share none.
void DecodedMatrix::decode_columns(const UnitConfig& unit, const WeightStreams& weights,
                                   const TmuCommand& command, ThreadPool& pool) {
  column_nonzeros_.resize(command.columns);
  std::mutex merging;
  pool.parallel_for(command.beats, [&](std::size_t begin, std::size_t end) {
    const auto nonzeros = decode_column_beats(unit, weights, command, begin, end, weights_);
    const std::scoped_lock lock(merging);
    std::transform(nonzeros.begin(), nonzeros.end(), column_nonzeros_.begin(),
                   column_nonzeros_.begin(), std::plus<>());
  });
}

std::uint64_t DecodedMatrix::nonzero_lanes(const TmuTask& task) const {
  if (column_nonzeros_.empty()) return nonzeros_ * task.command.tokens;
  std::uint64_t lanes = 0;
  for (std::size_t c = 0; c < column_nonzeros_.size(); ++c) {
    if (task.activations[c] != 0) lanes += column_nonzeros_[c];
  }
  return lanes;
}

std::vector<std::uint64_t> JobValues::compute(std::span<const TmuTask> tasks,
                                              const std::vector<bool>& legal) {
  std::vector<std::uint64_t> nonzero_lanes(tasks.size());
  std::map<MatrixKey, std::vector<Part>> products;
  std::span<const std::int8_t> held;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!legal[i]) continue;
    if (!tasks[i].command.keep_activations) held = tasks[i].activations;
    products[key(*tasks[i].weights, tasks[i].command)].push_back(
        {.task = &tasks[i], .activations = held});
  }
  for (const auto& [matrix, parts] : products) {
    const Entry& decoded = entry(*parts.front().task->weights, parts.front().task->command);
    multiply(decoded, parts);
    for (const Part& part : parts) {
      nonzero_lanes[static_cast<std::size_t>(part.task - tasks.data())] =
          decoded.matrix->nonzero_lanes(*part.task);
    }
  }
  return nonzero_lanes;
}

JobValues::MatrixKey JobValues::key(const WeightStreams& weights, const TmuCommand& command) {
  return {&weights, command.rows, command.beats, command.columns, command.format};
}

const JobValues::Entry& JobValues::entry(const WeightStreams& weights, const TmuCommand& command) {
  Entry& entry = entries_[key(weights, command)];
  const std::uint64_t now = fingerprint(weights.bytes);
  if (!entry.matrix || entry.fingerprint != now) {
    const bool is_large = weights.bytes.size() >= HugePages::kPageBytes;
    entry.matrix = std::make_unique<DecodedMatrix>(
        unit_, weights, command, *pool_, is_large ? &large_ : std::pmr::get_default_resource());
    entry.id = cpu_.add_matrix("", entry.matrix->weights());
    entry.fingerprint = now;
  }
  return entry;
}

// One product of all tokens: the weights are unpacked once.
void JobValues::multiply(const Entry& entry, std::span<const Part> parts) {
  if (parts.size() == 1) return multiply(entry, parts[0].activations, parts[0].task->sums);
  x_.clear();
  std::size_t tokens = 0;
  for (const Part& part : parts) {
    x_.insert(x_.end(), part.activations.begin(), part.activations.end());
    tokens += part.task->command.tokens;
  }
  sums_.resize(tokens * entry.matrix->weights().rows());
  multiply(entry, x_, sums_);
  auto next = sums_.begin();
  for (const Part& part : parts) {
    const auto end = next + static_cast<std::ptrdiff_t>(part.task->sums.size());
    std::copy(next, end, part.task->sums.begin());
    next = end;
  }
}

void JobValues::multiply(const Entry& entry, std::span<const std::int8_t> x,
                         std::span<std::int32_t> sums) {
  const std::size_t cols = entry.matrix->weights().cols();
  const Product product = {.matrix = entry.id, .sums = sums};
  cpu_.multiply({.values = x, .tokens = x.size() / cols, .cols = cols}, std::span(&product, 1));
}

}  // namespace sterna::sim
