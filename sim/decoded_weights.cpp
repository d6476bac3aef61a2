// SPDX-License-Identifier: Apache-2.0
#include "sim/decoded_weights.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "kernels/packing/packed_ternary.hpp"
#include "kernels/packing/trit_stream.hpp"
#include "sim/job_plan.hpp"

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
std::uint64_t hash_bytes(std::span<const std::uint8_t> bytes, std::uint64_t seed) {
  HashWords hash = {seed, ~seed, seed + 1, seed - 1};
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

std::uint64_t fingerprint(const TmuTask& task) {
  const TmuCommand& command = task.command;
  const std::uint64_t shape = (std::uint64_t{command.rows} << 20) ^ (command.beats << 1U) ^
                              (command.format == WeightFormat::T5 ? 0U : 1U);
  return hash_bytes(task.weights->bytes, shape);
}

// All rows of the matrix, row r from the stream of engine r % engines.
PackedTernary decode(const UnitConfig& unit, const TmuTask& task, std::uint64_t& nonzeros) {
  const TmuCommand& command = task.command;
  const bool t5 = command.format == WeightFormat::T5;
  const std::size_t row_bytes = std::size_t{command.beats} * unit.beat_bytes();
  std::vector<Trit> row(std::size_t{command.beats} * unit.trits_per_beat(command.format));
  PackedTernary packed(command.rows, row.size());
  for (std::uint32_t r = 0; r < command.rows; ++r) {
    const std::size_t first =
        task.weights->engine_offset[r % unit.engines] + r / unit.engines * row_bytes;
    const auto bytes = std::span(task.weights->bytes).subspan(first, row_bytes);
    if (t5) {
      decode_t5(bytes, row);
    } else {
      decode_t2(bytes, row);
    }
    nonzeros += row.size() - static_cast<std::uint64_t>(std::count(row.begin(), row.end(), 0));
    packed.set_row(r, row);
  }
  return packed;
}

}  // namespace

DecodedMatrix::DecodedMatrix(const UnitConfig& unit, const TmuTask& task, ThreadPool& pool)
    : weights_(decode(unit, task, nonzeros_)), cpu_(pool) {
  cpu_.add_matrix("", weights_);
}

void DecodedMatrix::multiply(std::span<const std::int8_t> x, std::size_t tokens,
                             std::span<std::int32_t> sums) {
  const Product product = {.matrix = 0, .sums = sums};
  cpu_.multiply({.values = x, .tokens = tokens, .cols = weights_.cols()}, std::span(&product, 1));
}

DecodedMatrix& DecodedWeights::matrix(const TmuTask& task) {
  Entry& entry = entries_[task.weights];
  const std::uint64_t now = fingerprint(task);
  if (!entry.matrix || entry.fingerprint != now) {
    entry.matrix = std::make_unique<DecodedMatrix>(unit_, task, pool_);
    entry.fingerprint = now;
  }
  return *entry.matrix;
}

}  // namespace sterna::sim
