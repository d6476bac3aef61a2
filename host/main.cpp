// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <new>

#include <fmt/format.h>

#include "host/cli/options.hpp"

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

}  // namespace

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
  sterna::host::add_info(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return bad_input(error.what());
  } catch (const std::bad_alloc&) {
    return bad_input("this machine has too little memory for that");
  } catch (const std::exception& error) {
    return bad_input(error.what());
  }
  if (std::fflush(stdout) != 0) return bad_input("cannot write to standard output");
  return exit_code;
}
