// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/atomic_file.hpp"
#include "host/cli/options.hpp"
#include "host/npy.hpp"

namespace sterna::host {
namespace {

struct MatmulOptions {
  SharedOptions shared;
  std::string weights;
  std::string activations;
  std::string out;
};

/// An int8 matrix from a file; `what` names it in errors.
IntegerArray read_int8_matrix(const std::string& path, std::string_view what) {
  IntegerArray array = read_npy_integers(path);
  if (array.dtype != "int8") {
    throw std::invalid_argument(
        fmt::format("{}: {} have dtype {}, expected int8; convert with .astype(numpy.int8)", path,
                    what, array.dtype));
  }
  if (array.shape.size() != 2 || array.count() == 0) {
    throw std::invalid_argument(
        fmt::format("{}: {} have shape {}, expected two dimensions of at least 1", path, what,
                    array.shape_text()));
  }
  return array;
}

std::span<const std::int8_t> int8_values(const IntegerArray& array) {
  return {reinterpret_cast<const std::int8_t*>(array.bytes.data()), array.bytes.size()};
}

PackedTernary pack_weights(const std::string& path, const IntegerArray& array) {
  const auto trits = int8_values(array);
  const std::size_t cols = array.shape[1];
  for (std::size_t i = 0; i < trits.size(); ++i) {
    if (trits[i] < -1 || trits[i] > 1) {
      throw std::invalid_argument(fmt::format("{}: weight {} at [{}, {}], expected -1, 0 or 1",
                                              path, trits[i], i / cols, i % cols));
    }
  }
  return {trits, array.shape[0], cols};
}

void print_report(const MatmulOptions& options, const IntegerArray& w, const IntegerArray& x,
                  DeviceBackend* driver) {
  nlohmann::ordered_json json = {{"backend", options.shared.backend},
                                 {"tokens", x.shape[0]},
                                 {"k", x.shape[1]},
                                 {"n", w.shape[0]},
                                 {"out", options.out}};
  std::string cycles;
  if (driver != nullptr) {
    json["commands"] = driver->records().size();
    json["cycles"] = driver->records().back().report.done_cycle + 1;
    cycles = fmt::format(", {} cycles", json["cycles"].get<std::uint64_t>());
  }
  if (options.shared.json) {
    fmt::print("{}\n", json.dump(2));
  } else if (!options.shared.quiet) {
    fmt::print("{}: {} x {} transposed on {}{}\n", options.out, x.shape_text(), w.shape_text(),
               options.shared.backend, cycles);
  }
}

int matmul(const MatmulOptions& options) {
  const BackendKind kind = parse_backend(options.shared.backend);
  const sim::HardwareConfig hardware = options.shared.load_hardware();
  const IntegerArray w = read_int8_matrix(options.weights, "weights");
  const IntegerArray x = read_int8_matrix(options.activations, "activations");
  if (w.shape[1] != x.shape[1]) {
    throw std::invalid_argument(fmt::format(
        "{} is {} and {} is {}: weights (N, K) and activations (tokens, K) need the same K",
        options.weights, w.shape_text(), options.activations, x.shape_text()));
  }
  const PackedTernary packed = pack_weights(options.weights, w);
  require_writable_file(options.out);

  ThreadPool pool(options.shared.thread_count());
  BackendStack backend(kind, hardware, pool, options.shared.isa);
  std::vector<std::int32_t> sums(x.shape[0] * w.shape[0]);
  const Product product{backend.matmul().add_matrix("weights", packed), sums};
  backend.matmul().multiply({int8_values(x), x.shape[0], x.shape[1]}, {&product, 1});
  write_npy(options.out, sums, x.shape[0], w.shape[0]);
  print_report(options, w, x, backend.driver());
  return kDone;
}

}  // namespace

void add_matmul(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<MatmulOptions>();
  CLI::App* command = app.add_subcommand(
      "matmul", "one ternary product: int8 (tokens, K) x int8 trits (N, K) -> int32 (tokens, N)");
  command->add_option("--weights", options->weights, "trits, int8 (N, K), .npy")->required();
  command->add_option("--activations", options->activations, "int8 (tokens, K), .npy")->required();
  command->add_option("--out", options->out, "where to write the sums, .npy")->required();
  add_compute_options(*command, options->shared, "cpu");
  add_output_options(*command, options->shared);
  command->callback([options, &exit_code] { exit_code = matmul(*options); });
}

}  // namespace sterna::host
