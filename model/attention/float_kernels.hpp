// SPDX-License-Identifier: Apache-2.0
#pragma once

// Private to model/. The inner loops of ops.hpp, compiled once for each instruction set from
// float_kernels.inc; plain pointers only, so that no inline function is shared between the sets.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sterna {

/// One instruction-set variant of the float loops. All variants return the same bits, because each
/// is the same sequence of IEEE operations on every element.
struct FloatKernels {
  std::string_view name;
  bool (*supported)();  // by the CPU we run on

  /// y[r] = dot of row r and x, in the order of ops.hpp; rows (count, cols) float or bfloat16.
  void (*dot_rows)(const float* rows, std::size_t count, std::size_t cols, const float* x,
                   float* y);
  void (*dot_rows_bf16)(const std::uint16_t* rows, std::size_t count, std::size_t cols,
                        const float* x, float* y);
  /// y[i] += sum over r of weight[r] * rows[r, i], r ascending; rows (count, cols).
  void (*add_weighted_rows)(const float* rows, std::size_t count, std::size_t cols,
                            const float* weights, float* y);
  /// y[i] = x[i] * scale * weight[i].
  void (*scale_by)(const float* x, const float* weights, std::size_t n, float scale, float* y);
  /// Largest bit pattern of |x[i]|; above 0x7F7FFFFF when one is infinite or NaN.
  std::uint32_t (*largest_bits)(const float* x, std::size_t n);
  /// q[i] = clamp(round_half_even(x[i] * scale), -128, 127), for |x[i] * scale| < 2^22.
  void (*quantize)(const float* x, std::size_t n, float scale, std::int8_t* q);
  /// 256 * high[i] + low[i] = round_half_even(x[i] * scale), low in -128..127, |x[i] * scale| < 32640.
  void (*split_digits)(const float* x, std::size_t n, float scale, std::int8_t* high,
                       std::int8_t* low);
  /// y[i] = (float(high[i]) * 256 + float(low[i])) / divisor * factors[i].
  void (*join_digits)(const std::int32_t* high, const std::int32_t* low, std::size_t n,
                      float divisor, const float* factors, float* y);
  /// The largest x[i], n > 0; sum of x[i] in the order of ops.hpp.
  float (*largest)(const float* x, std::size_t n);
  float (*sum)(const float* x, std::size_t n);
  /// y[i] = x[i] * factors[i].
  void (*multiply)(const float* x, const float* factors, std::size_t n, float* y);
  /// y[i] = float(sums[i]) / divisor * factor, or added to y[i].
  void (*rescale)(const std::int32_t* sums, std::size_t n, float divisor, float factor, float* y);
  void (*rescale_add)(const std::int32_t* sums, std::size_t n, float divisor, float factor,
                      float* y);
  /// x[i] = exp(x[i] - shift); 0 where that is below exp(-64).
  void (*exp_shifted)(float* x, std::size_t n, float shift);
  void (*gate_relu2)(const float* gate, const float* up, std::size_t n, float* out);
  void (*gate_silu)(const float* gate, const float* up, std::size_t n, float* out);
};

extern const FloatKernels kFloatPortable;
extern const FloatKernels kFloatAvx2;
extern const FloatKernels kFloatAvx512;
extern const FloatKernels kFloatNeon;

/// Every variant compiled in, fastest first; the last runs anywhere.
[[nodiscard]] std::span<const FloatKernels* const> float_kernels();

/// The fastest variant of this CPU; STERNA_ISA=scalar or =avx2 limits the choice. Chosen once.
[[nodiscard]] const FloatKernels& active_float_kernels();

}  // namespace sterna
