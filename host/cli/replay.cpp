// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/atomic_file.hpp"
#include "host/backends.hpp"
#include "host/cli/options.hpp"
#include "host/replay/fst_file.hpp"
#include "host/replay/replay_report.hpp"
#include "host/replay/wave_view.hpp"
#include "host/token_ids.hpp"
#include "host/workload.hpp"
#include "sim/devices/rtl_bus_tmu.hpp"
#include "sim/devices/rtl_tmu.hpp"

namespace sterna::host {
namespace {

namespace fs = std::filesystem;

struct ReplayOptions {
  SharedOptions shared;
  std::string prompt;
  std::string ids;
  ReplayWords window{.layer = 0, .projection = {}, .rows = {}, .positions = "last"};
  std::optional<std::uint64_t> trace_start;
  std::optional<std::uint64_t> trace_stop;
  std::string out = "out/replay";
};

std::vector<TokenId> read_prompt(const ReplayOptions& options, const ModelConfig& config) {
  const std::string source = options.shared.model_source();
  if (!options.ids.empty()) {
    if (!options.prompt.empty()) {
      throw std::invalid_argument("--prompt and --ids are both given: give one of them");
    }
    return read_token_ids(options.ids, config);
  }
  const auto tokenizer = find_tokenizer(source, options.shared.tokenizer);
  Workload work{prompt_tokens(options.prompt, tokenizer, source, config.vocab, options.shared.seed),
                0,
                {},
                {},
                0};
  work.validate_prompt(config);
  return std::move(work.prompt);
}

std::unique_ptr<sim::TmuDevice> make_rtl(const sim::HardwareConfig& hardware,
                                         const sim::WaveWindow& waves) {
  if (hardware.bus) return std::make_unique<sim::RtlBusTmu>(hardware, waves);
  return std::make_unique<sim::RtlTmu>(hardware, sim::StallPattern{}, waves);
}

/// The window on the RTL, with waves in `file`. What stops the RTL goes into the report: its waves are
/// what one wants to see then.
void run_rtl(ReplayReport& report, const WindowProduct& product, StagedFile& file) {
  const auto device = make_rtl(
      report.hardware,
      {.file = file.path().string(), .start = report.trace.first, .stop = report.trace.last});
  try {
    report.rtl = run_window(product, report.window.matrix_name(), *device);
  } catch (const std::runtime_error& error) {
    report.rtl_error = error.what();
  }
  std::error_code error;
  report.wave_bytes = fs::file_size(file.path(), error);
  if (!error && is_whole_fst(file.path())) return;
  if (!report.rtl_error.empty()) throw std::runtime_error(report.rtl_error);
  throw std::runtime_error(
      error ? fmt::format("the RTL ended before cycle {}, so there are no waves; leave out "
                          "--trace-start to see why",
                          report.trace.first)
            : fmt::format("cannot write {}: the disk took {} bytes of it",
                          (report.folder / kWavesName).string(), report.wave_bytes));
}

// All of them are there before the first of an earlier replay is replaced.
void write_files(const ReplayReport& report, StagedFile& waves) {
  const fs::path folder = fs::absolute(report.folder);
  const WaveView view{.waves = folder / kWavesName,
                      .save_file = folder / kSaveFileName,
                      .title = title_of(report),
                      .cycles = report.trace,
                      .records = (report.rtl ? *report.rtl : report.systemc).records};
  StagedFile save_file(view.save_file);
  StagedFile json(folder / kReplayJsonName);
  write_file_atomically(save_file.path(), gtkwave_save_file(view, report.hardware));
  write_file_atomically(json.path(), to_json(report).dump(2) + "\n");
  waves.commit();
  save_file.commit();
  json.commit();
}

int replay(const ReplayOptions& options) {
  const SharedOptions& shared = options.shared;
  const KvFormat kv = parse_kv_format(shared.kv);
  const sim::HardwareConfig hardware = shared.load_hardware();
  (void)find_projection(options.window.projection);
  ModelWeights model = shared.load_model();
  const std::vector<TokenId> prompt = read_prompt(options, model.config);
  const ReplayWindow window = find_window(options.window, model, prompt.size());
  ThreadPool pool(shared.thread_count());
  const auto systemc = make_device(BackendKind::Systemc, hardware, pool);
  require_writable_folder(options.out);

  Progress progress(!shared.quiet);
  progress.show(fmt::format("cpu: layers 0 to {}", window.layer));
  const std::size_t rows = (model.layers[window.layer].*window.projection->matrix).trits.rows();
  const WindowProduct product = capture_window(window, model, prompt, kv, pool, shared.isa);
  progress.show("systemc and rtl");
  ReplayReport report{.sterna_version = STERNA_VERSION,
                      .model_source = shared.model_source(),
                      .hardware_file = shared.hardware_file().string(),
                      .hardware = hardware,
                      .window = window,
                      .matrix_rows = rows,
                      .prompt_tokens = prompt.size(),
                      .systemc = run_window(product, window.matrix_name(), *systemc),
                      .rtl = {},
                      .rtl_error = {},
                      .closed_form_cycles = 0.0,
                      .trace = {},
                      .folder = options.out,
                      .wave_bytes = 0};
  report.closed_form_cycles = estimate_window(report.systemc.records, hardware);
  report.trace = find_trace(options.trace_start, options.trace_stop, report.systemc.cycles());
  StagedFile waves(report.folder / kWavesName);
  run_rtl(report, product, waves);
  write_files(report, waves);
  progress.clear();

  if (shared.json) {
    fmt::print("{}\n", to_json(report).dump(2));
  } else if (!shared.quiet) {
    fmt::print("{}", to_table(report));
  }
  return report.equal() ? kDone : kCheckFailed;
}

}  // namespace

void add_replay(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand(
      "replay", "some rows of one projection on the RTL, with a model's own data and with waves");
  add_model_option(*command, options->shared);
  add_tokenizer_option(*command, options->shared);
  add_hardware_option(*command, options->shared);
  command->add_option("--layer", options->window.layer, "decoder layer, from 0")
      ->check(kTokenCount)
      ->required();
  command->add_option("--projection", options->window.projection, "q, k, v, o, gate, up or down")
      ->required();
  command->add_option("--rows", options->window.rows, "rows A:B of it, from A to before B")
      ->required();
  command->add_option("--prompt", options->prompt, "the text whose activations go in [a sentence]");
  command->add_option("--ids", options->ids,
                      "token ids instead: 1,2,3 or an .npy file of integers");
  command
      ->add_option("--positions", options->window.positions,
                   "tokens of the prompt that go in: last (as in a decode), all (as in a "
                   "prefill), or A:B")
      ->capture_default_str();
  command->add_option("--trace-start", options->trace_start, "first cycle of the waves [0]")
      ->check(kTokenCount);
  command->add_option("--trace-stop", options->trace_stop, "cycle before which they end [the end]")
      ->check(kTokenCount);
  command->add_option("--out", options->out, "folder for waves.fst, waves.gtkw and replay.json")
      ->capture_default_str();
  add_cpu_options(*command, options->shared);
  add_precision_options(*command, options->shared, "f32");
  add_seed_option(*command, options->shared);
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = replay(*options); });
}

}  // namespace sterna::host
