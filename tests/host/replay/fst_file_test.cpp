// SPDX-License-Identifier: Apache-2.0
#include "host/replay/fst_file.hpp"

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace sterna::host {
namespace {

namespace fs = std::filesystem;

std::string block(char type, std::size_t data_bytes) {
  std::string text(1, type);
  const std::uint64_t length = 8 + data_bytes;
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(length >> shift & 0xFF);
  return text + std::string(data_bytes, 'd');
}

bool is_whole(const std::string& bytes) {
  const fs::path file = fs::temp_directory_path() / ("fst_file_test." + std::to_string(::getpid()));
  std::ofstream(file, std::ios::binary) << bytes;
  const bool whole = is_whole_fst(file);
  fs::remove(file);
  return whole;
}

TEST(FstFile, IsBlocksToItsEnd) {
  EXPECT_TRUE(is_whole(block(0, 321)));
  EXPECT_TRUE(is_whole(block(0, 321) + block(8, 70'000) + block(4, 0)));
}

TEST(FstFile, IsNotWholeWhenItEndsInABlock) {
  const std::string bytes = block(0, 321) + block(8, 70'000);
  for (const std::size_t size : {0U, 1U, 8U, 9U, 329U, 331U, 339U, 70'000U}) {
    EXPECT_FALSE(is_whole(bytes.substr(0, size))) << size;
  }
  EXPECT_TRUE(is_whole(bytes.substr(0, 330)));
}

TEST(FstFile, IsNoOtherFile) {
  EXPECT_FALSE(is_whole(block(1, 321)));
  EXPECT_FALSE(is_whole("$date today $end\n"));
  EXPECT_FALSE(is_whole(std::string(100, '\0')));
  EXPECT_FALSE(is_whole(std::string(1, '\0') + std::string(8, '\xFF')));
  EXPECT_FALSE(is_whole_fst("/nowhere/waves.fst"));
}

}  // namespace
}  // namespace sterna::host
