// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "kernels/limits/machine_limits_impl.hpp"

namespace sterna {
namespace {

// The vectors that every CPU of the architecture has (SSE2, Advanced SIMD), since the compiler may use
// them in the scalar kernel too.
using Words = std::uint64_t __attribute__((vector_size(16)));
using Int16s = std::uint16_t __attribute__((vector_size(16)));

constexpr std::size_t kAccumulators = 8;
constexpr std::size_t kOperands = 16;

}  // namespace

std::uint64_t read_scalar(const std::uint8_t* data, std::size_t bytes, std::size_t ahead) {
  Words sum[4] = {};
  for (std::size_t i = 0; i < bytes; i += sizeof(sum)) {
    if (ahead != 0) __builtin_prefetch(data + i + ahead);
    for (std::size_t j = 0; j < 4; ++j) {
      Words words;
      std::memcpy(&words, data + i + j * sizeof(words), sizeof(words));
      sum[j] ^= words;
    }
  }
  const Words all = sum[0] ^ sum[1] ^ sum[2] ^ sum[3];
  return all[0] ^ all[1];
}

// The operands come from a table that the compiler cannot see into, or it would multiply once and add
// the product up. Two of x times four of w feed the eight accumulators.
std::uint64_t multiply_scalar(std::uint64_t rounds) {
  Int16s table[kOperands];
  for (Int16s& entry : table) entry = Int16s{} + 1;
  asm volatile("" : : "r"(table) : "memory");
  const Int16s w[4] = {table[0], table[1], table[2], table[3]};
  Int16s acc[kAccumulators] = {};
  for (std::uint64_t r = 0; r < rounds; ++r) {
    const Int16s x[2] = {table[2 * r % kOperands], table[(2 * r + 1) % kOperands]};
    for (std::size_t i = 0; i < kAccumulators; ++i) acc[i] += x[i / 4] * w[i % 4];
  }
  std::uint64_t total = 0;
  for (const Int16s& sums : acc) {
    for (std::size_t lane = 0; lane < 8; ++lane) total += sums[lane];
  }
  return total;
}

}  // namespace sterna
