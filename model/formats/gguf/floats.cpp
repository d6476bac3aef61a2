// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "model/formats/float_formats.hpp"
#include "model/formats/gguf/blocks.hpp"
#include "model/formats/unaligned.hpp"

namespace sterna {
namespace {

unsigned bits_of(std::byte byte) { return std::to_integer<unsigned>(byte); }

float half_at(const std::byte* bytes) { return from_float16(load<std::uint16_t>(bytes)); }

// One block of a row of floats, at `bytes`, into `out`.
using BlockDecoder = void (*)(const std::byte* bytes, float* out);

void decode_f32(const std::byte* bytes, float* out) { *out = load<float>(bytes); }
void decode_f16(const std::byte* bytes, float* out) { *out = half_at(bytes); }
void decode_bf16(const std::byte* bytes, float* out) {
  *out = from_bfloat16(load<std::uint16_t>(bytes));
}

// A half d, then 32 int8: value d * code.
void decode_q8_0(const std::byte* bytes, float* out) {
  const float d = half_at(bytes);
  for (std::size_t i = 0; i < 32; ++i) {
    out[i] = d * static_cast<float>(load<std::int8_t>(bytes + 2 + i));
  }
}

// Lower four bits of 256 codes (128 bytes), their upper two (64), 16 int8 scales, a half d: value
// d * scale * (code - 32), a scale for 16 neighbours. Each half of the block (128 values) has four
// runs of 32: the first two take the lower nibbles of its two rows of bytes, the others the upper.
void decode_q6_k(const std::byte* bytes, float* out) {
  const float d = half_at(bytes + 208);
  for (std::size_t half = 0; half < 2; ++half) {
    const std::byte* low = bytes + 64 * half;
    const std::byte* high = bytes + 128 + 32 * half;
    for (std::size_t run = 0; run < 4; ++run) {
      for (std::size_t i = 0; i < 32; ++i) {
        const unsigned nibble = (bits_of(low[32 * (run % 2) + i]) >> (run / 2 * 4)) & 15U;
        const unsigned upper = (bits_of(high[i]) >> (2 * run)) & 3U;
        const std::size_t scale = 8 * half + 2 * run + i / 16;
        const float step = d * static_cast<float>(load<std::int8_t>(bytes + 192 + scale));
        out[128 * half + 32 * run + i] =
            step * static_cast<float>(static_cast<int>(nibble | upper << 4) - 32);
      }
    }
  }
}

// Scale and minimum of run `j` of a Q4_K block: eight pairs of six bits in twelve bytes, the upper
// two bits of the last four pairs in the first eight bytes.
std::pair<unsigned, unsigned> scale_and_min(const std::byte* packed, std::size_t j) {
  if (j < 4) return {bits_of(packed[j]) & 63U, bits_of(packed[j + 4]) & 63U};
  return {(bits_of(packed[j + 4]) & 15U) | (bits_of(packed[j - 4]) >> 6) << 4,
          bits_of(packed[j + 4]) >> 4 | (bits_of(packed[j]) >> 6) << 4};
}

// Halves d and dmin, twelve bytes of scales, 256 nibbles: value d * scale * code - dmin * minimum,
// for runs of 32; two runs share 32 bytes, the first in the lower nibbles.
void decode_q4_k(const std::byte* bytes, float* out) {
  const float d = half_at(bytes);
  const float dmin = half_at(bytes + 2);
  for (std::size_t run = 0; run < 8; ++run) {
    const auto [scale, minimum] = scale_and_min(bytes + 4, run);
    const float step = d * static_cast<float>(scale);
    const float least = dmin * static_cast<float>(minimum);
    const std::byte* codes = bytes + 16 + 32 * (run / 2);
    for (std::size_t i = 0; i < 32; ++i) {
      const unsigned code = (bits_of(codes[i]) >> (run % 2 * 4)) & 15U;
      out[32 * run + i] = step * static_cast<float>(code) - least;
    }
  }
}

struct FloatType {
  GgufType type;
  FloatForm form;
  std::size_t values, bytes;  // of a block
  BlockDecoder decode;
};
constexpr std::array kFloatTypes = {
    FloatType{GgufType::F32, FloatForm::F32, 1, 4, decode_f32},
    FloatType{GgufType::F16, FloatForm::F16, 1, 2, decode_f16},
    FloatType{GgufType::Bf16, FloatForm::Bf16, 1, 2, decode_bf16},
    FloatType{GgufType::Q8_0, FloatForm::Blocks, 32, 34, decode_q8_0},
    FloatType{GgufType::Q6_K, FloatForm::Blocks, 256, 210, decode_q6_k},
    FloatType{GgufType::Q4_K, FloatForm::Blocks, 256, 144, decode_q4_k},
};

// Reads rows of one type, its loop compiled for it: a call for each value would cost more than the value.
template <std::size_t kType>
void read_floats(std::span<const std::byte> row, std::span<float> out) {
  constexpr FloatType kOf = kFloatTypes[kType];
  for (std::size_t b = 0; b < out.size() / kOf.values; ++b) {
    kOf.decode(row.data() + b * kOf.bytes, out.data() + b * kOf.values);
  }
}

using RowDecoder = void (*)(std::span<const std::byte> row, std::span<float> out);
constexpr std::array<RowDecoder, kFloatTypes.size()> kRowDecoders = {
    read_floats<0>, read_floats<1>, read_floats<2>, read_floats<3>, read_floats<4>, read_floats<5>};

}  // namespace

FloatMatrix read_float_matrix(const GgufTensor& tensor) {
  const auto known = std::find_if(kFloatTypes.begin(), kFloatTypes.end(),
                                  [&](const FloatType& t) { return t.type == tensor.type; });
  if (known == kFloatTypes.end()) {
    throw std::invalid_argument("has type " + gguf_type_name(tensor.type) +
                                " where F32, F16, BF16, Q8_0, Q6_K or Q4_K is expected");
  }
  std::size_t rows = 1;
  for (std::size_t i = 1; i < tensor.dims.size(); ++i) rows *= tensor.dims[i];
  const std::size_t cols = tensor.dims.empty() ? 1 : tensor.dims[0];
  const std::size_t row_bytes = cols / known->values * known->bytes;
  const RowDecoder decode = kRowDecoders[static_cast<std::size_t>(known - kFloatTypes.begin())];
  return {.rows = rows,
          .cols = cols,
          .form = known->form,
          .read_row =
              [bytes = tensor.bytes, row_bytes, decode](std::size_t r, std::span<float> out) {
                decode(bytes.subspan(r * row_bytes, row_bytes), out);
              },
          .bytes = tensor.bytes};
}

}  // namespace sterna
