// SPDX-License-Identifier: Apache-2.0
#include "rtl/verilated_unit.hpp"

#include <cstdarg>
#include <cstdio>

#include "rtl/verilator_print.hpp"
#if VM_COVERAGE
#include <atomic>
#include <cstdlib>

#include <unistd.h>
#include <verilated_cov.h>
#endif

namespace {

// That of the unit whose evaluation is running.
thread_local std::string* current_message = nullptr;

}  // namespace

int sterna_tmu_print(const char* format, ...) {
  char text[1024];
  std::va_list args;
  va_start(args, format);
  const int written = std::vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  if (current_message != nullptr && current_message->empty()) *current_message = text;
  return written;
}

namespace sterna {

CapturedMessage::CapturedMessage(std::string& message) { current_message = &message; }
CapturedMessage::~CapturedMessage() { current_message = nullptr; }

#if VM_COVERAGE
void write_coverage(VerilatedContext& context) {
  static std::atomic<int> units = 0;
  const char* folder = std::getenv("STERNA_RTL_COVERAGE_DIR");
  if (folder == nullptr) return;
  const std::string name = std::to_string(getpid()) + "-" + std::to_string(units++);
  context.coveragep()->write((std::string(folder) + "/" + name + ".dat").c_str());
}
#else
void write_coverage(VerilatedContext& /*context*/) {}
#endif

}  // namespace sterna
