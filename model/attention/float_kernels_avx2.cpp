// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "model/attention/float_kernels.hpp"

#define STERNA_VECTOR_BYTES 32
#define STERNA_KERNELS kFloatAvx2
#define STERNA_NAME "avx2"
#define STERNA_SUPPORTED (__builtin_cpu_supports("avx2") != 0)
#define STERNA_WIDEN(from)               \
  _mm256_castsi256_ps(_mm256_slli_epi32( \
      _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))), 16))
#include "model/attention/float_kernels.inc"
