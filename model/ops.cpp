// SPDX-License-Identifier: Apache-2.0
#include "model/ops.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <stdexcept>
#include <variant>

#include "model/attention/float_kernels.hpp"

namespace sterna {
float dot(std::span<const float> a, std::span<const float> b) {
  assert(a.size() == b.size());
  float sum = 0.0F;
  active_float_kernels().dot_rows(a.data(), 1, a.size(), b.data(), &sum);
  return sum;
}

void rms_norm(std::span<const float> x, std::span<const float> weight, float eps,
              std::span<float> out) {
  assert(x.size() == weight.size() && x.size() == out.size());
  const float mean_square = dot(x, x) / static_cast<float>(x.size());
  const float scale = 1.0F / std::sqrt(mean_square + eps);
  active_float_kernels().scale_by(x.data(), weight.data(), x.size(), scale, out.data());
}

float quantize(std::span<const float> x, std::span<std::int8_t> q) {
  assert(x.size() == q.size());
  constexpr float kSmallest = 1e-5F;  // keeps the scale of a row of zeros finite
  const float largest =
      std::bit_cast<float>(active_float_kernels().largest_bits(x.data(), x.size()));
  if (!std::isfinite(largest)) return 0.0F;
  const float scale = 127.0F / std::max(largest, kSmallest);
  active_float_kernels().quantize(x.data(), x.size(), scale, q.data());
  return scale;
}

void refuse_infinite_activation() {
  throw std::runtime_error(
      "an activation is infinite or not a number: the weights of this model overflow float32");
}

float split_digits(std::span<const float> x, std::span<std::int8_t> high,
                   std::span<std::int8_t> low) {
  assert(x.size() == high.size() && x.size() == low.size());
  constexpr float kSmallest = 1e-30F;  // keeps the scale of a row of zeros finite
  constexpr float kLargestCode = 127.0F * 256.0F;
  const float largest =
      std::bit_cast<float>(active_float_kernels().largest_bits(x.data(), x.size()));
  if (!std::isfinite(largest)) return 0.0F;
  const float scale = kLargestCode / std::max(largest, kSmallest);
  active_float_kernels().split_digits(x.data(), x.size(), scale, high.data(), low.data());
  return scale;
}

void rescale(std::span<const std::int32_t> sums, float activation_scale, float weight_scale,
             std::span<float> y) {
  assert(sums.size() == y.size());
  active_float_kernels().rescale(sums.data(), y.size(), activation_scale, weight_scale, y.data());
}

void rescale_add(std::span<const std::int32_t> sums, float activation_scale, float weight_scale,
                 std::span<float> x) {
  assert(sums.size() == x.size());
  active_float_kernels().rescale_add(sums.data(), x.size(), activation_scale, weight_scale,
                                     x.data());
}

void gated(Activation activation, std::span<const float> gate, std::span<const float> up,
           std::span<float> inner) {
  assert(gate.size() == up.size() && gate.size() == inner.size());
  const FloatKernels& kernels = active_float_kernels();
  const auto apply = activation == Activation::Relu2 ? kernels.gate_relu2 : kernels.gate_silu;
  apply(gate.data(), up.data(), gate.size(), inner.data());
}

void softmax(std::span<float> x) {
  const FloatKernels& kernels = active_float_kernels();
  kernels.exp_shifted(x.data(), x.size(), kernels.largest(x.data(), x.size()));
  const float sum = kernels.sum(x.data(), x.size());
  for (float& value : x) value /= sum;
}

float exp_fixed(float x) {
  active_float_kernels().exp_shifted(&x, 1, 0.0F);
  return x;
}

void multiply_rows(const VocabMatrix& matrix, std::size_t first, std::span<const float> x,
                   std::span<float> y) {
  assert(x.size() == matrix.cols && first + y.size() <= matrix.rows);
  const FloatKernels& kernels = active_float_kernels();
  const std::size_t offset = first * matrix.cols;
  if (const auto* wide = std::get_if<Elements<float>>(&matrix.values)) {
    kernels.dot_rows(wide->data() + offset, y.size(), x.size(), x.data(), y.data());
  } else {
    const auto& narrow = std::get<Elements<Bfloat16>>(matrix.values);
    kernels.dot_rows_bf16(&narrow[offset].bits, y.size(), x.size(), x.data(), y.data());
  }
}

void attend(std::span<const float> q, std::span<const float> keys, std::span<const float> values,
            std::span<float> scores, std::span<float> out) {
  const FloatKernels& kernels = active_float_kernels();
  const float scale = 1.0F / std::sqrt(static_cast<float>(q.size()));
  kernels.dot_rows(keys.data(), scores.size(), q.size(), q.data(), scores.data());
  for (float& score : scores) score *= scale;
  softmax(scores);
  std::fill(out.begin(), out.end(), 0.0F);
  kernels.add_weighted_rows(values.data(), scores.size(), q.size(), scores.data(), out.data());
}

RopeTable::RopeTable(std::size_t head_dim, float theta, std::size_t positions)
    : half_(head_dim / 2), cos_(positions * half_), sin_(positions * half_) {
  for (std::size_t i = 0; i < half_; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    const auto wavelength =
        static_cast<float>(std::pow(static_cast<double>(theta), static_cast<double>(exponent)));
    const float frequency = 1.0F / wavelength;
    for (std::size_t position = 0; position < positions; ++position) {
      const auto angle = static_cast<double>(static_cast<float>(position) * frequency);
      cos_[position * half_ + i] = static_cast<float>(std::cos(angle));
      sin_[position * half_ + i] = static_cast<float>(std::sin(angle));
    }
  }
}

void RopeTable::rotate_heads(std::span<float> heads, std::size_t position) const {
  for (std::size_t at = 0; at < heads.size(); at += 2 * half_) {
    rotate(heads.subspan(at, 2 * half_), position);
  }
}

void RopeTable::rotate(std::span<float> head, std::size_t position) const {
  assert(head.size() == 2 * half_ && (position + 1) * half_ <= cos_.size());
  const float* cosine = cos_.data() + position * half_;
  const float* sine = sin_.data() + position * half_;
  for (std::size_t i = 0; i < half_; ++i) {
    const float low = head[i];
    const float high = head[i + half_];
    head[i] = low * cosine[i] - high * sine[i];
    head[i + half_] = high * cosine[i] + low * sine[i];
  }
}

}  // namespace sterna
