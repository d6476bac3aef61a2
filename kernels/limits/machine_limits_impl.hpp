// SPDX-License-Identifier: Apache-2.0
#pragma once

// Private to kernels/. As in panel_kernels_impl.hpp, a file built for one instruction set sees plain
// pointers and no shared inline code.

#include <cstddef>
#include <cstdint>

namespace sterna {

// LimitProbe::read, multiply and macs_a_round of each instruction set.
std::uint64_t read_avx512(const std::uint8_t* data, std::size_t bytes, std::size_t ahead);
std::uint64_t multiply_avx512vnni(std::uint64_t rounds);
inline constexpr std::uint64_t kMacsAvx512vnni =
    std::uint64_t{12} * 64;  // accumulators * bytes of a zmm

std::uint64_t read_avx2(const std::uint8_t* data, std::size_t bytes, std::size_t ahead);
std::uint64_t multiply_avx2(std::uint64_t rounds);
inline constexpr std::uint64_t kMacsAvx2 = std::uint64_t{8} * 32;  // accumulators * bytes of a ymm

std::uint64_t read_neon(const std::uint8_t* data, std::size_t bytes, std::size_t ahead);
std::uint64_t multiply_neon(std::uint64_t rounds);
inline constexpr std::uint64_t kMacsNeon =
    std::uint64_t{12} * 16;  // accumulators * bytes of a register

std::uint64_t read_scalar(const std::uint8_t* data, std::size_t bytes, std::size_t ahead);
std::uint64_t multiply_scalar(std::uint64_t rounds);
inline constexpr std::uint64_t kMacsScalar = std::uint64_t{8} * 8;  // accumulators * int16 lanes

}  // namespace sterna
