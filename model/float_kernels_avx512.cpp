// SPDX-License-Identifier: Apache-2.0
#include "model/float_kernels.hpp"

#define STERNA_VECTOR_BYTES 64
#define STERNA_KERNELS kFloatAvx512
#define STERNA_NAME "avx512"
#define STERNA_SUPPORTED (__builtin_cpu_supports("avx512bw") != 0)
#include "model/float_kernels.inc"
