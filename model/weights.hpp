// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <span>
#include <variant>
#include <vector>

#include "kernels/huge_pages.hpp"
#include "kernels/packing/elements.hpp"
#include "kernels/packing/packed_int8.hpp"
#include "kernels/packing/packed_ternary.hpp"
#include "kernels/packing/two_plane_int8.hpp"
#include "kernels/thread_pool.hpp"
#include "model/config.hpp"

namespace sterna {

/// A bfloat16 number: the upper half of a float32.
struct Bfloat16 {
  std::uint16_t bits;
};

/// Rows of int8 with a scale each: element (r, c) is codes[r, c] * scales[r].
struct ScaledInt8 {
  PackedInt8 codes;
  std::vector<float> scales;  // (rows,)
};

/// The same rows in two planes, so that a search for the largest products can leave most of the lower
/// bits alone (output_head.hpp).
struct PlanedInt8 {
  TwoPlaneInt8 codes;
  std::vector<float> scales;  // (rows,), none below 0
};

/// Writes row `r` of a float matrix into `out`, shape (cols,).
using RowReader = std::function<void(std::size_t r, std::span<float> out)>;

/// Rows that stay in the form and the place of their file (half floats, blocks of a few bits) and become
/// float32 each time they are read.
struct RowsInPlace {
  RowReader read_row;  // may be called by several threads at once
  std::size_t bytes;
};

/// What the output head (and a tied embedding) is kept as.
enum class HeadForm : std::uint8_t {
  Stored,  // as the checkpoint has it; synthetic models have int8
  Int8,    // rounded to int8 with a scale a row
  Int6,  // the same int8 in two planes, of which the most likely tokens are found by the upper six bits
};

/// The embedding, the output head, or both: a row an entry of the vocabulary. Kept as it was stored,
/// so that a bfloat16 checkpoint needs half the memory and an int8 one a quarter; reading a row is
/// exact.
///
/// Shape   (rows, cols); floats are row-major
struct VocabMatrix {
  std::size_t rows;
  std::size_t cols;
  std::variant<Elements<float>, Elements<Bfloat16>, RowsInPlace, ScaledInt8, PlanedInt8> values;

  /// Writes row `r` into `out`, shape (cols,).
  void read_row(std::size_t r, std::span<float> out) const;

  /// Bytes of memory that a product with all rows reads.
  [[nodiscard]] std::size_t bytes() const;
};

/// A matrix with every row rounded to int8, scale = max |row| / 127, half to even. `read_row` is called
/// by several threads at once.
[[nodiscard]] ScaledInt8 round_to_int8(std::size_t rows, std::size_t cols,
                                       const RowReader& read_row, std::pmr::memory_resource* memory,
                                       ThreadPool& pool);
[[nodiscard]] PlanedInt8 round_to_planes(std::size_t rows, std::size_t cols,
                                         const RowReader& read_row,
                                         std::pmr::memory_resource* memory, ThreadPool& pool);

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
  std::shared_ptr<const void>
      memory;  // keeps what the matrices below live in: pages, a mapped file
  ModelConfig config;
  SpecialTokens special;
  VocabMatrix embedding;  // (vocab, hidden)
  std::vector<LayerWeights> layers;
  std::vector<float> final_norm;  // (hidden,)
  VocabMatrix own_head;           // (vocab, hidden); (0, 0) when config.tied_head

  [[nodiscard]] const VocabMatrix& head() const { return config.tied_head ? embedding : own_head; }

  /// Bytes of packed ternary weights, padding included: what one token reads of them.
  [[nodiscard]] std::size_t ternary_bytes() const;
};

}  // namespace sterna
