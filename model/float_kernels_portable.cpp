// SPDX-License-Identifier: Apache-2.0
#include "model/float_kernels.hpp"

#define STERNA_VECTOR_BYTES 16
#define STERNA_KERNELS kFloatPortable
#define STERNA_NAME "portable"
#define STERNA_SUPPORTED true
#include "model/float_kernels.inc"
