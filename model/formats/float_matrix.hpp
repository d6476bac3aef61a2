// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>

#include "kernels/thread_pool.hpp"
#include "model/weights.hpp"

namespace sterna {

/// How the floats of a matrix lie in its file.
enum class FloatForm : std::uint8_t { F32, Bf16, F16, Blocks };

/// A float matrix that still lies in its mapped file.
struct FloatMatrix {
  std::size_t rows;
  std::size_t cols;
  FloatForm form;
  RowReader read_row;                // may be called by several threads at once
  std::span<const std::byte> bytes;  // row-major
};

/// The embedding or the head in memory, in the form the user asked for; its pages of the file are given
/// back as it goes. Stored copies float32, bfloat16, and half floats that bfloat16 holds exactly (so
/// those of every file made from bfloat16); other half floats and blocks stay where they lie, for as
/// float32 they would take up to seven times the memory of the file.
[[nodiscard]] VocabMatrix keep_matrix(const FloatMatrix& matrix, HeadForm head,
                                      std::pmr::memory_resource* memory, ThreadPool& pool);

}  // namespace sterna
