// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/thread_pool.hpp"
#include "model/weights.hpp"

namespace sterna::host {

/// Reads the weights that every token reads, the very same memory, by all threads and with nothing to
/// compute: what the machine's memory gives at that moment. Where neighbours share the memory, that can
/// change by half within a second, so a token is held against the reads just before and after it.
class WeightReader {
 public:
  /// `model` and `pool` outlive the reader. Left out: the lower plane of a head in two planes, and a head
  /// whose rows stay in the form of their file.
  WeightReader(const ModelWeights& model, ThreadPool& pool);

  /// Bytes of a pass; 0 for a model of which no matrix fills a kibibyte.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// A pass: each thread reads its own part of every matrix, one after another.
  /// Returns  the exclusive or of all 64-bit words that were read
  [[nodiscard]] std::uint64_t read() const;

  /// Seconds of a pass.
  [[nodiscard]] double seconds() const;

 private:
  void add(std::span<const std::uint8_t> bytes);

  ThreadPool& pool_;
  std::vector<std::span<const std::uint8_t>> matrices_;  // whole grains of LimitProbe::read
  std::size_t bytes_ = 0;
};

}  // namespace sterna::host
