// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>

#include <gtkwave/fstapi.h>

// usage: fst_to_vcd FILE.fst. Prints it as VCD, for test_cli_replay.py, with the reader of FST that comes
// with Verilator.
int main(int argc, char** argv) {
  void* reader = argc == 2 ? fstReaderOpen(argv[1]) : nullptr;
  if (reader == nullptr || fstReaderProcessHier(reader, stdout) == 0) return 2;
  fstReaderSetFacProcessMaskAll(reader);
  const int done = fstReaderIterBlocks(reader, nullptr, nullptr, stdout);
  fstReaderClose(reader);
  return done == 1 && std::fflush(stdout) == 0 ? 0 : 2;
}
