// SPDX-License-Identifier: Apache-2.0
#include "sim/job/job_values.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <vector>

#include "kernels/packing/packed_ternary.hpp"
#include "kernels/packing/trit_stream.hpp"

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
std::uint64_t decode_rows(const UnitConfig& unit, const TmuTask& task, std::size_t begin,
                          std::size_t end, PackedTernary& packed) {
  const TmuCommand& command = task.command;
  const auto decode = command.format == WeightFormat::T5 ? decode_t5 : decode_t2;
  const std::size_t row_bytes = std::size_t{command.beats} * unit.beat_bytes();
  std::vector<Trit> row(packed.cols());
  std::uint64_t nonzeros = 0;
  for (std::size_t r = begin; r < end; ++r) {
    const std::size_t first =
        task.weights->engine_offset[r % unit.engines] + r / unit.engines * row_bytes;
    decode(std::span(task.weights->bytes).subspan(first, row_bytes), row);
    nonzeros += count_nonzeros(row);
    packed.set_row(r, row);
  }
  return nonzeros;
}

}  // namespace

DecodedMatrix::DecodedMatrix(const UnitConfig& unit, const TmuTask& task, ThreadPool& pool)
    : weights_(task.command.rows,
               std::size_t{task.command.beats} * unit.trits_per_beat(task.command.format)),
      cpu_(pool) {
  std::atomic<std::uint64_t> nonzeros = 0;
  pool.parallel_for(
      weights_.rows(),
      [&](std::size_t begin, std::size_t end) {
        nonzeros += decode_rows(unit, task, begin, end, weights_);
      },
      kPanelRows);
  nonzeros_ = nonzeros;
  cpu_.add_matrix("", weights_);
}

void DecodedMatrix::multiply(std::span<const std::int8_t> x, std::span<std::int32_t> sums) {
  const Product product = {.matrix = 0, .sums = sums};
  cpu_.multiply({.values = x, .tokens = x.size() / weights_.cols(), .cols = weights_.cols()},
                std::span(&product, 1));
}

std::vector<std::uint64_t> JobValues::compute(std::span<const TmuTask> tasks,
                                              const std::vector<bool>& legal) {
  std::vector<std::uint64_t> nonzero_lanes(tasks.size());
  std::map<MatrixKey, std::vector<Part>> products;
  std::span<const std::int8_t> held;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!legal[i]) continue;
    if (!tasks[i].command.keep_activations) held = tasks[i].activations;
    const TmuCommand& command = tasks[i].command;
    products[{tasks[i].weights, command.rows, command.beats, command.format}].push_back(
        {.task = &tasks[i], .activations = held});
  }
  for (const auto& [key, parts] : products) {
    DecodedMatrix& decoded = matrix(key, *parts.front().task);
    multiply(decoded, parts);
    for (const Part& part : parts) {
      nonzero_lanes[static_cast<std::size_t>(part.task - tasks.data())] =
          decoded.nonzeros() * part.task->command.tokens;
    }
  }
  return nonzero_lanes;
}

DecodedMatrix& JobValues::matrix(const MatrixKey& key, const TmuTask& task) {
  Entry& entry = entries_[key];
  const std::uint64_t now = fingerprint(task.weights->bytes);
  if (!entry.matrix || entry.fingerprint != now) {
    entry.matrix = std::make_unique<DecodedMatrix>(unit_, task, *pool_);
    entry.fingerprint = now;
  }
  return *entry.matrix;
}

// One product of all tokens: the weights are unpacked once.
void JobValues::multiply(DecodedMatrix& matrix, std::span<const Part> parts) {
  if (parts.size() == 1) return matrix.multiply(parts[0].activations, parts[0].task->sums);
  x_.clear();
  std::size_t tokens = 0;
  for (const Part& part : parts) {
    x_.insert(x_.end(), part.activations.begin(), part.activations.end());
    tokens += part.task->command.tokens;
  }
  sums_.resize(tokens * matrix.rows());
  matrix.multiply(x_, sums_);
  auto next = sums_.begin();
  for (const Part& part : parts) {
    const auto end = next + static_cast<std::ptrdiff_t>(part.task->sums.size());
    std::copy(next, end, part.task->sums.begin());
    next = end;
  }
}

}  // namespace sterna::sim
