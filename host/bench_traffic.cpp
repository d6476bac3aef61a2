// SPDX-License-Identifier: Apache-2.0
#include "host/bench_traffic.hpp"

#include "kernels/trit.hpp"

namespace sterna::host {
namespace {

// The form in which a synthetic model keeps its head and embedding: int8.
constexpr double kHeadBytesAWeight = 1.0;

}  // namespace

double kv_bytes_a_token(const ModelConfig& config) {
  return 2.0 * config.layers * config.kv_width() * kKvBytesAValue;
}

TokenTraffic token_traffic(const ModelWeights& model, double context) {
  return {static_cast<double>(model.ternary_bytes()), static_cast<double>(model.head().bytes()), context * kv_bytes_a_token(model.config)};
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
