// SPDX-License-Identifier: Apache-2.0
#include "host/npy.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace sterna::host {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Npy : public testing::Test {
 protected:
  void TearDown() override { fs::remove(path_); }

  void write_raw(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  /// A file of format 1.0 whose header is `header` as it stands.
  [[nodiscard]] static std::string file(const std::string& header, const std::string& data) {
    std::string bytes("\x93NUMPY\x01", 7);
    bytes.push_back('\0');
    bytes.push_back(static_cast<char>(header.size() & 0xFF));
    bytes.push_back(static_cast<char>(header.size() >> 8));
    return bytes + header + data;
  }
  void expect_error(const std::string& bytes, const std::string& words) const {
    write_raw(bytes);
    EXPECT_THAT([&] { (void)read_npy_integers(path_); },
                ThrowsMessage<std::runtime_error>(
                    testing::AllOf(HasSubstr(path_.string()), HasSubstr(words))));
  }

  fs::path path_ = fs::temp_directory_path() / ("npy_test." + std::to_string(::getpid()) + ".npy");
};

TEST_F(Npy, ReadsWhatItWrites) {
  const std::vector<std::int32_t> values = {1, -2, INT32_MAX, INT32_MIN, 0, 7};
  write_npy(path_, values, 2, 3);
  const IntegerArray array = read_npy_integers(path_);
  EXPECT_EQ(array.dtype, "int32");
  EXPECT_EQ(array.shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(array.shape_text(), "(2, 3)");
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(array.at(i), values[i]);
  std::ifstream in(path_, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(bytes.size() % 64, 24U) << "data start at a multiple of 64, as NumPy has it";
}

TEST_F(Npy, ReadsEveryIntegerTypeWithItsSign) {
  const std::string ff(8, '\xff');
  const auto first = [&](const std::string& descr, std::size_t bytes) {
    write_raw(file("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (1,), }\n",
                   ff.substr(0, bytes)));
    return read_npy_integers(path_).at(0);
  };
  EXPECT_EQ(first("|i1", 1), -1);
  EXPECT_EQ(first("|u1", 1), 255);
  EXPECT_EQ(first("<i2", 2), -1);
  EXPECT_EQ(first("<u2", 2), 65535);
  EXPECT_EQ(first("<i4", 4), -1);
  EXPECT_EQ(first("<u4", 4), 4294967295);
  EXPECT_EQ(first("<i8", 8), -1);
}

TEST_F(Npy, PutsFortranOrderIntoCOrder) {
  write_raw(file("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3)}",
                 std::string("\x00\x00\x0a\x00\x01\x00\x0b\x00\x02\x00\x0c\x00", 12)));
  const IntegerArray array = read_npy_integers(path_);
  const std::vector<std::int64_t> expected = {0, 1, 2, 10, 11, 12};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(array.at(i), expected[i]);
}

TEST_F(Npy, RefusesHostileHeadersInOneSentence) {
  const std::string good = "{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }";
  expect_error("", "not an .npy file");
  expect_error("PK\x03\x04 a zip archive", "not an .npy file");
  expect_error(file(good, "x"), "promises 2 bytes of data but it holds 1");
  expect_error(file(good, "xyz"), "promises 2 bytes of data but it holds 3");
  expect_error(file(good, "xy").substr(0, 30), "ends inside its header");
  expect_error(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12) + good,
               "ends inside its header");
  expect_error(std::string("\x93NUMPY\x02\x00\xff", 9) + " ", "ends inside its header");
  expect_error(std::string("\x93NUMPY\x09\x00\x02\x00{}", 12), "format 9");
  expect_error(file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "abcd"), "'<f4'");
  expect_error(file("{'descr': '>i4', 'fortran_order': False, 'shape': (1,), }", "abcd"), "'>i4'");
  expect_error(file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "abcd"), "'|O'");
  expect_error(file("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }", "abcd"),
               "not one of an .npy file");
  expect_error(
      file("{'descr': '|i1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 16), }", ""),
      "larger than any memory");
  expect_error(
      file("{'descr': '|i1', 'fortran_order': False, 'shape': (99999999999999999999999,), }", ""),
      "not one of an .npy file");
  expect_error(file("{'descr': '|i1', 'fortran_order': False, 'shape': (-1,), }", ""),
               "not one of an .npy file");
  expect_error(file("{'descr': '|i1', 'fortran_order': False, 'shape': (2", "xy"),
               "not one of an .npy file");
  expect_error(file("{'descr': '|i1', 'fortran_order': Maybe, 'shape': (2,)}", "xy"),
               "not one of an .npy file");
  expect_error(file("{'descr': ", "xy"), "not one of an .npy file");
}

TEST_F(Npy, SurvivesEveryTruncationOfAGoodFile) {
  const std::string good =
      file("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 1), }\n", "abcdefgh");
  for (std::size_t n = 0; n < good.size(); ++n) {
    write_raw(good.substr(0, n));
    EXPECT_THROW((void)read_npy_integers(path_), std::runtime_error) << n << " bytes";
  }
}

TEST_F(Npy, NamesAMissingFileAndAFolder) {
  EXPECT_THAT([&] { (void)read_npy_integers(path_); },
              ThrowsMessage<std::runtime_error>(HasSubstr("no such file")));
  EXPECT_THAT([&] { (void)read_npy_integers(fs::temp_directory_path()); },
              ThrowsMessage<std::runtime_error>(HasSubstr("is not a file")));
}

}  // namespace
}  // namespace sterna::host
