// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "model/attention/float_kernels.hpp"

#define STERNA_VECTOR_BYTES 64
#define STERNA_KERNELS kFloatAvx512
#define STERNA_NAME "avx512"
#define STERNA_SUPPORTED                                                                 \
  (__builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 && \
   __builtin_cpu_supports("avx512vl") != 0)
#define STERNA_WIDEN(from)               \
  _mm512_castsi512_ps(_mm512_slli_epi32( \
      _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))), 16))
#include "model/attention/float_kernels.inc"
