// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "kernels/packed_ternary.hpp"
#include "model/config.hpp"

namespace sterna {

/// A bfloat16 number: the upper half of a float32.
struct Bfloat16 {
  std::uint16_t bits;
};

/// A matrix of floats kept as they were stored, so that a bfloat16 checkpoint needs half the
/// memory; widening is exact.
///
/// Shape   (rows, cols), row-major
struct FloatMatrix {
  std::size_t rows;
  std::size_t cols;
  std::variant<std::vector<float>, std::vector<Bfloat16>> values;

  /// Widens row `r` into `out`, shape (cols,).
  void read_row(std::size_t r, std::span<float> out) const;
};

/// One ternary projection: y = sum / activation_scale * scale, with sum the exact int32 product and
/// activation_scale the one that quantize() returned.
///
/// Shape   trits (outputs, inputs)
struct TernaryLinear {
  PackedTernary trits;
  float scale;
};

/// Weights of one decoder layer; an empty sub-norm is one that the model does not have.
struct LayerWeights {
  std::vector<float> attention_norm;      // (hidden,)
  TernaryLinear q;                        // (q_width, hidden)
  TernaryLinear k;                        // (kv_width, hidden)
  TernaryLinear v;                        // (kv_width, hidden)
  std::vector<float> attention_sub_norm;  // (q_width,) or empty
  TernaryLinear o;                        // (hidden, q_width)
  std::vector<float> ffn_norm;            // (hidden,)
  TernaryLinear gate;                     // (ffn, hidden)
  TernaryLinear up;                       // (ffn, hidden)
  std::vector<float> ffn_sub_norm;        // (ffn,) or empty
  TernaryLinear down;                     // (hidden, ffn)
};

/// A whole model in memory.
struct ModelWeights {
  ModelConfig config;
  SpecialTokens special;
  FloatMatrix embedding;  // (vocab, hidden)
  std::vector<LayerWeights> layers;
  std::vector<float> final_norm;  // (hidden,)
  FloatMatrix own_head;           // (vocab, hidden); (0, 0) when config.tied_head

  [[nodiscard]] const FloatMatrix& head() const { return config.tied_head ? embedding : own_head; }
};

}  // namespace sterna
