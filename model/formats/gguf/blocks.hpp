// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory_resource>
#include <span>
#include <string_view>

#include "kernels/packing/trit.hpp"
#include "kernels/thread_pool.hpp"
#include "model/formats/float_matrix.hpp"
#include "model/formats/gguf/file.hpp"
#include "model/weights.hpp"

namespace sterna {

/// Where I2_S puts a weight. The file does not say: programs built for x86 write X86 (so all published
/// files), those built for ARM write Arm, and those built without ACT_PARALLEL write Rows.
///
/// Layout  codes are the trit plus one, the first in the upper two bits of its byte.
///         X86: value j of a block of 128 is in byte j % 32, bits 7-6 for j < 32, then 5-4, ...
///         Arm: value j of a block of 64 is in byte j % 16, bits 7-6 for j < 16, then 5-4, ...
///         Rows: byte c of four rows holds their column c, the first row in bits 7-6
enum class I2sLayout : std::uint8_t { X86, Arm, Rows };

/// The layout called "x86", "arm" or "rows".
/// Errors  std::invalid_argument listing the names
[[nodiscard]] I2sLayout parse_i2s_layout(std::string_view name);

/// Row of the tensor that holds row `r` of the matrix.
using RowMap = std::function<std::size_t(std::size_t r)>;

/// A ternary matrix of a file: I2_S, TQ1_0, TQ2_0, or floats that are 0 or of one magnitude.
///
/// The scale is that of the file: of I2_S the one at its end; of the others the one that all blocks
/// (all weights) which are not zero share.
/// Shape   `tensor` (cols, rows) in the file's order
/// Errors  std::invalid_argument naming place and value: another type or shape, code 3, more than one
///         scale, a scale that is not above 0
[[nodiscard]] TernaryLinear read_ternary(const GgufTensor& tensor, I2sLayout layout,
                                         const RowMap& row_of, std::pmr::memory_resource* memory,
                                         ThreadPool& pool);

/// A float matrix of a file: F32, F16, BF16, Q8_0, Q6_K or Q4_K.
/// Shape   `tensor` (cols, rows), or (cols) for one row
/// Errors  std::invalid_argument when it is of another type
[[nodiscard]] FloatMatrix read_float_matrix(const GgufTensor& tensor);

}  // namespace sterna
