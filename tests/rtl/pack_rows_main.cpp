// SPDX-License-Identifier: Apache-2.0

// usage: pack_rows COLS < trits > bytes
// Rows of COLS trits (a byte each) to t5 beats of 16 bytes, as an engine of 80 lanes streams them.

#include <cstdlib>
#include <iostream>
#include <iterator>
#include <span>
#include <vector>

#include "kernels/packing/trit_stream.hpp"

int main(int /*count*/, char** words) {
  constexpr std::size_t kLanes = 80;
  constexpr std::size_t kBeatBytes = 16;
  const auto cols = static_cast<std::size_t>(std::atoi(words[1]));
  const std::vector<char> input(std::istreambuf_iterator<char>(std::cin), {});
  const std::vector<sterna::Trit> trits(input.begin(), input.end());
  std::vector<std::uint8_t> row((cols + kLanes - 1) / kLanes * kBeatBytes);
  for (std::size_t first = 0; first + cols <= trits.size(); first += cols) {
    sterna::encode_t5(std::span(trits).subspan(first, cols), row);
    std::cout.write(reinterpret_cast<const char*>(row.data()),
                    static_cast<std::streamsize>(row.size()));
  }
}
