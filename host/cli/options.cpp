// SPDX-License-Identifier: Apache-2.0
#include "host/cli/options.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "host/locations.hpp"
#include "model/formats/checkpoint.hpp"
#include "sim/config/hardware_yaml.hpp"

namespace sterna::host {

std::string SharedOptions::model_source() const {
  return model.empty() ? find_shipped(kShippedModel).string() : model;
}

ModelWeights SharedOptions::load_model() const {
  return sterna::load_model(model_source(), seed, parse_head_form(head));
}

std::filesystem::path SharedOptions::hardware_file() const {
  return hardware.empty() ? find_shipped(kShippedHardware) : std::filesystem::path(hardware);
}

sim::HardwareConfig SharedOptions::load_hardware() const {
  return sim::load_hardware(hardware_file());
}

unsigned SharedOptions::thread_count() const {
  if (threads != 0) return threads;
  return ThreadPool::one_a_core();
}

BackendKind SharedOptions::one_backend() const {
  const BackendKind kind = parse_backend(backend);
  if (simulators > 1 && kind != BackendKind::Rtl) {
    throw std::invalid_argument(
        fmt::format("--simulators {}: only RTL is simulated side by side; leave it out or say "
                    "--backend rtl instead of {}",
                    simulators, backend));
  }
  return kind;
}

void add_model_option(CLI::App& command, SharedOptions& options) {
  command.add_option(
      "--model", options.model,
      "Hugging Face folder, FILE.gguf (FILE.gguf#i2s=arm or #i2s=rows when its I2_S is not in "
      "the x86 layout), or synthetic:NAME for seeded random weights "
      "[the model that ships with Sterna]");
}

void add_tokenizer_option(CLI::App& command, SharedOptions& options) {
  command.add_option("--tokenizer", options.tokenizer,
                     "tokenizer.json, tokenizer.model, GGUF file, or a folder with one "
                     "[the model's own]");
}

void add_compute_options(CLI::App& command, SharedOptions& options, std::string_view backends) {
  options.backend = backends;
  command.add_option("--backend", options.backend, "cpu, systemc or rtl")->capture_default_str();
  add_hardware_option(command, options);
  add_cpu_options(command, options);
}

void add_hardware_option(CLI::App& command, SharedOptions& options) {
  command.add_option("--hw", options.hardware, "hardware file [configs/edge.yaml]");
}

void add_cpu_options(CLI::App& command, SharedOptions& options) {
  command.add_option("--threads", options.threads, "threads of the CPU [one a core]")
      ->check(CLI::Range(1U, ThreadPool::kMaxThreads));
  // The head and the attention take it from the environment, as everything does that a command starts.
  command.add_option("--isa", options.isa, "CPU kernel (sterna info --isa lists them)")
      ->each([](const std::string& name) {
        ::setenv("STERNA_ISA", std::string(panel_kernels(name).name).c_str(), 1);
      })
      ->capture_default_str();
}

void add_simulators_option(CLI::App& command, SharedOptions& options) {
  command
      .add_option("--simulators", options.simulators,
                  "RTL units simulated side by side, a thread each: the CPU's sums go on, each "
                  "product is simulated by the next that is free, and every sum is compared")
      ->check(CLI::Range(1U, ThreadPool::kMaxThreads))
      ->capture_default_str();
}

void add_precision_options(CLI::App& command, SharedOptions& options, std::string_view kv) {
  options.kv = kv;
  command
      .add_option("--head", options.head,
                  "output head: stored (as the model has it), int8, or int6 (int8 of which all "
                  "but the most likely tokens are read at 6 bits)")
      ->capture_default_str();
  command.add_option("--kv", options.kv, "cache of keys and values: f32 or int8")
      ->capture_default_str();
}

void add_seed_option(CLI::App& command, SharedOptions& options) {
  command.add_option("--seed", options.seed, "seed of sampling and of synthetic weights")
      ->capture_default_str();
}

void add_output_options(CLI::App& command, SharedOptions& options) {
  command.add_flag("--json", options.json, "print one JSON document on standard output");
  command.add_flag("--quiet", options.quiet, "print nothing but errors and the --json document");
}

void add_sampler_options(CLI::App& command, SamplerConfig& sampler) {
  command.add_option("--temperature", sampler.temperature, "0: always the most likely token")
      ->capture_default_str();
  command.add_option("--top-k", sampler.top_k, "draw from the k most likely tokens; 0: from all")
      ->capture_default_str();
  command.add_option("--top-p", sampler.top_p, "and from the fewest that reach this probability")
      ->capture_default_str();
}

}  // namespace sterna::host
