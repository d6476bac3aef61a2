// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "host/backends.hpp"
#include "model/config.hpp"
#include "model/sampler.hpp"
#include "model/weights.hpp"

namespace sterna::host {

/// What the process returns.
inline constexpr int kDone = 0;
inline constexpr int kCheckFailed = 1;  // bits or cycles differ
inline constexpr int kBadInput = 2;

/// Options that several commands share, as the user typed them; empty means the default.
struct SharedOptions {
  std::string model;
  std::string tokenizer;
  std::string hardware;
  std::string backend;
  std::string isa = "auto";
  std::string head = "stored";
  std::string kv;
  unsigned threads = 0;  // 0: one a core
  unsigned simulators = 1;
  std::uint64_t seed = 1;
  bool json = false;
  bool quiet = false;

  [[nodiscard]] std::string model_source() const;
  [[nodiscard]] ModelWeights load_model() const;
  [[nodiscard]] std::filesystem::path hardware_file() const;
  [[nodiscard]] sim::HardwareConfig load_hardware() const;
  [[nodiscard]] unsigned thread_count() const;
  /// The one backend that is named.
  /// Errors  std::invalid_argument: several, or several simulators of what is not RTL
  [[nodiscard]] BackendKind one_backend() const;
};

/// What an option that counts tokens takes; CLI11 would read -1 as the largest number there is.
inline const CLI::Range kTokenCount{0, 1'000'000'000};

/// Each adds its option(s) to a command.
void add_model_option(CLI::App& command, SharedOptions& options);
void add_tokenizer_option(CLI::App& command, SharedOptions& options);
void add_compute_options(CLI::App& command, SharedOptions& options, std::string_view backends);
void add_hardware_option(CLI::App& command, SharedOptions& options);
void add_cpu_options(CLI::App& command, SharedOptions& options);
void add_simulators_option(CLI::App& command, SharedOptions& options);
/// What the head and the cache of keys and values are kept as; `kv` is the cache's default.
void add_precision_options(CLI::App& command, SharedOptions& options, std::string_view kv);
void add_seed_option(CLI::App& command, SharedOptions& options);
void add_output_options(CLI::App& command, SharedOptions& options);
void add_sampler_options(CLI::App& command, SamplerConfig& sampler);

/// Commands of `sterna`, a file each. When the user gave that command, its callback does the work
/// and sets `exit_code`.
void add_run(CLI::App& app, int& exit_code);
void add_generate(CLI::App& app, int& exit_code);
void add_eval(CLI::App& app, int& exit_code);
void add_logits(CLI::App& app, int& exit_code);
void add_matmul(CLI::App& app, int& exit_code);
void add_replay(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_analyze(CLI::App& app, int& exit_code);
void add_convert(CLI::App& app, int& exit_code);
void add_info(CLI::App& app, int& exit_code);

}  // namespace sterna::host
