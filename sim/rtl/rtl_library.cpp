// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_library.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <unistd.h>

#include "sim/rtl/rtl_build.hpp"

namespace sterna::sim {
namespace {

namespace fs = std::filesystem;

// The environment variable `name`, or `otherwise` if it is unset or empty.
std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

fs::path cache_root() { return environment("STERNA_RTL_CACHE", STERNA_RTL_CACHE_DIR); }

// First line that `program --version` prints; empty if it does not run.
std::string version_of(const std::string& program) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
      popen(("'" + program + "' --version 2>/dev/null").c_str(), "r"), &pclose);
  std::array<char, 256> line{};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) return "";
  return line.data();
}

// Everything in rtl/ that can change the library: all but benchmarks and, without a bus, what puts the unit
// on one.
std::vector<fs::path> source_files(const fs::path& root, bool with_bus) {
  static const std::set<std::string> kinds = {".sv", ".svh", ".vlt", ".cpp", ".hpp", ".sh"};
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(root, error)) {
    const fs::path& path = entry.path();
    const bool bench = path.stem().string().ends_with("_bench");
    const bool left_out = !with_bus && path.parent_path() == root / "axi";
    if (entry.is_regular_file() && kinds.contains(path.extension()) && !bench && !left_out) {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + length, ""));
}

void append(std::vector<std::string>& words, std::initializer_list<std::uint32_t> sizes) {
  for (const std::uint32_t size : sizes) words.push_back(std::to_string(size));
}

bool wants_fast() {
  const std::string build = environment("STERNA_RTL_BUILD", "checked");
  if (build != "checked" && build != "fast") {
    throw std::runtime_error(
        fmt::format("STERNA_RTL_BUILD is '{}'; it must be checked or fast", build));
  }
  return build == "fast";
}

RtlRequest request_for(const HardwareConfig& hardware, RtlWaves waves) {
  const UnitConfig& unit = hardware.unit;
  RtlRequest request{.words = {},
                     .library = "libtmu.so",
                     .fast = wants_fast() && waves == RtlWaves::Without,
                     .hardware = hardware,
                     .design = fmt::format("{} lanes x {} engines x {} slices", unit.lanes,
                                           unit.engines, unit.slices)};
  if (request.fast) request.words = {"--no-assert", "--native"};
  if (hardware.bus) request.words.push_back("--axi");
  if (waves == RtlWaves::With) {
    request.words.push_back("--trace");
    request.design += " with waves";
  }
  append(request.words, {unit.lanes, unit.engines, unit.slices, unit.activation_words, unit.chunks,
                         unit.weight_fifo_beats, unit.result_fifo_beats});
  if (!hardware.bus) return request;
  const BusConfig& bus = *hardware.bus;
  append(request.words, {bus.burst_beats, bus.dma_fifo_beats, bus.outstanding, bus.descriptors,
                         BusConfig::kAddressBits, bus.result_bits, unit.column_words});
  request.library = "libtmu_axi.so";
  request.design += " on its bus";
  return request;
}

// What a library for this processor depends on; empty where there is no such file.
std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  std::string result;
  for (std::string line; std::getline(in, line) && !line.empty();) {
    if (line.starts_with("model name") || line.starts_with("flags") ||
        line.starts_with("Features")) {
      result += line;
    }
  }
  return result;
}

// Names the entry of a design; 20 hex digits of a SHA-256 are more than ever collide here.
std::string cache_key(const RtlRequest& request, const fs::path& sources) {
  const std::string verilator = environment("VERILATOR", "verilator");
  const std::string version = version_of(verilator);
  if (version.empty()) {
    throw std::runtime_error(verilator +
                             ": does not run, and the RTL cannot be built without it; "
                             "install verilator or set VERILATOR to its path");
  }
  const std::vector<fs::path> files = source_files(sources, request.hardware.bus.has_value());
  if (files.empty()) {
    throw std::runtime_error(sources.string() +
                             ": holds no RTL sources; build Sterna again from a complete checkout");
  }
  // Without CXX the build script takes clang++ if there is one: the library depends on that, too.
  std::string all = version + version_of(environment("CXX", "clang++")) +
                    fmt::format("{}", fmt::join(request.words, " "));
  if (request.fast) all += processor();
  for (const fs::path& file : files) {
    const std::string text = read_file(file);
    all += fmt::format("\n{} {}\n", fs::relative(file, sources).string(), text.size()) + text;
  }
  return sha256_hex(all).substr(0, 20);
}

/// Holds a lock file, so that two processes do not build the same library at once.
class FileLock {
 public:
  explicit FileLock(const fs::path& path)
      : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (file_ < 0) {
      throw std::runtime_error(path.string() +
                               ": cannot be written; set STERNA_RTL_CACHE to a writable folder");
    }
    flock(file_, LOCK_EX);  // without a lock the build is only done twice
  }
  ~FileLock() { close(file_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

fs::path ensure(const RtlRequest& request) {
  const fs::path sources = STERNA_RTL_SOURCE_DIR;
  const fs::path folder = cache_root() / cache_key(request, sources);
  fs::path library = folder / request.library;
  if (fs::exists(library)) return library;

  std::error_code error;  // FileLock reports a folder that cannot be written
  fs::create_directories(folder.parent_path(), error);
  const FileLock lock(folder.string() + ".lock");
  if (!fs::exists(library)) build_rtl_library(request, sources, folder);
  return library;
}

}  // namespace

std::filesystem::path ensure_rtl_library(const UnitConfig& unit, RtlWaves waves) {
  unit.validate();
  return ensure(request_for(HardwareConfig{.name = "unit",
                                           .clock_mhz = 1000,
                                           .weight_format = WeightFormat::T5,
                                           .unit = unit,
                                           .memory = {}},
                            waves));
}

std::filesystem::path ensure_rtl_library(const HardwareConfig& hardware, RtlWaves waves) {
  hardware.validate();
  return ensure(request_for(hardware, waves));
}

}  // namespace sterna::sim
