// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host/device_backend.hpp"
#include "kernels/matmul_backend.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::host {

/// A device gave other sums than the reference.
class SumsDiffer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Several slow devices, a thread each, that share the products of one transformer.
///
/// A device starts every job idle, so a product needs nothing but its activations: the reference computes it
/// at once and its sums go on to the transformer, one of the devices computes it again when it gets round to
/// it, and every sum is compared. When finish() returns, the devices have given the same sums: what was made
/// of the reference's is what would have been made of theirs.
///
/// Cost  a copy of activations and sums of at most two products a device that wait
class SideBySide final : public MatmulBackend {
 public:
  /// `reference` outlives it. `devices` are of one design, at least one.
  SideBySide(MatmulBackend& reference, std::vector<std::unique_ptr<sim::TmuDevice>> devices);
  /// What is still waiting is dropped.
  ~SideBySide() override;

  /// All of them before the first product.
  MatrixId add_matrix(std::string_view name, const PackedTernary& weights) override;

  /// Errors  also those of finish(), of products before
  void multiply(const ActivationBatch& x, std::span<const Product> products) override;

  /// Waits until every product is compared.
  /// Errors  SumsDiffer naming the first sum that differs in a product; what a device threw
  void finish();

 private:
  struct Expected {
    MatrixId matrix;
    std::vector<std::int32_t> sums;
  };
  struct Job {
    std::vector<std::int8_t> values;
    std::size_t tokens;
    std::size_t cols;
    std::vector<Expected> products;
  };

  void work(DeviceBackend& driver);
  void check(DeviceBackend& driver, const Job& job) const;
  void post(Job job);
  void rethrow_failure();

  MatmulBackend& reference_;
  std::vector<std::unique_ptr<sim::TmuDevice>> devices_;
  std::vector<DeviceBackend> drivers_;  // one a device; they share the matrices

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::size_t busy_ = 0;
  bool ends_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace sterna::host
