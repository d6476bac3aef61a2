// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/thread_pool.hpp"
#include "model/convert/file_writer.hpp"
#include "model/formats/float_matrix.hpp"

namespace sterna {

/// Whether every element is a number that `form` (F32, Bf16 or F16) holds exactly.
[[nodiscard]] bool fits(const FloatMatrix& matrix, FloatForm form, ThreadPool& pool);

/// "F32", "BF16" or "F16", as safetensors and GGUF call it.
[[nodiscard]] const char* type_name(FloatForm form);

[[nodiscard]] std::uint64_t float_bytes(FloatForm form);

/// Writes the elements as `form` (F32, Bf16 or F16), rounded half to even where it does not hold them,
/// some MiB at a time, and gives back the pages of the matrix's file.
/// Errors  std::invalid_argument when an element that has to be rounded is infinite, NaN, or becomes so
void write_floats(const FloatMatrix& matrix, FloatForm form, ThreadPool& pool,
                  const ByteSink& sink);

}  // namespace sterna
