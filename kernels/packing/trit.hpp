// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sterna {

/// A weight of -1, 0 or 1.
using Trit = std::int8_t;

/// Bits of a trit in the t2 format; its code there is the trit plus one (0, 1, 2).
inline constexpr unsigned kT2Bits = 2;

/// Trits in one byte of the t5 format: byte = sum (trit_j + 1) * 3^j, j = 0..4; 3^5 = 243 <= 256.
inline constexpr unsigned kT5TritsPerByte = 5;

/// The t5 byte of five zero trits: 1 + 3 + 9 + 27 + 81.
inline constexpr std::uint8_t kT5ZeroByte = 121;

/// The t2 byte of four zero trits: code 1 in each of four fields.
inline constexpr std::uint8_t kT2ZeroByte = 0x55;

/// Trits in one byte of the t2 format.
inline constexpr unsigned kT2TritsPerByte = 4;

}  // namespace sterna
