// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl_library.hpp"

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
#include <sys/wait.h>
#include <unistd.h>

namespace sterna::sim {
namespace {

namespace fs = std::filesystem;

// What rtl/build_library.sh is asked for.
struct Request {
  std::vector<std::string> words;  // options, then sizes in its order
  std::string library;             // the file that it makes
  bool with_bus;                   // rtl/axi counts
  std::string design;              // for messages
};

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

Request request_for(const UnitConfig& unit, RtlWaves waves) {
  Request request{.words = {},
                  .library = "libtmu.so",
                  .with_bus = false,
                  .design = fmt::format("{} lanes x {} engines x {} slices", unit.lanes,
                                        unit.engines, unit.slices)};
  if (environment("STERNA_RTL_ASSERTIONS", "1") == "0") request.words.push_back("--no-assert");
  if (waves == RtlWaves::With) {
    request.words.push_back("--trace");
    request.design += " with waves";
  }
  append(request.words, {unit.lanes, unit.engines, unit.slices, unit.activation_words, unit.chunks,
                         unit.weight_fifo_beats, unit.result_fifo_beats});
  return request;
}

Request request_for(const UnitConfig& unit, const BusConfig& bus, RtlWaves waves) {
  Request request = request_for(unit, waves);
  request.words.insert(request.words.begin(), "--axi");
  append(request.words, {bus.burst_beats, bus.dma_fifo_beats, bus.outstanding, bus.descriptors,
                         BusConfig::kAddressBits, bus.result_bits});
  request.library = "libtmu_axi.so";
  request.with_bus = true;
  request.design += " on its bus";
  return request;
}

// Names the entry of a design; 20 hex digits of a SHA-256 are more than ever collide here.
std::string cache_key(const Request& request, const fs::path& sources) {
  const std::string verilator = environment("VERILATOR", "verilator");
  const std::string version = version_of(verilator);
  if (version.empty()) {
    throw std::runtime_error(verilator +
                             ": does not run, and the RTL cannot be built without it; "
                             "install verilator or set VERILATOR to its path");
  }
  const std::vector<fs::path> files = source_files(sources, request.with_bus);
  if (files.empty()) {
    throw std::runtime_error(sources.string() +
                             ": holds no RTL sources; build Sterna again from a complete checkout");
  }
  // Without CXX the build script takes clang++ if there is one: the library depends on that, too.
  std::string all = version + version_of(environment("CXX", "clang++")) +
                    fmt::format("{}", fmt::join(request.words, " "));
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

// Runs `command` with its output in `log`; returns its exit status.
int run_logged(const std::vector<std::string>& command, const fs::path& log) {
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execvp(words[0], words.data());
    _exit(127);
  }
  int status = -1;
  if (child > 0) waitpid(child, &status, 0);
  return status;
}

/// A line on the terminal while a build runs, and nothing when there is no terminal.
class ProgressLine {
 public:
  explicit ProgressLine(const std::string& text) : shown_(isatty(STDERR_FILENO) != 0) {
    if (shown_) fmt::print(stderr, "{}", text);
  }
  ~ProgressLine() {
    if (shown_) fmt::print(stderr, "\r\033[K");
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

 private:
  bool shown_;
};

void build(const Request& request, const fs::path& sources, const fs::path& folder) {
  const fs::path fresh = folder.string() + fmt::format(".{}", getpid());
  const fs::path log = folder.string() + ".log";
  const ProgressLine line(fmt::format("building the RTL of {}, once ...", request.design));
  fs::create_directories(fresh);
  std::vector<std::string> command = {"bash", (sources / "build_library.sh").string()};
  command.insert(command.end(), request.words.begin(), request.words.end());
  command.push_back(fresh.string());
  const int status = run_logged(command, log);
  if (status != 0 || !fs::exists(fresh / request.library)) {
    fs::remove_all(fresh);
    throw std::runtime_error(
        fmt::format("building the RTL of {} failed; see {}", request.design, log.string()));
  }
  std::error_code lost_race;  // an equal library is there already
  fs::rename(fresh, folder, lost_race);
  if (lost_race) fs::remove_all(fresh);
}

fs::path ensure(const Request& request) {
  const fs::path sources = STERNA_RTL_SOURCE_DIR;
  const fs::path folder = cache_root() / cache_key(request, sources);
  fs::path library = folder / request.library;
  if (fs::exists(library)) return library;

  std::error_code error;  // FileLock reports a folder that cannot be written
  fs::create_directories(folder.parent_path(), error);
  const FileLock lock(folder.string() + ".lock");
  if (!fs::exists(library)) build(request, sources, folder);
  return library;
}

}  // namespace

std::filesystem::path ensure_rtl_library(const UnitConfig& unit, RtlWaves waves) {
  unit.validate();
  return ensure(request_for(unit, waves));
}

std::filesystem::path ensure_rtl_library(const HardwareConfig& hardware, RtlWaves waves) {
  hardware.validate();
  return ensure(hardware.bus ? request_for(hardware.unit, *hardware.bus, waves)
                             : request_for(hardware.unit, waves));
}

}  // namespace sterna::sim
