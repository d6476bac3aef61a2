// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/limits/machine_limits_impl.hpp"

namespace sterna {
namespace {

template <bool Prefetch>
std::uint64_t read_all(const std::uint8_t* data, std::size_t bytes, std::size_t ahead) {
  __m512i sum[8];
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  for (std::size_t i = 0; i < bytes; i += 512) {
    for (std::size_t j = 0; j < 8; ++j) {
      const std::uint8_t* line = data + i + j * 64;
      if constexpr (Prefetch) {
        _mm_prefetch(reinterpret_cast<const char*>(line + ahead), _MM_HINT_T0);
      }
      sum[j] = _mm512_xor_si512(sum[j], _mm512_load_si512(line));
    }
  }
  for (std::size_t j = 1; j < 8; ++j) sum[0] = _mm512_xor_si512(sum[0], sum[j]);
  alignas(64) std::uint64_t lanes[8];
  _mm512_store_si512(lanes, sum[0]);
  std::uint64_t all = 0;
  for (const std::uint64_t lane : lanes) all ^= lane;
  return all;
}

}  // namespace

std::uint64_t read_avx512(const std::uint8_t* data, std::size_t bytes, std::size_t ahead) {
  return ahead == 0 ? read_all<false>(data, bytes, 0) : read_all<true>(data, bytes, ahead);
}

// Loop and all in assembly: the compiler would be free to fold the sums, and does store the accumulators
// each round. Twelve hide a latency of 5 cycles at two instructions a cycle.
std::uint64_t multiply_avx512vnni(std::uint64_t rounds) {
  if (rounds == 0) return 0;
  const __m512i x = _mm512_set1_epi8(1);
  __m512i a[12];
  for (__m512i& acc : a) acc = _mm512_setzero_si512();
  asm volatile(
      "1:\n\t"
      "vpdpbusd %[x], %[x], %[a0]\n\t"
      "vpdpbusd %[x], %[x], %[a1]\n\t"
      "vpdpbusd %[x], %[x], %[a2]\n\t"
      "vpdpbusd %[x], %[x], %[a3]\n\t"
      "vpdpbusd %[x], %[x], %[a4]\n\t"
      "vpdpbusd %[x], %[x], %[a5]\n\t"
      "vpdpbusd %[x], %[x], %[a6]\n\t"
      "vpdpbusd %[x], %[x], %[a7]\n\t"
      "vpdpbusd %[x], %[x], %[a8]\n\t"
      "vpdpbusd %[x], %[x], %[a9]\n\t"
      "vpdpbusd %[x], %[x], %[a10]\n\t"
      "vpdpbusd %[x], %[x], %[a11]\n\t"
      "dec %[rounds]\n\t"
      "jnz 1b"
      : [a0] "+v"(a[0]), [a1] "+v"(a[1]), [a2] "+v"(a[2]), [a3] "+v"(a[3]), [a4] "+v"(a[4]),
        [a5] "+v"(a[5]), [a6] "+v"(a[6]), [a7] "+v"(a[7]), [a8] "+v"(a[8]), [a9] "+v"(a[9]),
        [a10] "+v"(a[10]), [a11] "+v"(a[11]), [rounds] "+r"(rounds)
      : [x] "v"(x)
      : "cc");
  std::uint64_t total = 0;
  for (const __m512i& acc : a) {
    alignas(64) std::uint32_t lanes[16];
    _mm512_store_si512(lanes, acc);
    for (const std::uint32_t lane : lanes) total += lane;
  }
  return total;
}

}  // namespace sterna
