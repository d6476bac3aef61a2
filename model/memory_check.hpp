// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sterna {

/// Refuses to allocate what this machine cannot hold, before the system kills the process for it.
///
/// Units   bytes as a double, so that a product of sizes cannot wrap
/// Errors  std::runtime_error "WHAT needs X GiB, but this machine has Y GiB: FIX"
void require_memory(double bytes, std::string_view what, std::string_view fix);

}  // namespace sterna
