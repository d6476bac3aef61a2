// SPDX-License-Identifier: Apache-2.0
#include "model/formats/gguf/blocks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "model/formats/float_formats.hpp"
#include "model/formats/trit_codes.hpp"
#include "model/formats/unaligned.hpp"

namespace sterna {
namespace {

// The rows of a ternary tensor, whatever its type.
struct TernaryRows {
  float scale;
  TritReader read_row;
  std::function<std::string(std::size_t r)> fault;  // what is wrong with a row that is refused
};

// Six significant digits: scales are far smaller than std::to_string() prints.
std::string number_text(float number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

std::string at_row(std::size_t row) { return " in row " + std::to_string(row); }

// I2_S //

// Values from `first` on of blocks of kBlock, whose quarters share bytes.
template <std::size_t kBlock>
bool read_quartered(std::span<const std::byte> bytes, std::size_t first, std::span<Trit> trits) {
  constexpr std::size_t kRun = kBlock / 4;
  bool good = true;
  for (std::size_t done = 0; done < trits.size();) {
    const std::size_t value = (first + done) % kBlock;
    const std::size_t count = std::min(kRun - value % kRun, trits.size() - done);
    const std::size_t byte = (first + done) / kBlock * kRun + value % kRun;
    good &= extract_codes(bytes.subspan(byte, count), static_cast<unsigned>(6 - 2 * (value / kRun)),
                          trits.subspan(done, count));
    done += count;
  }
  return good;
}

TritReader i2s_reader(std::span<const std::byte> codes, std::size_t cols, I2sLayout layout) {
  switch (layout) {
    case I2sLayout::X86:
      return [=](std::size_t r, std::span<Trit> out) {
        return read_quartered<128>(codes, r * cols, out);
      };
    case I2sLayout::Arm:
      return [=](std::size_t r, std::span<Trit> out) {
        return read_quartered<64>(codes, r * cols, out);
      };
    default:
      return [=](std::size_t r, std::span<Trit> out) {
        return extract_codes(codes.subspan(r / 4 * cols, cols),
                             static_cast<unsigned>(6 - 2 * (r % 4)), out);
      };
  }
}

void check_i2s_blocks(std::size_t rows, std::size_t cols, I2sLayout layout) {
  const std::size_t block = layout == I2sLayout::X86 ? 128 : 64;
  if (layout != I2sLayout::Rows && rows * cols % block != 0) {
    throw std::invalid_argument("has " + std::to_string(rows * cols) +
                                " weights, but I2_S has blocks of " + std::to_string(block));
  }
  if (layout == I2sLayout::Rows && rows % 4 != 0) {
    throw std::invalid_argument("has " + std::to_string(rows) +
                                " rows, but this layout of I2_S has four rows in a byte");
  }
}

TernaryRows i2s_rows(const GgufTensor& tensor, I2sLayout layout) {
  const std::size_t cols = tensor.dims[0];
  const std::size_t rows = tensor.dims[1];
  check_i2s_blocks(rows, cols, layout);
  const std::size_t code_bytes = rows * cols / 4;
  return {.scale = load<float>(tensor.bytes.data() + code_bytes),
          .read_row = i2s_reader(tensor.bytes.first(code_bytes), cols, layout),
          .fault = [](std::size_t r) { return "holds code 3, which is no trit," + at_row(r); }};
}

// TQ1_0 and TQ2_0 //

constexpr std::size_t kTqBlock = 256;

// Two halves of 128 values: 32 bytes each, value m + 32 n at bits 2n of byte m.
bool read_tq2_0(const std::byte* block, std::span<Trit, kTqBlock> out) {
  bool good = true;
  for (std::size_t half = 0; half < 2; ++half) {
    for (std::size_t n = 0; n < 4; ++n) {
      good &= extract_codes({block + 32 * half, 32}, static_cast<unsigned>(2 * n),
                            out.subspan(128 * half + 32 * n, 32));
    }
  }
  return good;
}

// The trits number `digit` of `count` bytes. A byte is about 256 / 243 times the base-3 number of its
// five codes, the first the most significant, so the digit is what three times the rest carries.
void read_digits(const std::byte* bytes, std::size_t count, std::size_t digit, Trit* out) {
  constexpr std::array<unsigned, 5> kPowers = {1, 3, 9, 27, 81};
  for (std::size_t m = 0; m < count; ++m) {
    const unsigned rest = std::to_integer<unsigned>(bytes[m]) * kPowers[digit] & 0xFFU;
    out[m] = static_cast<Trit>(static_cast<int>(rest * 3 >> 8) - 1);
  }
}

// 32 bytes of five trits, each 32 apart; 16 of five, 16 apart; four of four, 4 apart.
bool read_tq1_0(const std::byte* block, std::span<Trit, kTqBlock> out) {
  for (std::size_t n = 0; n < 5; ++n) {
    read_digits(block, 32, n, out.data() + 32 * n);
    read_digits(block + 32, 16, n, out.data() + 160 + 16 * n);
    if (n < 4) read_digits(block + 48, 4, n, out.data() + 240 + 4 * n);
  }
  return true;
}

struct TqType {
  std::string_view name;
  std::size_t block_bytes;  // the last two are the scale, a half float
  bool (*read)(const std::byte* block, std::span<Trit, kTqBlock> out);
};
constexpr TqType kTq1{"TQ1_0", 54, read_tq1_0};
constexpr TqType kTq2{"TQ2_0", 66, read_tq2_0};

std::uint16_t scale_bits(const TqType& type, const std::byte* block) {
  return load<std::uint16_t>(block + type.block_bytes - 2);
}

// A block whose scale is not the one of the matrix must not hold any weight.
bool is_zero(std::span<const Trit> trits) {
  return std::all_of(trits.begin(), trits.end(), [](Trit trit) { return trit == 0; });
}

// Scale of the first block that has one, and which a program wrote for weights that are not zero.
std::uint16_t first_scale(const TqType& type, std::span<const std::byte> bytes) {
  std::array<Trit, kTqBlock> trits{};
  for (std::size_t b = 0; b < bytes.size(); b += type.block_bytes) {
    const std::byte* block = bytes.data() + b;
    if (!type.read(block, trits) || !is_zero(trits)) return scale_bits(type, block);
  }
  return 0x3C00;  // 1: no block holds a weight
}

TernaryRows tq_rows(const GgufTensor& tensor, const TqType& type) {
  const std::size_t row_bytes = tensor.dims[0] / kTqBlock * type.block_bytes;
  const std::uint16_t scale = first_scale(type, tensor.bytes);
  const auto block_of = [bytes = tensor.bytes, row_bytes, &type](std::size_t r, std::size_t b) {
    return bytes.data() + r * row_bytes + b * type.block_bytes;
  };
  const auto read_block = [&type, scale](const std::byte* block, std::span<Trit, kTqBlock> out) {
    return type.read(block, out) && (scale_bits(type, block) == scale || is_zero(out));
  };
  return {.scale = from_float16(scale),
          .read_row =
              [=](std::size_t r, std::span<Trit> out) {
                bool good = true;
                for (std::size_t b = 0; b < out.size() / kTqBlock; ++b) {
                  good &= read_block(block_of(r, b), out.subspan(b * kTqBlock).first<kTqBlock>());
                }
                return good;
              },
          .fault =
              [=, &type](std::size_t r) {
                std::array<Trit, kTqBlock> trits{};
                std::size_t b = 0;
                while (read_block(block_of(r, b), trits)) ++b;
                const std::uint16_t other = scale_bits(type, block_of(r, b));
                if (other == scale) return "holds code 3, which is no trit," + at_row(r);
                return "has a block with scale " + number_text(from_float16(other)) + at_row(r) +
                       " and another with " + number_text(from_float16(scale)) +
                       ": only matrices with one scale are ternary to this engine";
              }};
}

// Floats //

TernaryRows float_rows(const GgufTensor& tensor) {
  const FloatMatrix matrix = read_float_matrix(tensor);
  std::vector<float> row(matrix.cols);
  float scale = 0.0F;
  for (std::size_t r = 0; r < matrix.rows && scale == 0.0F; ++r) {
    matrix.read_row(r, row);
    const auto weight = std::find_if(row.begin(), row.end(), [](float w) { return w != 0.0F; });
    if (weight != row.end()) scale = std::abs(*weight);
  }
  if (scale == 0.0F) scale = 1.0F;  // no weight at all
  return {.scale = scale,
          .read_row =
              [matrix, scale](std::size_t r, std::span<Trit> out) {
                thread_local std::vector<float> weights;
                weights.resize(out.size());
                matrix.read_row(r, weights);
                bool good = true;
                for (std::size_t c = 0; c < out.size(); ++c) {
                  const float w = weights[c];
                  out[c] = static_cast<Trit>((w > 0.0F ? 1 : 0) - (w < 0.0F ? 1 : 0));
                  good &= w == 0.0F || std::abs(w) == scale;
                }
                return good;
              },
          .fault =
              [matrix, scale](std::size_t r) {
                std::vector<float> weights(matrix.cols);
                matrix.read_row(r, weights);
                const auto other = std::find_if(weights.begin(), weights.end(), [&](float w) {
                  return w != 0.0F && !(std::abs(w) == scale);
                });
                return "holds weights of two magnitudes, " + number_text(scale) + " and " +
                       number_text(std::abs(*other)) + at_row(r) +
                       ": it is not ternary; ternarise the model before it is converted";
              }};
}

TernaryRows rows_of(const GgufTensor& tensor, I2sLayout layout) {
  switch (tensor.type) {
    case GgufType::I2S:
      return i2s_rows(tensor, layout);
    case GgufType::Tq1_0:
      return tq_rows(tensor, kTq1);
    case GgufType::Tq2_0:
      return tq_rows(tensor, kTq2);
    case GgufType::F32:
    case GgufType::F16:
    case GgufType::Bf16:
      return float_rows(tensor);
    default:
      throw std::invalid_argument("has type " + gguf_type_name(tensor.type) +
                                  " where a ternary one (I2_S, TQ1_0, TQ2_0) is expected");
  }
}

}  // namespace

I2sLayout parse_i2s_layout(std::string_view name) {
  if (name == "x86") return I2sLayout::X86;
  if (name == "arm") return I2sLayout::Arm;
  if (name == "rows") return I2sLayout::Rows;
  throw std::invalid_argument("an I2_S layout called " + std::string(name) +
                              " is not known: choose x86, arm or rows");
}

TernaryLinear read_ternary(const GgufTensor& tensor, I2sLayout layout, const RowMap& row_of,
                           std::pmr::memory_resource* memory, ThreadPool& pool) {
  const TernaryRows rows = rows_of(tensor, layout);
  if (!(rows.scale > 0.0F) || !std::isfinite(rows.scale)) {
    throw std::invalid_argument("has scale " + number_text(rows.scale) +
                                " where a number above 0 is expected");
  }
  const TritReader read_row = [&](std::size_t r, std::span<Trit> out) {
    return rows.read_row(row_of(r), out);
  };
  PackedRows packed = pack_rows(tensor.dims[1], tensor.dims[0], read_row, memory, pool);
  if (packed.first_bad < tensor.dims[1]) {
    throw std::invalid_argument(rows.fault(row_of(packed.first_bad)));
  }
  return {.trits = std::move(packed.trits), .scale = rows.scale};
}

}  // namespace sterna
