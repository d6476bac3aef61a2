// SPDX-License-Identifier: Apache-2.0
#include "host/npy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "host/atomic_file.hpp"

namespace sterna::host {
namespace {

namespace fs = std::filesystem;
static_assert(std::endian::native == std::endian::little, "npy.cpp moves bytes as they are");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64;  // of the data in files that NumPy writes

struct IntegerType {
  std::string_view descr;  // without byte order
  std::string_view dtype;
  std::size_t bytes;
};
constexpr std::array kIntegerTypes = {
    IntegerType{"i1", "int8", 1},   IntegerType{"i2", "int16", 2},  IntegerType{"i4", "int32", 4},
    IntegerType{"i8", "int64", 8},  IntegerType{"u1", "uint8", 1},  IntegerType{"u2", "uint16", 2},
    IntegerType{"u4", "uint32", 4}, IntegerType{"u8", "uint64", 8},
};

struct Header {
  std::string descr;
  bool fortran_order;
  std::vector<std::size_t> shape;
};

[[noreturn]] void fail(const fs::path& path, std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}", path.string(), what));
}

/// What follows `'key':` in the header's dictionary, up to its end.
std::optional<std::string_view> value_of(std::string_view dictionary, std::string_view key) {
  const std::size_t at = dictionary.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = dictionary.substr(at + key.size() + 2);
  const auto skip = [&rest] {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  };
  skip();
  if (rest.empty() || rest.front() != ':') return std::nullopt;
  rest.remove_prefix(1);
  skip();
  return rest;
}

std::optional<std::vector<std::size_t>> parse_shape(std::string_view text) {
  if (text.empty() || text.front() != '(') return std::nullopt;
  text.remove_prefix(1);
  std::vector<std::size_t> shape;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    if (text.empty()) return std::nullopt;
    if (text.front() == ')') return shape;
    std::size_t extent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    shape.push_back(extent);
  }
}

Header parse_header(const fs::path& path, std::string_view text) {
  const auto descr = value_of(text, "descr");
  const auto order = value_of(text, "fortran_order");
  const auto shape_at = value_of(text, "shape");
  const auto shape = shape_at ? parse_shape(*shape_at) : std::nullopt;
  const bool fortran = order && order->starts_with("True");
  if (!descr || !descr->starts_with('\'') || !shape ||
      !(fortran || (order && order->starts_with("False")))) {
    fail(path, "its header is not one of an .npy file; write it with numpy.save");
  }
  const std::string_view quoted = descr->substr(1);
  return {std::string(quoted.substr(0, std::min(quoted.find('\''), quoted.size()))), fortran,
          *shape};
}

const IntegerType& integer_type(const fs::path& path, std::string_view descr) {
  if (!descr.empty() && (descr.front() == '<' || descr.front() == '|')) {
    for (const IntegerType& type : kIntegerTypes) {
      if (type.descr == descr.substr(1)) return type;
    }
  }
  fail(path, fmt::format("its dtype is '{}', expected little-endian integers; convert with "
                         ".astype(numpy.int8) or numpy.int32",
                         descr));
}

/// Bytes of the array, refused before they could overflow or exceed what the file holds.
std::size_t data_bytes(const fs::path& path, const Header& header, std::size_t item,
                       std::size_t held) {
  std::size_t bytes = item;
  for (std::size_t extent : header.shape) {
    if (extent != 0 && bytes > SIZE_MAX / extent) fail(path, "its shape is larger than any memory");
    bytes *= extent;
  }
  if (bytes != held) {
    fail(path, fmt::format("its header promises {} bytes of data but it holds {}; the file is "
                           "damaged, write it again",
                           bytes, held));
  }
  return bytes;
}

std::vector<std::uint8_t> to_c_order(std::span<const std::uint8_t> fortran,
                                     std::span<const std::size_t> shape, std::size_t item) {
  std::vector<std::uint8_t> out(fortran.size());
  std::vector<std::size_t> index(shape.size(), 0);  // of the element, C order
  for (std::size_t to = 0; to < out.size(); to += item) {
    std::size_t from = 0;
    for (std::size_t d = shape.size(); d-- > 0;) from = from * shape[d] + index[d];
    std::copy_n(fortran.begin() + static_cast<std::ptrdiff_t>(from * item), item,
                out.begin() + static_cast<std::ptrdiff_t>(to));
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
  return out;
}

std::string read_file(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) fail(path, "no such file");
  if (!fs::is_regular_file(path, error)) fail(path, "is not a file");
  std::ifstream in(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  if (!in) fail(path, "cannot be read");
  return bytes;
}

template <typename T>
T load(const std::uint8_t* bytes) {
  std::array<std::uint8_t, sizeof(T)> raw;
  std::copy_n(bytes, sizeof(T), raw.begin());
  return std::bit_cast<T>(raw);
}

void write_matrix(const fs::path& path, std::string_view descr, std::string_view data,
                  std::size_t rows, std::size_t cols) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}",
                                   descr, rows, cols);
  const std::size_t unpadded = kMagic.size() + 2 + 2 + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  header.push_back('\n');
  std::string file(kMagic);
  file.append({'\x01', '\x00', static_cast<char>(header.size() & 0xFF),
               static_cast<char>(header.size() >> 8)});
  file.append(header).append(data);
  write_file_atomically(path, file);
}

template <typename T>
std::string_view bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

}  // namespace

std::size_t IntegerArray::count() const {
  std::size_t n = 1;
  for (std::size_t extent : shape) n *= extent;
  return n;
}

std::int64_t IntegerArray::at(std::size_t i) const {
  const bool is_signed = dtype.front() == 'i';
  const std::size_t item = bytes.size() / count();
  const std::uint8_t* p = bytes.data() + i * item;
  switch (item) {
    case 1:
      return is_signed ? std::int64_t{load<std::int8_t>(p)} : std::int64_t{*p};
    case 2:
      return is_signed ? std::int64_t{load<std::int16_t>(p)} : load<std::uint16_t>(p);
    case 4:
      return is_signed ? std::int64_t{load<std::int32_t>(p)} : load<std::uint32_t>(p);
    default:
      return load<std::int64_t>(p);
  }
}

std::string IntegerArray::shape_text() const {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

IntegerArray read_npy_integers(const fs::path& path) {
  const std::string file = read_file(path);
  const std::string_view all(file);
  if (all.size() < 10 || !all.starts_with(kMagic)) {
    fail(path, "is not an .npy file; write it with numpy.save");
  }
  const auto version = static_cast<unsigned char>(all[6]);
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3) {
    fail(path, fmt::format("is .npy format {}, expected 1 to 3", version));
  }
  const auto* length_at = reinterpret_cast<const std::uint8_t*>(all.data()) + 8;
  const std::size_t data_or_end = 8 + length_bytes;
  if (all.size() < data_or_end) fail(path, "ends inside its header; the file is damaged");
  const std::size_t length =
      version == 1 ? load<std::uint16_t>(length_at) : load<std::uint32_t>(length_at);
  if (length > all.size() - data_or_end) fail(path, "ends inside its header; the file is damaged");

  const Header header = parse_header(path, all.substr(data_or_end, length));
  const IntegerType& type = integer_type(path, header.descr);
  const std::string_view data = all.substr(data_or_end + length);
  data_bytes(path, header, type.bytes, data.size());
  std::vector<std::uint8_t> bytes(data.begin(), data.end());
  if (header.fortran_order) bytes = to_c_order(bytes, header.shape, type.bytes);
  return {std::string(type.dtype), header.shape, std::move(bytes)};
}

void write_npy(const fs::path& path, std::span<const float> values, std::size_t rows,
               std::size_t cols) {
  write_matrix(path, "<f4", bytes_of(values), rows, cols);
}

void write_npy(const fs::path& path, std::span<const std::int32_t> values, std::size_t rows,
               std::size_t cols) {
  write_matrix(path, "<i4", bytes_of(values), rows, cols);
}

}  // namespace sterna::host
