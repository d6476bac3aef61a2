// SPDX-License-Identifier: Apache-2.0
#include "model/formats/gguf/types.hpp"

#include <stdexcept>
#include <string_view>

namespace sterna {
namespace {

// A type of ggml: so many bytes for so many neighbours of a row.
struct BlockType {
  std::uint32_t id;
  std::string_view name;
  std::uint64_t values, bytes;
};
constexpr BlockType kTypes[] = {
    {0, "F32", 1, 4},       {1, "F16", 1, 2},       {2, "Q4_0", 32, 18},    {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},    {7, "Q5_1", 32, 24},    {8, "Q8_0", 32, 34},    {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},  {11, "Q3_K", 256, 110}, {12, "Q4_K", 256, 144}, {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210}, {15, "Q8_K", 256, 292}, {24, "I8", 1, 1},       {25, "I16", 1, 2},
    {26, "I32", 1, 4},      {27, "I64", 1, 8},      {28, "F64", 1, 8},      {30, "BF16", 1, 2},
    {34, "TQ1_0", 256, 54}, {35, "TQ2_0", 256, 66},
};

const BlockType* find_type(GgufType type) {
  for (const BlockType& known : kTypes) {
    if (known.id == static_cast<std::uint32_t>(type)) return &known;
  }
  return nullptr;
}

// I2_S: two bits a weight, then a scale in 32 bytes of which the rest is padding.
constexpr std::uint64_t kI2sTailBytes = 32;

}  // namespace

std::string gguf_type_name(GgufType type) {
  if (type == GgufType::I2S) return "I2_S";
  const BlockType* known = find_type(type);
  return known != nullptr ? std::string(known->name)
                          : "type " + std::to_string(static_cast<std::uint32_t>(type));
}

std::optional<std::uint64_t> gguf_tensor_bytes(GgufType type, std::span<const std::uint64_t> dims) {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : dims) count *= extent;
  if (type == GgufType::I2S) {
    if (count % 4 != 0) {
      throw std::invalid_argument("has " + std::to_string(count) +
                                  " weights, but I2_S holds four of them in a byte");
    }
    return count / 4 + kI2sTailBytes;
  }
  const BlockType* known = find_type(type);
  if (known == nullptr) return std::nullopt;
  const std::uint64_t row = dims.empty() ? 1 : dims[0];
  if (row % known->values != 0) {
    throw std::invalid_argument("has rows of " + std::to_string(row) + " values, but " +
                                std::string(known->name) + " holds blocks of " +
                                std::to_string(known->values));
  }
  return count / known->values * known->bytes;
}

}  // namespace sterna
