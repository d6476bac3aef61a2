// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_library.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/bus/bus_designs.hpp"
#include "tests/sim/ideal_hardware.hpp"

namespace sterna::sim {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

constexpr UnitConfig kSmall = {.lanes = 80,
                               .engines = 1,
                               .slices = 1,
                               .activation_words = 2,
                               .chunks = 1,
                               .weight_fifo_beats = 2,
                               .result_fifo_beats = 2};

fs::path fresh_folder() {
  const fs::path folder =
      fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

// A program that answers --version, and fails at everything else after writing down what it was asked.
fs::path broken_verilator(const fs::path& folder, const fs::path& asked = "/dev/null") {
  const fs::path program = folder / "broken-verilator";
  std::ofstream(program) << "#!/bin/sh\n[ \"$1\" = --version ] && echo Broken 1 && exit 0\n"
                         << "echo \"$* \" > '" << asked.string() << "'\necho no >&2\nexit 1\n";
  fs::permissions(program, fs::perms::owner_all);
  return program;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> folders_in(const fs::path& root) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory()) found.push_back(entry.path());
  }
  return found;
}

TEST(EnsureRtlLibrary, BuildsOnceWhenTwoAskAtTheSameTime) {
  const fs::path cache = fresh_folder();
  setenv("STERNA_RTL_CACHE", cache.c_str(), 1);
  fs::path one;
  std::thread other([&] { one = ensure_rtl_library(kSmall); });
  const fs::path two = ensure_rtl_library(kSmall);
  other.join();
  EXPECT_EQ(one, two);
  EXPECT_TRUE(fs::exists(one));
  EXPECT_THAT(folders_in(cache), testing::ElementsAre(one.parent_path()));

  const auto built = fs::last_write_time(one);
  EXPECT_EQ(ensure_rtl_library(kSmall), one);
  EXPECT_EQ(fs::last_write_time(one), built);
}

TEST(EnsureRtlLibrary, SaysThatVerilatorIsMissing) {
  setenv("VERILATOR", "/no/such/verilator", 1);
  EXPECT_THAT([] { (void)ensure_rtl_library(kSmall); },
              ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("/no/such/verilator: does not run"),
                                                      HasSubstr("install verilator"))));
}

TEST(EnsureRtlLibrary, NamesTheLogOfAFailedBuildAndLeavesNothingHalfBuilt) {
  const fs::path cache = fresh_folder();
  setenv("STERNA_RTL_CACHE", cache.c_str(), 1);
  setenv("VERILATOR", broken_verilator(cache).c_str(), 1);
  try {
    (void)ensure_rtl_library(kSmall);
    FAIL() << "built";
  } catch (const std::runtime_error& error) {
    const std::string message = error.what();
    const std::size_t at = message.find("see ");
    ASSERT_NE(at, std::string::npos) << message;
    EXPECT_TRUE(fs::exists(message.substr(at + 4))) << message;
  }
  EXPECT_TRUE(folders_in(cache).empty());
}

TEST(EnsureRtlLibrary, SaysThatTheCacheCannotBeWritten) {
  setenv("STERNA_RTL_CACHE", "/proc/no/such", 1);
  EXPECT_THAT([] { (void)ensure_rtl_library(kSmall); },
              ThrowsMessage<std::runtime_error>(
                  AllOf(HasSubstr("/proc/no/such"), HasSubstr("STERNA_RTL_CACHE"))));
}

// What the build script is asked for: a stand-in for verilator writes it down, and the build fails.
TEST(EnsureRtlLibrary, AsksForTheUnitOnItsBusWhereTheDesignHasOne) {
  const fs::path cache = fresh_folder();
  const fs::path asked = cache / "asked";
  setenv("STERNA_RTL_CACHE", cache.c_str(), 1);
  setenv("VERILATOR", broken_verilator(cache, asked).c_str(), 1);
  HardwareConfig hardware = on_ideal_memory({"small", kSmall, 4, 9, 3, 2, 256});
  EXPECT_THAT([&] { (void)ensure_rtl_library(hardware); },
              ThrowsMessage<std::runtime_error>(HasSubstr("1 slices on its bus failed")));
  const std::string words = read_file(asked);
  for (const char* word :
       {"--top-module tmu_axi ", "-GLanes=80 ", "-GBurstBeats=4 ", "-GDmaFifoBeats=9 ",
        "-GOutstanding=3 ", "-GDescriptors=2 ", "-GAddressBits=64 ", "-GResultBits=256 "}) {
    EXPECT_THAT(words, HasSubstr(word));
  }
}

TEST(EnsureRtlLibrary, AsksForTheBareUnitWithoutABusAndLeavesAssertionsOut) {
  const fs::path cache = fresh_folder();
  const fs::path asked = cache / "asked";
  setenv("STERNA_RTL_CACHE", cache.c_str(), 1);
  setenv("VERILATOR", broken_verilator(cache, asked).c_str(), 1);
  HardwareConfig hardware = ideal_hardware(2);
  EXPECT_THAT([&] { (void)ensure_rtl_library(hardware); },
              ThrowsMessage<std::runtime_error>(HasSubstr("2 slices failed")));
  EXPECT_THAT(read_file(asked), AllOf(HasSubstr("--top-module tmu "), HasSubstr("--assert ")));
  setenv("STERNA_RTL_BUILD", "fast", 1);
  EXPECT_THAT([&] { (void)ensure_rtl_library(hardware); },
              ThrowsMessage<std::runtime_error>(HasSubstr("2 slices failed")));
  EXPECT_THAT(read_file(asked), Not(HasSubstr("--assert ")));
}

TEST(EnsureRtlLibrary, AsksForWavesAndKeepsThatLibraryApart) {
  const fs::path cache = fresh_folder();
  const fs::path asked = cache / "asked";
  setenv("STERNA_RTL_CACHE", cache.c_str(), 1);
  setenv("VERILATOR", broken_verilator(cache, asked).c_str(), 1);
  const auto log_of = [&](const HardwareConfig& hardware, RtlWaves waves) {
    try {
      return ensure_rtl_library(hardware, waves).string();
    } catch (const std::runtime_error& error) {
      const std::string sentence = error.what();
      return sentence.substr(sentence.find("see "));
    }
  };
  for (const HardwareConfig& hardware :
       {ideal_hardware(2), on_ideal_memory({"small", kSmall, 4, 9, 3, 2, 256})}) {
    const std::string without = log_of(hardware, RtlWaves::Without);
    EXPECT_THAT(read_file(asked), Not(HasSubstr("--trace-fst")));
    const std::string with = log_of(hardware, RtlWaves::With);
    EXPECT_THAT(read_file(asked), HasSubstr("--trace-fst"));
    EXPECT_NE(with, without);
  }
}

TEST(EnsureRtlLibrary, RefusesABuildThatItDoesNotKnow) {
  setenv("STERNA_RTL_BUILD", "quick", 1);
  EXPECT_THAT([] { (void)ensure_rtl_library(kSmall); },
              ThrowsMessage<std::runtime_error>(
                  HasSubstr("STERNA_RTL_BUILD is 'quick'; it must be checked or fast")));
}

TEST(EnsureRtlLibrary, RefusesABusThatDoesNotFitTheUnit) {
  UnitConfig unit = kSmall;
  unit.lanes = 240;
  EXPECT_THAT(
      [&] {
        (void)ensure_rtl_library(on_ideal_memory({"bad", unit, 4, 8, 3, 2, 256}));
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("unit.lanes is 240; on a bus")));
}

TEST(EnsureRtlLibrary, RefusesAnIllegalDesign) {
  UnitConfig bad = kSmall;
  bad.lanes = 16;
  EXPECT_THAT([&] { (void)ensure_rtl_library(bad); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("unit.lanes is 16")));
}

}  // namespace
}  // namespace sterna::sim
