// SPDX-License-Identifier: Apache-2.0
#include "sim/devices/sanitizer_stack.hpp"

#ifdef __SANITIZE_ADDRESS__

#include <cstddef>

#include <pthread.h>
#include <sanitizer/common_interface_defs.h>

namespace sterna::sim {

void restore_sanitizer_stack() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* bottom = nullptr;
  std::size_t bytes = 0;
  pthread_attr_getstack(&attributes, &bottom, &bytes);
  pthread_attr_destroy(&attributes);
  // A switch from this stack to itself: the one way to set the bounds.
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, bottom, bytes);
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
}

}  // namespace sterna::sim

#else

void sterna::sim::restore_sanitizer_stack() {}

#endif
