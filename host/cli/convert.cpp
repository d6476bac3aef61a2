// SPDX-License-Identifier: Apache-2.0
#include "model/convert/convert.hpp"

#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/cli/options.hpp"
#include "host/progress.hpp"
#include "host/staged_output.hpp"
#include "model/formats/checkpoint.hpp"

namespace sterna::host {
namespace {

struct CommandOptions {
  SharedOptions shared;
  std::string to;
  std::string out;
  std::string floats = "lossless";
  bool exact = false;
  bool force = false;
};

constexpr std::uint64_t kMib = std::uint64_t{1} << 20;

void write_all(const Conversion& conversion, StagedOutput& output, Progress& progress) {
  std::uint64_t done = 0;
  for (const OutputFile& file : conversion.files()) {
    output.write(file.name, [&](const StagedOutput::Sink& sink) {
      file.write([&](std::span<const std::byte> bytes) {
        sink(bytes);
        done += bytes.size();
        progress.show("converting, MiB", done / kMib, conversion.total_bytes() / kMib);
      });
    });
  }
  conversion.finish();
}

void report(const CommandOptions& options, const Conversion& conversion) {
  const std::vector<std::string> notes = conversion.notes();
  if (options.shared.json) {
    const nlohmann::ordered_json json = {{"model", options.shared.model_source()},
                                         {"to", options.to},
                                         {"out", options.out},
                                         {"tensor_bytes", conversion.total_bytes()},
                                         {"notes", notes}};
    fmt::print("{}\n", json.dump(2));
  } else if (!options.shared.quiet) {
    fmt::print("{}: {} from {}, {:.1f} MiB of tensors\n", options.out, options.to,
               options.shared.model_source(), static_cast<double>(conversion.total_bytes()) / kMib);
    for (const std::string& note : notes) fmt::print("note: {}\n", note);
  }
}

int convert(const CommandOptions& options) {
  const Target target = parse_target(options.to);
  const Conversion conversion(options.shared.model_source(),
                              {.target = target,
                               .floats = parse_float_choice(options.floats),
                               .head = parse_head_form(options.shared.head),
                               .exact = options.exact});
  const auto kind =
      target == Target::HuggingFace ? StagedOutput::Kind::Folder : StagedOutput::Kind::File;
  StagedOutput output(options.out, kind, options.force, conversion.total_bytes());
  Progress progress(!options.shared.quiet);
  write_all(conversion, output, progress);
  output.commit();
  progress.clear();
  report(options, conversion);
  return kDone;
}

}  // namespace

void add_convert(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CommandOptions>();
  CLI::App* command = app.add_subcommand(
      "convert",
      "a checkpoint in another format, losslessly where that format is (docs/formats.md)");
  add_model_option(*command, options->shared);
  command->add_option("--to", options->to, "hf, gguf-i2s, gguf-tq2, gguf-tq1 or sterna")
      ->required();
  command->add_option("--out", options->out, "the file to write; with --to hf, the folder")
      ->required();
  command
      ->add_option("--embedding", options->floats,
                   "embedding and head as lossless (the source's form; in GGUF the narrowest that "
                   "loses nothing), f16, bf16 or f32")
      ->capture_default_str();
  command
      ->add_option("--head", options->shared.head,
                   "with --to sterna: stored, or rounded to int8 or int6 once and for all")
      ->capture_default_str();
  command->add_flag("--exact", options->exact, "refuse scales that the format would round");
  command->add_flag("--force", options->force, "replace an output that exists");
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = convert(*options); });
}

}  // namespace sterna::host
