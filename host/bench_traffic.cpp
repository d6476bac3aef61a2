// SPDX-License-Identifier: Apache-2.0
#include "host/bench_traffic.hpp"

#include <variant>

namespace sterna::host {
namespace {

// The forms in which the engine keeps what is not ternary: bfloat16 head and embedding, float32 cache.
constexpr double kHeadBytesAWeight = 2.0;
constexpr double kKvBytesAValue = 4.0;

double stored_bytes(const FloatMatrix& matrix) {
  return std::visit(
      [](const auto& values) {
        return static_cast<double>(values.size() * sizeof(values.front()));
      },
      matrix.values);
}

}  // namespace

double kv_bytes_a_token(const ModelConfig& config) {
  return 2.0 * config.layers * config.kv_width() * kKvBytesAValue;
}

TokenTraffic token_traffic(const ModelWeights& model, double context) {
  TokenTraffic traffic{0.0, stored_bytes(model.head()), context * kv_bytes_a_token(model.config)};
  for (const LayerWeights& layer : model.layers) {
    for (const TernaryLinear* matrix :
         {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
      traffic.ternary += static_cast<double>(matrix->trits.bytes().size());
    }
  }
  return traffic;
}

TokenTraffic token_traffic(const ModelConfig& config, double context) {
  return {static_cast<double>(config.ternary_weights()) / kT2TritsPerByte,
          kHeadBytesAWeight * config.vocab * config.hidden, context * kv_bytes_a_token(config)};
}

double needed_bytes(const ModelConfig& config, std::size_t context) {
  const TokenTraffic traffic = token_traffic(config, static_cast<double>(context));
  return traffic.total() + (config.tied_head ? 0.0 : traffic.head);
}

}  // namespace sterna::host
