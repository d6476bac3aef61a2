// SPDX-License-Identifier: Apache-2.0
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

TmuCounters& TmuCounters::operator+=(const TmuCounters& other) {
  for (std::uint64_t TmuCounters::*counter : kTmuCounters) this->*counter += other.*counter;
  return *this;
}

std::future<std::vector<CommandReport>> TmuDevice::start(std::span<const TmuTask> tasks) {
  std::promise<std::vector<CommandReport>> reports;
  reports.set_value(run(tasks));
  return reports.get_future();
}

}  // namespace sterna::sim
