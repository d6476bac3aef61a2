// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/thread_pool.hpp"
#include "model/weights.hpp"

namespace sterna {

/// How a file holds a ternary matrix. Codes are the trit plus one.
///
/// Layout  Quarters: with R = ceil(rows / 4), bits 2i+1..2i of byte (r, c) are row i * R + r, column c
///         (Hugging Face's packed weights).
///         I2s: blocks of 128 columns; value j is in byte j % 32, bits 7-6 for j < 32, then 5-4, ...;
///         after all codes the scale as a float32 and 28 bytes of zeros.
///         Tq2: blocks of 256 columns, 64 bytes and a float16 scale; value 128 h + m + 32 n is in byte
///         32 h + m at bits 2n.
///         Tq1: blocks of 256 columns, 52 bytes and a float16 scale; five codes a byte (four in the last
///         four bytes) as the digits of a fraction of 243 in 256ths.
/// Source  Hugging Face's BitNet integration; microsoft/BitNet's I2_S; ggml's TQ2_0 and TQ1_0
enum class TritForm : std::uint8_t { Quarters, I2s, Tq2, Tq1 };

/// Columns of a block, which a row has to be whole blocks of.
[[nodiscard]] std::size_t block_cols(TritForm form);

/// Bytes of a matrix. Range  cols a multiple of block_cols(form)
[[nodiscard]] std::size_t encoded_bytes(TritForm form, std::size_t rows, std::size_t cols);

/// The matrix as a file holds it; the scale is part of it but for Quarters.
/// Range   as encoded_bytes(); for Tq1 and Tq2 the scale is rounded to float16
[[nodiscard]] std::vector<std::byte> encode_trits(const TernaryLinear& linear, TritForm form,
                                                  ThreadPool& pool);

}  // namespace sterna
