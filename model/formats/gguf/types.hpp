// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sterna {

/// Numbers by which a GGUF file names the types of its tensors, those that a model here can use.
///
/// From 36 on forks give one number several meanings; the ones here are those of the files that hold
/// ternary models, and a tensor is taken for what it says only when its size agrees.
enum class GgufType : std::uint32_t {
  F32 = 0,
  F16 = 1,
  Q8_0 = 8,
  Q4_K = 12,
  Q6_K = 14,
  Bf16 = 30,
  Tq1_0 = 34,
  Tq2_0 = 35,
  I2S = 36,
};

/// "Q6_K", or "type 99".
[[nodiscard]] std::string gguf_type_name(GgufType type);

/// Bytes of a tensor; none for a type that is not known here.
///
/// Range   the product of `dims` is below 2^58
/// Errors  std::invalid_argument when the first extent is no multiple of the type's block
[[nodiscard]] std::optional<std::uint64_t> gguf_tensor_bytes(GgufType type,
                                                             std::span<const std::uint64_t> dims);

}  // namespace sterna
