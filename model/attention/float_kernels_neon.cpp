// SPDX-License-Identifier: Apache-2.0
#include <arm_neon.h>

#include "model/attention/float_kernels.hpp"

// Every AArch64 CPU has these instructions. That the vectors are as wide as the portable ones makes the
// sums equal by the same text; what differs is how bfloat16 is widened.
#define STERNA_VECTOR_BYTES 16
#define STERNA_KERNELS kFloatNeon
#define STERNA_NAME "neon"
#define STERNA_SUPPORTED true
#define STERNA_WIDEN(from) vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(from), 16))
#include "model/attention/float_kernels.inc"
