// SPDX-License-Identifier: Apache-2.0
#include <arm_neon.h>

#include "kernels/limits/machine_limits_impl.hpp"

namespace sterna {
namespace {

template <bool Prefetch>
std::uint64_t read_all(const std::uint8_t* data, std::size_t bytes, std::size_t ahead) {
  uint8x16_t sum[8];
  for (uint8x16_t& s : sum) s = vdupq_n_u8(0);
  for (std::size_t i = 0; i < bytes; i += 128) {
    for (std::size_t j = 0; j < 8; ++j) {
      const std::uint8_t* part = data + i + j * 16;
      if constexpr (Prefetch) {
        if (j % 4 == 0) __builtin_prefetch(part + ahead);
      }
      sum[j] = veorq_u8(sum[j], vld1q_u8(part));
    }
  }
  for (std::size_t j = 1; j < 8; ++j) sum[0] = veorq_u8(sum[0], sum[j]);
  const uint64x2_t lanes = vreinterpretq_u64_u8(sum[0]);
  return vgetq_lane_u64(lanes, 0) ^ vgetq_lane_u64(lanes, 1);
}

}  // namespace

std::uint64_t read_neon(const std::uint8_t* data, std::size_t bytes, std::size_t ahead) {
  return ahead == 0 ? read_all<false>(data, bytes, 0) : read_all<true>(data, bytes, ahead);
}

// Loop and all in assembly: the compiler would be free to fold the sums or to store the accumulators each
// round. Twelve hide a latency of 3 cycles at four instructions a cycle (Apple's large cores).
std::uint64_t multiply_neon(std::uint64_t rounds) {
  if (rounds == 0) return 0;
  const int8x16_t x = vdupq_n_s8(1);
  int32x4_t a[12];
  for (int32x4_t& acc : a) acc = vdupq_n_s32(0);
  asm volatile(
      "1:\n\t"
      "sdot %[a0].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a1].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a2].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a3].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a4].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a5].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a6].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a7].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a8].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a9].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a10].4s, %[x].16b, %[x].16b\n\t"
      "sdot %[a11].4s, %[x].16b, %[x].16b\n\t"
      "subs %[rounds], %[rounds], #1\n\t"
      "b.ne 1b"
      : [a0] "+w"(a[0]), [a1] "+w"(a[1]), [a2] "+w"(a[2]), [a3] "+w"(a[3]), [a4] "+w"(a[4]),
        [a5] "+w"(a[5]), [a6] "+w"(a[6]), [a7] "+w"(a[7]), [a8] "+w"(a[8]), [a9] "+w"(a[9]),
        [a10] "+w"(a[10]), [a11] "+w"(a[11]), [rounds] "+r"(rounds)
      : [x] "w"(x)
      : "cc");
  std::uint64_t total = 0;
  for (const int32x4_t& acc : a) total += static_cast<std::uint32_t>(vaddvq_s32(acc));
  return total;
}

}  // namespace sterna
