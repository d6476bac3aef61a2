// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/limits/machine_limits_impl.hpp"

namespace sterna {
namespace {

template <bool Prefetch>
std::uint64_t read_all(const std::uint8_t* data, std::size_t bytes, std::size_t ahead) {
  __m256i sum[8];
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  for (std::size_t i = 0; i < bytes; i += 256) {
    for (std::size_t j = 0; j < 8; ++j) {
      const std::uint8_t* half_line = data + i + j * 32;
      if constexpr (Prefetch) {
        if (j % 2 == 0) {
          _mm_prefetch(reinterpret_cast<const char*>(half_line + ahead), _MM_HINT_T0);
        }
      }
      sum[j] =
          _mm256_xor_si256(sum[j], _mm256_load_si256(reinterpret_cast<const __m256i*>(half_line)));
    }
  }
  for (std::size_t j = 1; j < 8; ++j) sum[0] = _mm256_xor_si256(sum[0], sum[j]);
  alignas(32) std::uint64_t lanes[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum[0]);
  return lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3];
}

}  // namespace

std::uint64_t read_avx2(const std::uint8_t* data, std::size_t bytes, std::size_t ahead) {
  return ahead == 0 ? read_all<false>(data, bytes, 0) : read_all<true>(data, bytes, ahead);
}

// Loop and all in assembly: the compiler would be free to fold the sums, and does store the accumulators
// each round. A product belongs to no chain, so eight accumulators are enough.
std::uint64_t multiply_avx2(std::uint64_t rounds) {
  if (rounds == 0) return 0;
  const __m256i x = _mm256_set1_epi8(1);
  __m256i a[8];
  for (__m256i& acc : a) acc = _mm256_setzero_si256();
  __m256i product;
  __m256i other;
  asm volatile(
      "1:\n\t"
      "vpmaddubsw %[x], %[x], %[p]\n\t"
      "vpmaddubsw %[x], %[x], %[q]\n\t"
      "vpaddw %[p], %[a0], %[a0]\n\t"
      "vpaddw %[q], %[a1], %[a1]\n\t"
      "vpmaddubsw %[x], %[x], %[p]\n\t"
      "vpmaddubsw %[x], %[x], %[q]\n\t"
      "vpaddw %[p], %[a2], %[a2]\n\t"
      "vpaddw %[q], %[a3], %[a3]\n\t"
      "vpmaddubsw %[x], %[x], %[p]\n\t"
      "vpmaddubsw %[x], %[x], %[q]\n\t"
      "vpaddw %[p], %[a4], %[a4]\n\t"
      "vpaddw %[q], %[a5], %[a5]\n\t"
      "vpmaddubsw %[x], %[x], %[p]\n\t"
      "vpmaddubsw %[x], %[x], %[q]\n\t"
      "vpaddw %[p], %[a6], %[a6]\n\t"
      "vpaddw %[q], %[a7], %[a7]\n\t"
      "dec %[rounds]\n\t"
      "jnz 1b"
      : [a0] "+x"(a[0]), [a1] "+x"(a[1]), [a2] "+x"(a[2]), [a3] "+x"(a[3]), [a4] "+x"(a[4]),
        [a5] "+x"(a[5]), [a6] "+x"(a[6]), [a7] "+x"(a[7]), [p] "=&x"(product), [q] "=&x"(other),
        [rounds] "+r"(rounds)
      : [x] "x"(x)
      : "cc");
  std::uint64_t total = 0;
  for (const __m256i& acc : a) {
    alignas(32) std::uint16_t lanes[16];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), acc);
    for (const std::uint16_t lane : lanes) total += lane;
  }
  return total;
}

}  // namespace sterna
