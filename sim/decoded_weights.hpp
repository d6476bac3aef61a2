// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

#include "kernels/cpu_backend.hpp"
#include "kernels/thread_pool.hpp"
#include "sim/tmu_device.hpp"

namespace sterna::sim {

/// One matrix as the unit reads it from its streams, in the form that the CPU multiplies fast.
/// Decoded from the stream bytes, so a layout error shows in the sums.
class DecodedMatrix {
 public:
  DecodedMatrix(const UnitConfig& unit, const TmuTask& task, ThreadPool& pool);

  /// sums[t, r] = sum_c w[r, c] * x[t, c]. Shapes  x (tokens, cols), sums (tokens, rows)
  void multiply(std::span<const std::int8_t> x, std::size_t tokens, std::span<std::int32_t> sums);

  [[nodiscard]] std::uint64_t nonzeros() const { return nonzeros_; }

 private:
  std::uint64_t nonzeros_ = 0;
  PackedTernary weights_;
  CpuBackend cpu_;
};

/// Keeps what it has decoded, a matrix a WeightStreams object, for as long as the bytes stay the
/// same (a hash over all of them is compared at every use, which costs a fifth of a byte a weight).
class DecodedWeights {
 public:
  explicit DecodedWeights(const UnitConfig& unit) : unit_(unit) {}

  DecodedMatrix& matrix(const TmuTask& task);

 private:
  struct Entry {
    std::uint64_t fingerprint = 0;
    std::unique_ptr<DecodedMatrix> matrix;
  };

  UnitConfig unit_;
  ThreadPool pool_{1};
  std::unordered_map<const WeightStreams*, Entry> entries_;
};

}  // namespace sterna::sim
