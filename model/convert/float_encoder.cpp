// SPDX-License-Identifier: Apache-2.0
#include "model/convert/float_encoder.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/formats/float_formats.hpp"
#include "model/formats/mapped_file.hpp"

namespace sterna {
namespace {

constexpr std::size_t kSliceBytes = std::size_t{8} << 20;  // of float32 at a time

std::size_t rows_of_a_slice(const FloatMatrix& matrix) {
  return std::max<std::size_t>(1, kSliceBytes / (matrix.cols * sizeof(float)));
}

bool holds(FloatForm form, float value) {
  if (form == FloatForm::F16) return is_float16(value);
  return form == FloatForm::F32 || is_bfloat16(value);
}

std::span<const std::byte> slice_of(const FloatMatrix& matrix, std::size_t first,
                                    std::size_t rows) {
  const std::size_t row_bytes = matrix.bytes.size() / matrix.rows;
  return matrix.bytes.subspan(first * row_bytes, rows * row_bytes);
}

// One row as `form`; false when a value cannot be rounded to it.
bool encode_row(std::span<const float> row, FloatForm form, std::byte* out) {
  if (form == FloatForm::F32) {
    std::memcpy(out, row.data(), row.size_bytes());
    return true;
  }
  bool good = true;
  for (const float value : row) {
    const std::uint16_t bits = form == FloatForm::F16 ? to_float16(value) : to_bfloat16(value);
    const float back = form == FloatForm::F16 ? from_float16(bits) : from_bfloat16(bits);
    good = good && std::isfinite(back);
    std::memcpy(out, &bits, sizeof bits);
    out += sizeof bits;
  }
  return good;
}

}  // namespace

bool fits(const FloatMatrix& matrix, FloatForm form, ThreadPool& pool) {
  if (form == matrix.form || form == FloatForm::F32) return true;
  std::atomic<bool> fits{true};
  const std::size_t slice = rows_of_a_slice(matrix);
  for (std::size_t first = 0; first < matrix.rows && fits; first += slice) {
    const std::size_t rows = std::min(slice, matrix.rows - first);
    pool.parallel_for(rows, [&](std::size_t begin, std::size_t end) {
      std::vector<float> row(matrix.cols);
      for (std::size_t r = begin; r < end && fits; ++r) {
        matrix.read_row(first + r, row);
        bool all = true;
        for (const float value : row) all = all && holds(form, value);
        if (!all) fits = false;
      }
    });
    release_pages(slice_of(matrix, first, rows));
  }
  return fits;
}

const char* type_name(FloatForm form) {
  if (form == FloatForm::F16) return "F16";
  return form == FloatForm::Bf16 ? "BF16" : "F32";
}

std::uint64_t float_bytes(FloatForm form) { return form == FloatForm::F32 ? 4 : 2; }

void write_floats(const FloatMatrix& matrix, FloatForm form, ThreadPool& pool,
                  const ByteSink& sink) {
  const std::size_t slice = rows_of_a_slice(matrix);
  const std::size_t row_bytes = matrix.cols * float_bytes(form);
  std::vector<std::byte> encoded;
  for (std::size_t first = 0; first < matrix.rows; first += slice) {
    const std::size_t rows = std::min(slice, matrix.rows - first);
    if (form == matrix.form) {
      sink(slice_of(matrix, first, rows));
    } else {
      encoded.resize(rows * row_bytes);
      std::atomic<bool> good{true};
      pool.parallel_for(rows, [&](std::size_t begin, std::size_t end) {
        std::vector<float> row(matrix.cols);
        for (std::size_t r = begin; r < end; ++r) {
          matrix.read_row(first + r, row);
          if (!encode_row(row, form, encoded.data() + r * row_bytes)) good = false;
        }
      });
      if (!good) {
        throw std::invalid_argument(std::string("holds a number that no ") + type_name(form) +
                                    " can stand for: write it as f32");
      }
      sink(encoded);
    }
    release_pages(slice_of(matrix, first, rows));
  }
}

}  // namespace sterna
