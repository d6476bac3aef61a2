// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sterna::host {

/// An array of integers as an .npy file holds it, in C order.
struct IntegerArray {
  std::string dtype;  // NumPy's name without byte order: "int8", "uint16", ...
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> bytes;  // little endian, C order

  [[nodiscard]] std::size_t count() const;
  /// Element `i` in C order. uint64 values above the range of int64 come out negative.
  [[nodiscard]] std::int64_t at(std::size_t i) const;
  /// "(3, 80)"
  [[nodiscard]] std::string shape_text() const;
};

/// Reads an .npy file (format 1.0 to 3.0, C or Fortran order, little endian) of integers of 8 to 64
/// bits. Safe on hostile files: lengths and shapes are checked before anything is allocated. Errors
/// std::runtime_error naming the file and what is wrong with it
[[nodiscard]] IntegerArray read_npy_integers(const std::filesystem::path& path);

/// Writes row-major values, shape (rows, cols), as format 1.0; atomically.
/// Errors  std::runtime_error when the file cannot be written
void write_npy(const std::filesystem::path& path, std::span<const float> values, std::size_t rows,
               std::size_t cols);
void write_npy(const std::filesystem::path& path, std::span<const std::int32_t> values,
               std::size_t rows, std::size_t cols);

}  // namespace sterna::host
