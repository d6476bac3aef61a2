// SPDX-License-Identifier: Apache-2.0
#include "model/convert/trit_encoders.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "model/formats/float_formats.hpp"

namespace sterna {
namespace {

constexpr std::size_t kI2sTailBytes = 32;
constexpr std::size_t kTqCols = 256;
constexpr std::size_t kTq2Bytes = 64;  // without the scale
constexpr std::size_t kTq1Bytes = 52;

unsigned code_of(Trit trit) { return static_cast<unsigned>(trit + 1); }

// Four codes at `step` values from each other, the first in the upper bits when `high_first`.
std::byte four_codes(const Trit* first, std::size_t step, bool high_first) {
  unsigned byte = 0;
  for (unsigned n = 0; n < 4; ++n) {
    byte |= code_of(first[n * step]) << (2 * (high_first ? 3 - n : n));
  }
  return static_cast<std::byte>(byte);
}

// `count` codes as the digits of a number below 243, a missing fifth being 0, scaled to 256ths and
// rounded up: so multiplying the byte by 3 gives one digit after the other above bit 7.
std::byte base_3(const Trit* first, std::size_t step, unsigned count) {
  unsigned digits = 0;
  for (unsigned n = 0; n < 5; ++n) {
    digits = digits * 3 + (n < count ? code_of(first[n * step]) : 0);
  }
  return static_cast<std::byte>((digits * 256 + 242) / 243);
}

void put_float16(float scale, std::byte* out) {
  const std::uint16_t bits = to_float16(scale);
  std::memcpy(out, &bits, sizeof bits);
}

void encode_i2s_row(std::span<const Trit> row, std::byte* out) {
  constexpr std::size_t kBytes = 32;
  for (std::size_t block = 0; block < row.size(); block += 4 * kBytes, out += kBytes) {
    for (std::size_t m = 0; m < kBytes; ++m) {
      out[m] = four_codes(row.data() + block + m, kBytes, /*high_first=*/true);
    }
  }
}

void encode_tq2_row(std::span<const Trit> row, float scale, std::byte* out) {
  for (std::size_t block = 0; block < row.size(); block += kTqCols) {
    for (std::size_t half = 0; half < 2; ++half) {
      const Trit* values = row.data() + block + 128 * half;
      for (std::size_t m = 0; m < 32; ++m) {
        out[32 * half + m] = four_codes(values + m, 32, /*high_first=*/false);
      }
    }
    put_float16(scale, out + kTq2Bytes);
    out += kTq2Bytes + sizeof(std::uint16_t);
  }
}

void encode_tq1_row(std::span<const Trit> row, float scale, std::byte* out) {
  for (std::size_t block = 0; block < row.size(); block += kTqCols) {
    const Trit* values = row.data() + block;
    for (std::size_t m = 0; m < 32; ++m) out[m] = base_3(values + m, 32, 5);
    for (std::size_t m = 0; m < 16; ++m) out[32 + m] = base_3(values + 160 + m, 16, 5);
    for (std::size_t m = 0; m < 4; ++m) out[48 + m] = base_3(values + 240 + m, 4, 4);
    put_float16(scale, out + kTq1Bytes);
    out += kTq1Bytes + sizeof(std::uint16_t);
  }
}

std::vector<std::byte> encode_quarters(const PackedTernary& trits, ThreadPool& pool) {
  const std::size_t cols = trits.cols();
  const std::size_t quarter = (trits.rows() + 3) / 4;
  std::vector<std::byte> bytes(quarter * cols);
  pool.parallel_for(
      quarter,
      [&](std::size_t begin, std::size_t end) {
        std::vector<Trit> row(cols);
        for (std::size_t r = begin; r < end; ++r) {
          std::byte* out = bytes.data() + r * cols;
          for (unsigned i = 0; i < 4 && i * quarter + r < trits.rows(); ++i) {
            trits.unpack_row(i * quarter + r, row);
            for (std::size_t c = 0; c < cols; ++c) {
              out[c] |= static_cast<std::byte>(code_of(row[c]) << (2 * i));
            }
          }
        }
      },
      ThreadPool::grain_of(cols));
  return bytes;
}

void encode_row(TritForm form, std::span<const Trit> row, float scale, std::byte* out) {
  if (form == TritForm::I2s) return encode_i2s_row(row, out);
  if (form == TritForm::Tq2) return encode_tq2_row(row, scale, out);
  encode_tq1_row(row, scale, out);
}

// Bytes of a row of blocks.
std::size_t row_bytes(TritForm form, std::size_t cols) {
  if (form == TritForm::I2s) return cols / 4;
  const std::size_t block_bytes = form == TritForm::Tq2 ? kTq2Bytes : kTq1Bytes;
  return cols / kTqCols * (block_bytes + sizeof(std::uint16_t));
}

}  // namespace

std::size_t block_cols(TritForm form) {
  if (form == TritForm::Quarters) return 1;
  return form == TritForm::I2s ? 128 : kTqCols;
}

std::size_t encoded_bytes(TritForm form, std::size_t rows, std::size_t cols) {
  assert(cols % block_cols(form) == 0);
  if (form == TritForm::Quarters) return (rows + 3) / 4 * cols;
  return rows * row_bytes(form, cols) + (form == TritForm::I2s ? kI2sTailBytes : 0);
}

std::vector<std::byte> encode_trits(const TernaryLinear& linear, TritForm form, ThreadPool& pool) {
  const PackedTernary& trits = linear.trits;
  if (form == TritForm::Quarters) return encode_quarters(trits, pool);
  std::vector<std::byte> bytes(encoded_bytes(form, trits.rows(), trits.cols()));
  const std::size_t stride = row_bytes(form, trits.cols());
  pool.parallel_for(
      trits.rows(),
      [&](std::size_t begin, std::size_t end) {
        std::vector<Trit> row(trits.cols());
        for (std::size_t r = begin; r < end; ++r) {
          trits.unpack_row(r, row);
          encode_row(form, row, linear.scale, bytes.data() + r * stride);
        }
      },
      ThreadPool::grain_of(trits.cols()));
  if (form == TritForm::I2s) {
    std::memcpy(bytes.data() + trits.rows() * stride, &linear.scale, sizeof linear.scale);
  }
  return bytes;
}

}  // namespace sterna
