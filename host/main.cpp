// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/cli/options.hpp"
#include "host/side_by_side.hpp"

namespace {

/// One sentence on standard error, whatever the message looks like.
int bad_input(const char* message) {
  std::string line(message);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  fmt::print(stderr, "sterna: {}\n", line);
  return sterna::host::kBadInput;
}

/// Why `argv` names no command of `app`; empty when it does.
std::string missing_command(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  if (argc > 1 &&
      (argv[1][0] == '-' || std::find(names.begin(), names.end(), argv[1]) != names.end())) {
    return "";
  }
  const std::string choose =
      fmt::format("choose {} (sterna --help says more)", fmt::join(names, ", "));
  return argc > 1 ? fmt::format("there is no command \"{}\"; {}", argv[1], choose) : choose;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for a message there is none
int main(int argc, char** argv) {
  CLI::App app{
      "Sterna: one BitNet b1.58 transformer on a CPU, a SystemC model and RTL, bit for bit."};
  app.name("sterna");
  app.require_subcommand(1);
  app.set_version_flag("--version", "sterna " STERNA_VERSION);
  int exit_code = sterna::host::kDone;
  sterna::host::add_run(app, exit_code);
  sterna::host::add_generate(app, exit_code);
  sterna::host::add_eval(app, exit_code);
  sterna::host::add_logits(app, exit_code);
  sterna::host::add_matmul(app, exit_code);
  sterna::host::add_replay(app, exit_code);
  sterna::host::add_bench(app, exit_code);
  sterna::host::add_analyze(app, exit_code);
  sterna::host::add_convert(app, exit_code);
  sterna::host::add_info(app, exit_code);
  const std::string missing = missing_command(app, argc, argv);
  if (!missing.empty()) return bad_input(missing.c_str());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return bad_input(error.what());
  } catch (const sterna::host::SumsDiffer& error) {
    (void)bad_input(error.what());
    return sterna::host::kCheckFailed;
  } catch (const std::bad_alloc&) {
    return bad_input("this machine has too little memory for that");
  } catch (const std::exception& error) {
    return bad_input(error.what());
  }
  if (std::fflush(stdout) != 0) return bad_input("cannot write to standard output");
  return exit_code;
}
