// SPDX-License-Identifier: Apache-2.0
#include "model/memory_check.hpp"

#include <sstream>
#include <stdexcept>

#include <unistd.h>

namespace sterna {

void require_memory(double bytes, std::string_view what, std::string_view fix) {
  constexpr double kGib = 1024.0 * 1024.0 * 1024.0;
  const double machine =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (bytes <= machine) return;
  std::ostringstream message;
  message.precision(3);
  message << what << " needs " << bytes / kGib << " GiB, but this machine has " << machine / kGib
          << " GiB: " << fix;
  throw std::runtime_error(message.str());
}

}  // namespace sterna
