// SPDX-License-Identifier: Apache-2.0
#include "host/bench/unit_of_zeros.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "host/checking_backend.hpp"

namespace sterna::host {

double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<sim::CommandReport> ZeroTmu::run(std::span<const sim::TmuTask> tasks) {
  const double start = clock_();
  std::vector<sim::CommandReport> reports;
  for (const sim::TmuTask& task : tasks) {
    std::ranges::fill(task.sums, 0);
    reports.push_back({sim::TmuStatus::Done, 0, 0, 0, {}});
  }
  seconds_ += clock_() - start;
  return reports;
}

MatrixId UnitOfZeros::add_matrix(std::string_view name, const PackedTernary& weights) {
  const std::string projection = split_matrix_name(std::string(name)).second;
  const auto known = ids_.find(projection);
  if (known != ids_.end()) return known->second;
  return ids_[projection] = driver_.add_matrix(projection, weights);
}

void UnitOfZeros::multiply(const ActivationBatch& x, std::span<const Product> products) {
  asked_.jobs += 1;
  asked_.activations += x.values.size();
  for (const Product& product : products) asked_.sums += product.sums.size();
  driver_.multiply(x, products);
}

}  // namespace sterna::host
