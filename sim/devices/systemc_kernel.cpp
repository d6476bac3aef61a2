// SPDX-License-Identifier: Apache-2.0
#include "sim/devices/systemc_kernel.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <systemc>
#include <thread>
#include <utility>

#ifdef __SANITIZE_ADDRESS__
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace sterna::sim {
namespace {

// SystemC's threads have stacks of their own, and the sanitizer hears of no switch between them: it must be
// told which stack this is before it unwinds one.
void restore_sanitizer_stack() {
#ifdef __SANITIZE_ADDRESS__
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
#endif
}

/// The thread of the jobs. What is posted when the process ends is dropped.
class KernelThread {
 public:
  KernelThread() : thread_([this] { work(); }) {}
  KernelThread(const KernelThread&) = delete;
  KernelThread& operator=(const KernelThread&) = delete;

  ~KernelThread() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  std::future<std::vector<CommandReport>> post(SystemcJob job) {
    const std::lock_guard lock(mutex_);
    jobs_.emplace_back(std::move(job));
    changed_.notify_one();
    return jobs_.back().get_future();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ends_ || !jobs_.empty(); });
      if (ends_) return;
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<std::packaged_task<std::vector<CommandReport>()>> jobs_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace

void require_new_systemc_modules() {
  if (!sc_core::sc_start_of_simulation_invoked()) return;
  throw std::runtime_error(
      "the SystemC kernel of this process has already run and takes no more modules; construct "
      "every SystemC device before the first run");
}

std::future<std::vector<CommandReport>> post_systemc(SystemcJob job) {
  static KernelThread kernel;
  return kernel.post(std::move(job));
}

void simulate_systemc() {
  sc_core::sc_start();
  restore_sanitizer_stack();
}

}  // namespace sterna::sim
