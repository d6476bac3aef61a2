// SPDX-License-Identifier: Apache-2.0
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

TmuCounters& TmuCounters::operator+=(const TmuCounters& other) {
  for (std::uint64_t TmuCounters::*counter : kTmuCounters) this->*counter += other.*counter;
  return *this;
}

}  // namespace sterna::sim
