// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/atomic_file.hpp"
#include "host/cli/options.hpp"
#include "host/npy.hpp"
#include "host/sha256.hpp"
#include "host/token_ids.hpp"
#include "model/transformer.hpp"

namespace sterna::host {
namespace {

struct LogitsOptions {
  SharedOptions shared;
  std::string ids;
  std::string out;
};

int logits(const LogitsOptions& options) {
  const BackendKind kind = options.shared.one_backend();
  const ModelWeights model = options.shared.load_model();
  const std::vector<TokenId> ids = read_token_ids(options.ids, model.config);
  const sim::HardwareConfig hardware = options.shared.load_hardware();
  require_writable_file(options.out);

  ThreadPool pool(options.shared.thread_count());
  BackendStack backend(kind, hardware, pool, options.shared.isa, options.shared.simulators);
  Transformer transformer(model, backend.matmul(), pool,
                          {.context_tokens = ids.size(),
                           .batch_tokens = std::min(ids.size(), TransformerLimits::kBatchTokens),
                           .kv = parse_kv_format(options.shared.kv)});
  std::vector<float> values(ids.size() * model.config.vocab);
  transformer.forward(ids, Logits::All, values);
  backend.finish();
  write_npy(options.out, values, ids.size(), model.config.vocab);

  Sha256 hash;
  hash.add(std::as_bytes(std::span(values)));
  if (options.shared.json) {
    const nlohmann::ordered_json json = {{"backend", options.shared.backend},
                                         {"positions", ids.size()},
                                         {"vocab", model.config.vocab},
                                         {"logits_sha256", hash.hex()},
                                         {"out", options.out}};
    fmt::print("{}\n", json.dump(2));
  } else if (!options.shared.quiet) {
    fmt::print("{}: logits ({}, {}) on {}, sha256 {}\n", options.out, ids.size(),
               model.config.vocab, options.shared.backend, hash.hex());
  }
  return kDone;
}

}  // namespace

void add_logits(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<LogitsOptions>();
  CLI::App* command = app.add_subcommand(
      "logits", "logits for given token ids, float32 (positions, vocabulary); needs no tokenizer");
  add_model_option(*command, options->shared);
  command->add_option("--ids", options->ids, "token ids: 1,2,3 or an .npy file of integers")
      ->required();
  command->add_option("--out", options->out, "where to write the logits, .npy")->required();
  add_compute_options(*command, options->shared, "cpu");
  add_simulators_option(*command, options->shared);
  add_precision_options(*command, options->shared, "f32");
  add_seed_option(*command, options->shared);
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = logits(*options); });
}

}  // namespace sterna::host
