// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/packing/trit.hpp"

namespace sterna {

/// Bytes that hold `trits` trits in the t5 and in the t2 stream format.
[[nodiscard]] constexpr std::size_t t5_bytes(std::size_t trits) {
  return (trits + kT5TritsPerByte - 1) / kT5TritsPerByte;
}
[[nodiscard]] constexpr std::size_t t2_bytes(std::size_t trits) {
  return (trits + kT2TritsPerByte - 1) / kT2TritsPerByte;
}

/// Encodes trits in the order in which an engine consumes them, lowest lane first.
///
/// Layout  t5: byte = sum (trit_j + 1) * 3^j; t2: trit_j + 1 at bits 2j+1..2j
/// Shapes  trits (n,), bytes (m,) with m at least t5_bytes(n) or t2_bytes(n); what is left of
///         `bytes` is filled with zero trits
/// Range   every trit in {-1, 0, 1}; not checked here
void encode_t5(std::span<const Trit> trits, std::span<std::uint8_t> bytes);
void encode_t2(std::span<const Trit> trits, std::span<std::uint8_t> bytes);

/// Decodes trits (n,) from the bytes that hold them. Codes that no trits encode to (t5 bytes
/// above 242, t2 code 3) decode to zero trits, as in the unit.
void decode_t5(std::span<const std::uint8_t> bytes, std::span<Trit> trits);
void decode_t2(std::span<const std::uint8_t> bytes, std::span<Trit> trits);

/// How many trits are not zero.
[[nodiscard]] std::size_t count_nonzeros(std::span<const Trit> trits);

}  // namespace sterna
