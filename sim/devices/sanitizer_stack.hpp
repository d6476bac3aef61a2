// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sterna::sim {

/// Tells AddressSanitizer where this thread's stack lies; does nothing in a build without it.
///
/// SystemC 2.3.4 announces its switches between coroutines, but gives no bounds for the stack of main() when
/// it comes back to it: from then on the sanitizer takes every exception for an overflow.
void restore_sanitizer_stack();

}  // namespace sterna::sim
