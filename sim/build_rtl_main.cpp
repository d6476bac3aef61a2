// SPDX-License-Identifier: Apache-2.0

// sterna_build_rtl FILE.yaml...: builds the RTL libraries of these designs ahead of their first
// use.

#include <exception>
#include <iostream>

#include "sim/config/hardware_yaml.hpp"
#include "sim/rtl/rtl_library.hpp"

int main(int argc, char** argv) {
  try {
    for (int i = 1; i < argc; ++i) {
      const auto library = sterna::sim::ensure_rtl_library(sterna::sim::load_hardware(argv[i]));
      std::cout << argv[i] << ": " << library.string() << '\n';
    }
  } catch (const std::exception& error) {
    std::cerr << "sterna_build_rtl: " << error.what() << '\n';
    return 2;
  }
}
