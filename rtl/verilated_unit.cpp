// SPDX-License-Identifier: Apache-2.0
#include "rtl/verilated_unit.hpp"

#include <cstdarg>
#include <cstdio>

#include "rtl/verilator_print.hpp"
#if VM_COVERAGE
#include <cstdlib>

#include <unistd.h>
#include <verilated_cov.h>
#endif

#ifdef STERNA_RECORD
extern "C" int __llvm_profile_write_file();
extern "C" void __llvm_profile_set_filename(const char*);
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
// A process may have loaded units of several designs, each with a copy of this code: the file system gives
// a name that no other has.
void write_coverage(VerilatedContext& context) {
  constexpr char kSuffix[] = ".dat";
  const char* folder = std::getenv("STERNA_RTL_COVERAGE_DIR");
  if (folder == nullptr) return;
  std::string path = std::string(folder) + "/XXXXXX" + kSuffix;
  const int file = mkstemps(path.data(), sizeof(kSuffix) - 1);
  if (file < 0) return;
  close(file);
  context.coveragep()->write(path.c_str());
}
#else
void write_coverage(VerilatedContext& /*context*/) {}
#endif

void write_record() {
#ifdef STERNA_RECORD
  __llvm_profile_write_file();
  __llvm_profile_set_filename("/dev/null");  // at exit it would be written once more
#endif
}

}  // namespace sterna
