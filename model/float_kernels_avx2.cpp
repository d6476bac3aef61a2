// SPDX-License-Identifier: Apache-2.0
#include "model/float_kernels.hpp"

#define STERNA_VECTOR_BYTES 32
#define STERNA_KERNELS kFloatAvx2
#define STERNA_NAME "avx2"
#define STERNA_SUPPORTED (__builtin_cpu_supports("avx2") != 0)
#include "model/float_kernels.inc"
