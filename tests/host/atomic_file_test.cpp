// SPDX-License-Identifier: Apache-2.0
#include "host/atomic_file.hpp"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace sterna::host {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class AtomicFile : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string read(const fs::path& path) const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(folder_), {});
  }

  fs::path folder_ = fs::temp_directory_path() / ("atomic_file_test." + std::to_string(::getpid()));
};

TEST_F(AtomicFile, ReplacesTheFileAndLeavesNothingElse) {
  write_file_atomically(folder_ / "a", "one");
  write_file_atomically(folder_ / "a", std::string_view("t\0o", 3));
  EXPECT_EQ(read(folder_ / "a"), std::string_view("t\0o", 3));
  EXPECT_EQ(entries(), 1);
}

TEST_F(AtomicFile, NamesThePathItCannotWrite) {
  EXPECT_THAT([&] { write_file_atomically(folder_ / "no" / "a", "x"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("no/a: No such file or directory")));
  fs::create_directories(folder_ / "full" / "inner");
  EXPECT_THROW(write_file_atomically(folder_ / "full", "x"), std::runtime_error);
  EXPECT_EQ(entries(), 1) << "the temporary file of a failed rename is gone";
}

TEST_F(AtomicFile, ProbesWithoutTouchingWhatIsThere) {
  write_file_atomically(folder_ / "a", "one");
  require_writable_file(folder_ / "a");
  require_writable_file(folder_ / "deeper" / "b");
  require_writable_folder(folder_);
  EXPECT_EQ(read(folder_ / "a"), "one");
  EXPECT_FALSE(fs::exists(folder_ / "deeper" / "b"));
  EXPECT_EQ(entries(), 2);
}

TEST_F(AtomicFile, RefusesFoldersAndFilesInEachOthersPlace) {
  write_file_atomically(folder_ / "file", "x");
  EXPECT_THAT([&] { require_writable_folder(folder_ / "file"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("not a folder")));
  EXPECT_THROW(require_writable_folder(folder_ / "file" / "below"), std::runtime_error);
  EXPECT_THAT([&] { require_writable_file(folder_); },
              ThrowsMessage<std::runtime_error>(HasSubstr("is a folder")));
  EXPECT_THROW(require_writable_file("/proc/sterna.npy"), std::runtime_error);
}

TEST_F(AtomicFile, StagedOnesReplaceTheirTargetWhenCommitted) {
  write_file_atomically(folder_ / "a", "one");
  StagedFile staged(folder_ / "a");
  std::ofstream(staged.path()) << "two";
  EXPECT_EQ(read(folder_ / "a"), "one");
  staged.commit();
  EXPECT_EQ(read(folder_ / "a"), "two");
  EXPECT_EQ(entries(), 1);
}

TEST_F(AtomicFile, StagedOnesAreGoneWhenNotCommitted) {
  write_file_atomically(folder_ / "a", "one");
  {
    const StagedFile staged(folder_ / "a");
    std::ofstream(staged.path()) << "two";
    EXPECT_EQ(entries(), 2);
  }
  EXPECT_EQ(read(folder_ / "a"), "one");
  EXPECT_EQ(entries(), 1);
}

TEST_F(AtomicFile, StagedOnesThatNobodyWroteNameTheTarget) {
  StagedFile staged(folder_ / "a");
  EXPECT_THAT([&] { staged.commit(); },
              ThrowsMessage<std::runtime_error>(HasSubstr((folder_ / "a").string() + ": No such")));
}

}  // namespace
}  // namespace sterna::host
