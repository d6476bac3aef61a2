// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <tuple>
#include <vector>

#include "kernels/cpu_backend.hpp"
#include "kernels/huge_pages.hpp"
#include "kernels/packing/packed_ternary.hpp"
#include "kernels/thread_pool.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// One matrix as the unit reads it from its streams, in the form that the CPU multiplies fast.
/// Decoded from the stream bytes, by rows or by columns, so a layout error shows in the sums.
class DecodedMatrix {
 public:
  /// `memory`, which outlives the matrix, holds its weights.
  DecodedMatrix(const UnitConfig& unit, const WeightStreams& weights, const TmuCommand& command,
                ThreadPool& pool, std::pmr::memory_resource* memory);

  /// Shape  (rows, cols), cols those of the activations of a token in a task
  [[nodiscard]] const PackedTernary& weights() const { return weights_; }
  /// Weights that are not zero, over what a command of this matrix adds up.
  [[nodiscard]] std::uint64_t nonzero_lanes(const TmuTask& task) const;

 private:
  void decode_rows(const UnitConfig& unit, const WeightStreams& weights, const TmuCommand& command,
                   ThreadPool& pool);
  void decode_columns(const UnitConfig& unit, const WeightStreams& weights,
                      const TmuCommand& command, ThreadPool& pool);

  PackedTernary weights_;
  std::uint64_t nonzeros_ = 0;
  std::vector<std::uint32_t> column_nonzeros_;  // (columns,); empty by rows
};

/// What the unit computes in a job; when, the timing models say.
///
/// Keeps the matrices that it has decoded, one a WeightStreams object and shape, for as long as the bytes stay the same
/// (a hash over all of them is compared in every job, which costs a fifth of a byte a weight).
class JobValues {
 public:
  /// `pool` does the work and outlives the object; nullptr: the caller's thread alone.
  explicit JobValues(const UnitConfig& unit, ThreadPool* pool = nullptr)
      : unit_(unit), pool_(pool != nullptr ? pool : &alone_), cpu_(*pool_) {}

  /// Decodes what commands such as `command` will use.
  void load(const WeightStreams& weights, const TmuCommand& command) { entry(weights, command); }

  /// Writes the sums of the tasks whose command is legal. Commands with the same weights are computed
  /// together. Returns  a task: lanes with a weight that is not zero, over all its tokens; 0 if illegal
  std::vector<std::uint64_t> compute(std::span<const TmuTask> tasks,
                                     const std::vector<bool>& legal);

 private:
  /// What makes two tasks a product with one matrix: streams, rows, beats, columns, format.
  using MatrixKey =
      std::tuple<const WeightStreams*, std::uint32_t, std::uint32_t, std::uint32_t, WeightFormat>;
  struct Entry {
    std::uint64_t fingerprint = 0;
    std::unique_ptr<DecodedMatrix> matrix;
    MatrixId id = 0;  // of cpu_, which is never asked for those of matrices that were replaced
  };
  /// Of a legal task.
  struct Part {
    const TmuTask* task;
    std::span<const std::int8_t> activations;
  };

  static MatrixKey key(const WeightStreams& weights, const TmuCommand& command);
  const Entry& entry(const WeightStreams& weights, const TmuCommand& command);
  void multiply(const Entry& entry, std::span<const Part> parts);
  void multiply(const Entry& entry, std::span<const std::int8_t> x, std::span<std::int32_t> sums);

  UnitConfig unit_;
  ThreadPool alone_{1};
  ThreadPool* pool_;
  CpuBackend cpu_;
  HugePages large_;  // of matrices that fill a page of it
  std::map<MatrixKey, Entry> entries_;
  std::vector<std::int8_t> x_;      // of several tasks
  std::vector<std::int32_t> sums_;  // likewise
};

}  // namespace sterna::sim
