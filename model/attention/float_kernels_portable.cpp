// SPDX-License-Identifier: Apache-2.0
#include "model/attention/float_kernels.hpp"

namespace {

typedef float FourFloats __attribute__((vector_size(16)));

inline FourFloats widen_four(const std::uint16_t* from) {
  typedef std::uint16_t FourHalves __attribute__((vector_size(8), aligned(2), may_alias));
  typedef std::uint32_t FourWords __attribute__((vector_size(16)));
  const FourHalves halves = *reinterpret_cast<const FourHalves*>(from);
  return reinterpret_cast<FourFloats>(__builtin_convertvector(halves, FourWords) << 16);
}

}  // namespace

#define STERNA_VECTOR_BYTES 16
#define STERNA_KERNELS kFloatPortable
#define STERNA_NAME "portable"
#define STERNA_SUPPORTED true
#define STERNA_WIDEN(from) widen_four(from)
#include "model/attention/float_kernels.inc"
