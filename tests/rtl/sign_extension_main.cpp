// SPDX-License-Identifier: Apache-2.0

// Compares sign_extension.sv with a plain loop on random inputs; prints how many sums differ.

#include <cstdint>
#include <cstdio>
#include <random>

#include "Vsign_extension.h"

int main() {
  std::mt19937 random(1);
  Vsign_extension top;
  int wrong = 0;
  for (int n = 0; n < 1000; ++n) {
    top.weight_i = static_cast<std::uint8_t>(random());
    top.act_i = static_cast<std::uint32_t>(random());
    top.eval();
    int sum = 0;
    for (int l = 0; l < 4; ++l) {
      const int act = static_cast<std::int8_t>(top.act_i >> (8 * l));
      const int code = top.weight_i >> (2 * l) & 3;
      sum += (code & 1) == 0 ? 0 : (code & 2) == 0 ? act : -act;
    }
    wrong += (sum & 0xFFF) != top.sum_o;
  }
  std::printf("%d\n", wrong);
}
