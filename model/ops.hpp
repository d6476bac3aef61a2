// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/config.hpp"
#include "model/weights.hpp"

/// The float operations of the transformer. Each has one order of operations, so it gives the same
/// bits on every machine with IEEE floats, whatever instructions compute it:
/// - A sum of n terms is 16 partial sums, partial sum j adding terms j, j + 16, j + 32, ... in this
///   order from zero, and then a tree: j takes j + 8, then j + 4, j + 2, j + 1.
/// - No fused multiply-add (the build says -ffp-contract=off), no libm function in the data path:
/// the
///   exponential is ours, sines are taken in double and rounded once.

namespace sterna {

/// Sum of a[i] * b[i] in the fixed order.
[[nodiscard]] float dot(std::span<const float> a, std::span<const float> b);

/// out = x / sqrt(mean(x^2) + eps) * weight. `out` may be `x`.
/// Shape   all (n,)
void rms_norm(std::span<const float> x, std::span<const float> weight, float eps,
              std::span<float> out);

/// Quantises one token's activations to int8: s = 127 / max(max |x|, 1e-5), q = x * s rounded half
/// to even, then clamped to -128..127. Returns s. Minus zero gives 0.
///
/// Errors  none here: when x holds a NaN or an infinity q is not to be used and the result is 0,
/// which
///         no finite x gives; the transformer turns it into an exception
[[nodiscard]] float quantize(std::span<const float> x, std::span<std::int8_t> q);

/// What to do when quantize() or split_digits() returned 0.
/// Errors  std::runtime_error saying that an activation is not finite
[[noreturn]] void refuse_infinite_activation();

/// Splits one row into two int8 digits, where eight bits would be too coarse for a head or a score:
/// s = 127 * 256 / max |x|, 256 * high + low = x * s rounded half to even, low in -128..127. Returns s;
/// 0 for a row with a NaN or an infinity, of which the digits are not to be used.
[[nodiscard]] float split_digits(std::span<const float> x, std::span<std::int8_t> high,
                                 std::span<std::int8_t> low);

/// y = float(sum) / activation_scale * weight_scale, element by element.
void rescale(std::span<const std::int32_t> sums, float activation_scale, float weight_scale,
             std::span<float> y);

/// x += float(sum) / activation_scale * weight_scale, element by element.
void rescale_add(std::span<const std::int32_t> sums, float activation_scale, float weight_scale,
                 std::span<float> x);

/// inner = activation(gate) * up. `inner` may be `gate`.
void gated(Activation activation, std::span<const float> gate, std::span<const float> up,
           std::span<float> inner);

/// x = exp(x - max x) / sum of these.
void softmax(std::span<float> x);

/// exp(x) within 2 units in the last place for x in -64..88; 0 below, where a weight of softmax cannot
/// be seen beside the largest, and that of 88 above.
[[nodiscard]] float exp_fixed(float x);

/// y[r] = dot(row first + r of the matrix, x), for a matrix of float32 or bfloat16 in memory.
/// Shape   y (rows to compute,), x (cols,)
void multiply_rows(const VocabMatrix& matrix, std::size_t first, std::span<const float> x,
                   std::span<float> y);

/// Attention of one query head over the first `tokens` cached tokens of its key-value head:
/// out = softmax(q k^T / sqrt(head_dim)) v, values added in the order of tokens.
///
/// Shapes  q, out (head_dim,); keys, values (at least tokens, head_dim); scores (tokens,) is
/// scratch
void attend(std::span<const float> q, std::span<const float> keys, std::span<const float> values,
            std::span<float> scores, std::span<float> out);

/// Cosines and sines of the rotary embedding, float32 as the reference computes them: angle =
/// position * theta^(-2i / head_dim), each factor rounded to float32.
class RopeTable {
 public:
  RopeTable(std::size_t head_dim, float theta, std::size_t positions);

  /// Turns pairs (x[i], x[i + head_dim / 2]) of one head by the angle of `position`.
  void rotate(std::span<float> head, std::size_t position) const;
  /// The same for every head of a row of heads.
  void rotate_heads(std::span<float> heads, std::size_t position) const;

 private:
  std::size_t half_;        // head_dim / 2
  std::vector<float> cos_;  // (positions, half)
  std::vector<float> sin_;  // (positions, half)
};

}  // namespace sterna
