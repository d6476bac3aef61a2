// SPDX-License-Identifier: Apache-2.0
#include "host/side_by_side.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "host/checking_backend.hpp"

namespace sterna::host {

SideBySide::SideBySide(MatmulBackend& reference,
                       std::vector<std::unique_ptr<sim::TmuDevice>> devices)
    : reference_(reference), devices_(std::move(devices)) {
  drivers_.reserve(devices_.size());
  for (const auto& device : devices_) {
    drivers_.push_back(drivers_.empty() ? DeviceBackend(*device) : drivers_[0].beside(*device));
  }
  for (DeviceBackend& driver : drivers_) {
    threads_.emplace_back([this, &driver] { work(driver); });
  }
}

SideBySide::~SideBySide() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    jobs_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

MatrixId SideBySide::add_matrix(std::string_view name, const PackedTernary& weights) {
  const MatrixId id = drivers_[0].add_matrix(name, weights);
  if (reference_.add_matrix(name, weights) != id) {
    throw std::logic_error("the reference held matrices before");
  }
  return id;
}

void SideBySide::multiply(const ActivationBatch& x, std::span<const Product> products) {
  reference_.multiply(x, products);
  Job job{.values = {x.values.begin(), x.values.end()},
          .tokens = x.tokens,
          .cols = x.cols,
          .products = {}};
  for (const Product& product : products) {
    job.products.push_back({product.matrix, {product.sums.begin(), product.sums.end()}});
  }
  post(std::move(job));
}

void SideBySide::post(Job job) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return failure_ || jobs_.size() < 2 * devices_.size(); });
  rethrow_failure();
  jobs_.push_back(std::move(job));
  changed_.notify_all();
}

void SideBySide::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return failure_ || (jobs_.empty() && busy_ == 0); });
  rethrow_failure();
}

void SideBySide::rethrow_failure() {
  if (failure_) std::rethrow_exception(failure_);
}

// A device's thread. After a failure nothing more is begun.
void SideBySide::work(DeviceBackend& driver) {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ends_ || (!failure_ && !jobs_.empty()); });
    if (ends_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    ++busy_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      check(driver, job);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    --busy_;
    if (failure && !failure_) failure_ = failure;
    changed_.notify_all();
  }
}

void SideBySide::check(DeviceBackend& driver, const Job& job) const {
  std::vector<std::vector<std::int32_t>> sums;
  std::vector<Product> products;
  for (const Expected& expected : job.products) {
    products.push_back({expected.matrix, sums.emplace_back(expected.sums.size())});
  }
  driver.multiply({job.values, job.tokens, job.cols}, products);
  for (std::size_t i = 0; i < products.size(); ++i) {
    const Expected& expected = job.products[i];
    const std::string& name = driver.matrix_name(expected.matrix);
    const auto difference =
        find_difference(name, expected.sums.size() / job.tokens, expected.sums, sums[i]);
    if (!difference) continue;
    throw SumsDiffer(fmt::format(
        "the unit's sums are not the CPU's: {}, token {} of its batch, row {}: {} instead of {}; "
        "`sterna run` shows the products before it, `sterna replay` its waves",
        name, difference->token, difference->row, difference->got, difference->expected));
  }
}

}  // namespace sterna::host
