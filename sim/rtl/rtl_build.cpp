// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_build.hpp"

#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/rtl/rtl_training.hpp"

namespace sterna::sim {
namespace {

namespace fs = std::filesystem;

// Runs `command` with its output in `log`; returns its exit status.
int run_logged(const std::vector<std::string>& command, const fs::path& log) {
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
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

// Runs the build script with these options before the request's words; whether the library is there.
bool run_script(const RtlRequest& request, const fs::path& sources,
                const std::vector<std::string>& options, const fs::path& folder,
                const fs::path& log) {
  fs::create_directories(folder);
  std::vector<std::string> command = {"bash", (sources / "build_library.sh").string()};
  command.insert(command.end(), options.begin(), options.end());
  command.insert(command.end(), request.words.begin(), request.words.end());
  command.push_back(folder.string());
  return run_logged(command, log) == 0 && fs::exists(folder / request.library);
}

// Options that arrange the code by what a short job does with it; none where the compiler cannot record that.
std::vector<std::string> profile_options(const RtlRequest& request, const fs::path& sources,
                                         const fs::path& folder, const fs::path& log) {
  const fs::path record = folder / "unit.profraw";
  if (!run_script(request, sources, {"--record"}, folder, log)) return {};
  train_rtl_library(folder / request.library, request.hardware);
  return fs::exists(record) ? std::vector<std::string>{"--profile", record.string()}
                            : std::vector<std::string>{};
}

}  // namespace

void build_rtl_library(const RtlRequest& request, const fs::path& sources, const fs::path& folder) {
  const fs::path fresh = folder.string() + fmt::format(".{}", getpid());
  const fs::path recorded = fresh.string() + ".record";
  const fs::path log = folder.string() + ".log";
  const ProgressLine line(fmt::format("building the RTL of {}, once ...", request.design));
  fs::remove(log);
  const bool built = run_script(
      request, sources,
      request.fast ? profile_options(request, sources, recorded, log) : std::vector<std::string>{},
      fresh, log);
  fs::remove_all(recorded);
  if (!built) {
    fs::remove_all(fresh);
    throw std::runtime_error(
        fmt::format("building the RTL of {} failed; see {}", request.design, log.string()));
  }
  std::error_code lost_race;  // an equal library is there already
  fs::rename(fresh, folder, lost_race);
  if (lost_race) fs::remove_all(fresh);
}

}  // namespace sterna::sim
