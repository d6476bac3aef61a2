// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sterna {

/// Length of a cycle in waves, in picoseconds: a viewer shows cycle 123 at 123 ns.
inline constexpr std::uint64_t kTraceCyclePs = 1000;

}  // namespace sterna
