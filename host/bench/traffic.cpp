// SPDX-License-Identifier: Apache-2.0
#include "host/bench/traffic.hpp"

#include "kernels/packing/trit.hpp"

namespace sterna::host {
namespace {

// The form in which a synthetic model keeps its head and embedding: int8.
constexpr double kHeadBytesAWeight = 1.0;
constexpr double kHeadBytesARow = 4.0;  // its scale

}  // namespace

TokenTraffic token_traffic(const ModelWeights& model, KvFormat kv, double context,
                           double rescored_share) {
  auto head = static_cast<double>(model.head().bytes());
  if (const auto* planes = std::get_if<PlanedInt8>(&model.head().values)) {
    const TwoPlaneInt8& codes = planes->codes;
    head += static_cast<double>(codes.lower_norms().size_bytes()) -
            (1.0 - rescored_share) * static_cast<double>(codes.lower().size());
  }
  return {static_cast<double>(model.ternary_bytes()), head,
          context * static_cast<double>(kv_bytes_per_token(kv, model.config))};
}

TokenTraffic token_traffic(const ModelConfig& config, KvFormat kv, double context) {
  return {static_cast<double>(config.ternary_weights()) / kT2TritsPerByte,
          (kHeadBytesAWeight * config.hidden + kHeadBytesARow) * config.vocab,
          context * static_cast<double>(kv_bytes_per_token(kv, config))};
}

double needed_bytes(const ModelConfig& config, KvFormat kv, std::size_t context) {
  const TokenTraffic traffic = token_traffic(config, kv, static_cast<double>(context));
  return traffic.total() + (config.tied_head ? 0.0 : traffic.head);
}

}  // namespace sterna::host
