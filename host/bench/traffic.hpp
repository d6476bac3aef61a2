// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/attention/attention.hpp"
#include "model/config.hpp"
#include "model/weights.hpp"

namespace sterna::host {

/// Bytes that decoding one token must read from memory. Norms, scales and activations, below 0.5 % of
/// it in any named shape, are left out.
struct TokenTraffic {
  double ternary;  // packed weights of all layers
  double head;     // the output head
  double kv;       // keys and values of the tokens before

  [[nodiscard]] double total() const { return ternary + head + kv; }
};

/// What the engine reads for these weights in the form they are kept in, with `context` tokens in the
/// cache; of the lower plane of a head in two planes `rescored_share` of the rows.
[[nodiscard]] TokenTraffic token_traffic(const ModelWeights& model, KvFormat kv, double context,
                                         double rescored_share = 1.0);

/// The same from a shape alone.
[[nodiscard]] TokenTraffic token_traffic(const ModelConfig& config, KvFormat kv, double context);

/// Memory that a model of this shape with a cache of `context` tokens takes at least: weights in the
/// form above, embedding, cache.
[[nodiscard]] double needed_bytes(const ModelConfig& config, KvFormat kv, std::size_t context);

}  // namespace sterna::host
